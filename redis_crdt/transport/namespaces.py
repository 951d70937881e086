"""The namespaces of a server or Cluster: which there are, and throwing one away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.cluster import RedisCluster
from redis.exceptions import RedisError

from redis_crdt.core.names import Keys, check_namespace, keys_of_meta
from redis_crdt.operations.operation import Command
from redis_crdt.operations.refusals import explain
from redis_crdt.transport.scripts import load
from redis_crdt.transport.urls import address_of, client_of

PAGE = 1000
"""How many keys a server looks at for each round trip."""


def namespaces(client_or_url: Redis | RedisCluster | str) -> list[str]:
    """Return the names of the namespaces that a deployment has, in their order.

    ``client_or_url`` is of a server or Cluster, as :class:`redis_crdt.Replica` takes it. Nothing
    is opened or written. The server goes through all of its keys: a round trip per 1,000 of
    them. Raises :class:`InvalidSetting` for what is no URL, and :class:`ServerError`.
    """
    with _client(client_or_url) as client:
        return sorted({keys.namespace for keys in _shards(client)})


def drop_namespace(client_or_url: Redis | RedisCluster | str, namespace: str) -> bool:
    """Throw away all that one namespace holds on a deployment; returns whether it was there.

    Other regions keep theirs. A program or syncer that still uses it makes it anew, so stop those
    first. A round trip per 1,000 keys of the server, and two per shard. Raises as
    :func:`namespaces` does, and :class:`InvalidName`.
    """
    check_namespace(namespace)
    text, _ = load("replica/reset")
    with _client(client_or_url) as client:
        found = [keys for keys in _shards(client) if keys.namespace == namespace]
        for keys in found:
            replica = client.hget(keys.base[0], "replica") or b""
            client.eval(text.decode(), len(keys.base), *keys.base, b"", replica)
    return bool(found)


def _shards(client: Redis | RedisCluster) -> list[Keys]:
    """Return the keys of each shard of each namespace."""
    found = set()
    for key in client.scan_iter(match="crdt:{*}:meta", count=PAGE):
        keys = keys_of_meta(key if isinstance(key, bytes) else key.encode())
        if keys is not None:
            found.add(keys)
    return sorted(found, key=lambda keys: (keys.namespace, keys.shard))


@contextmanager
def _client(client_or_url: Redis | RedisCluster | str) -> Iterator[Redis | RedisCluster]:
    """Lend a client, closed in the end if it was made here; raises exceptions of ours only."""
    is_url = isinstance(client_or_url, str)
    client = client_of(client_or_url) if isinstance(client_or_url, str) else client_or_url
    try:
        yield client
    except RedisError as error:
        raise explain(error, Command((), about="namespaces")).at(address_of(client)) from error
    finally:
        if is_url:
            client.close()
