"""From URLs to clients of redis-py, with what is wrong in one said before anything starts.

redis-py takes any option out of a URL's query and fails at the first connection, or, for a
Cluster, drops what it does not know: a misspelt ``ssl_ca_certs`` must not go unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import Parameter, signature
from typing import Any
from urllib.parse import parse_qs, urlsplit

from redis import Redis, connection
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio import connection as awaited_connection
from redis.asyncio.cluster import RedisCluster as AsyncRedisCluster
from redis.cluster import RedisCluster
from redis.exceptions import RedisError

from redis_crdt.errors import InvalidSetting
from redis_crdt.operations.operation import Command
from redis_crdt.operations.refusals import explain
from redis_crdt.transport.cluster import locating

POOLED = 64
"""So many connections an awaited client has at most, unless the URL says another number."""


NO_TEXT = {
    *("self", "retry", "credential_provider", "command_packer", "event_dispatcher"),
    *("parser_class", "redis_connect_func", "socket_keepalive_options", "socket_type"),
}
"""What connections take, and text in a URL cannot be."""


def client_of(url: str, **options: Any) -> Redis | RedisCluster:
    """Return a client of the server or Cluster of a URL, whose connections block.

    Raises :class:`InvalidSetting` for what is no URL of a server, and for options in it that
    redis-py does not have. A Cluster is asked at once where its nodes are.
    """
    node_url = _checked(url, connection)
    if node_url is None:
        return Redis.from_url(url, **options)
    try:
        with locating():
            return RedisCluster.from_url(node_url, **options)
    except RedisError as error:
        parts = urlsplit(node_url)
        about = f"cluster {parts.hostname}:{parts.port or 6379}"
        raise explain(error, Command((), about=about)).at(about) from error


def awaited_client_of(url: str, **options: Any) -> AsyncRedis | AsyncRedisCluster:
    """Return a client of the server or Cluster of a URL, whose connections are awaited."""
    node_url = _checked(url, awaited_connection)
    options = {"max_connections": POOLED, **options}
    if node_url is not None:
        return AsyncRedisCluster.from_url(node_url, **options)
    return AsyncRedis.from_url(url, **options)


def server_client_of(url: str) -> Redis:
    """Return a client of a single server; :class:`InvalidSetting` for the URL of a Cluster."""
    client = client_of(url)
    if not isinstance(client, Redis):
        client.close()
        raise InvalidSetting("the URL of a single server is needed here, not that of a Cluster")
    return client


def _checked(url: str, connections: Any) -> str | None:
    """Return the URL for redis-py of a Cluster's node; None for a URL of a server.

    ``connections`` is the module of redis-py that makes those.
    """
    with _reading():
        scheme, plus, rest = url.partition("+cluster://")
        is_cluster = bool(plus) and scheme in ("redis", "rediss")
        plain = f"{scheme}://{rest}" if is_cluster else url
        options = connections.parse_url(plain)
        if is_cluster and options.get("db"):
            raise ValueError("a Cluster has one database only, number 0")
        kind = options.pop("connection_class", connections.Connection)
        known = _options_of(kind)
        allowed = known | {"max_connections"}  # which is the pool's
        for name in parse_qs(urlsplit(plain).query, keep_blank_values=True):
            if name not in allowed:
                raise ValueError(_unknown(name, allowed, kind is connections.SSLConnection))
        kind(**{name: value for name, value in options.items() if name in known})
    return plain if is_cluster else None


def _options_of(kind: type) -> set[str]:
    """Return the names of all that a class of connections takes."""
    return {
        name
        for base in kind.__mro__
        for name, parameter in signature(base.__init__).parameters.items()  # type: ignore[misc]
        if parameter.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    } - NO_TEXT


def _unknown(name: str, known: set[str], is_tls: bool) -> str:
    if name.startswith("ssl_") and not is_tls:
        return f"the option {name!r} is for TLS: use a rediss:// URL"
    from difflib import get_close_matches  # needed for nothing but mistakes

    close = get_close_matches(name, known, 1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"no option {name!r} is known{meant}"


def address_of(client: Any) -> str:
    """Return where the server or Cluster of a client is, for people: without any password."""
    if isinstance(client, RedisCluster | AsyncRedisCluster):
        return f"cluster {next(iter(client.nodes_manager.startup_nodes))}"
    pool = client.connection_pool
    options = pool.connection_kwargs
    sentinels = getattr(pool, "sentinel_manager", None)
    if sentinels is not None:  # which know where it is now
        return f"{pool.service_name} of {address_of(sentinels.sentinels[0])}"
    where = options.get("path") or f"{options.get('host')}:{options.get('port') or 6379}"
    return f"{where}/{options.get('db') or 0}"


@contextmanager
def _reading() -> Iterator[None]:
    """Say in our own words that a URL cannot be read, without any part of it: of a password."""
    try:
        yield
    except (TypeError, ValueError, AttributeError, RedisError) as error:
        why = str(error)
        if why.startswith("Port"):  # which quotes what it takes for one
            why = "the port is no number; in a password, / ? # and @ are written %2F %3F %23 %40"
        raise InvalidSetting(f"not the URL of a server: {why}") from None
