"""The regions of the demo: each a replica on a server of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from secrets import token_hex

from redis import Redis

from redis_crdt.cli.temporary_namespaces import keys_deleted_after
from redis_crdt.errors import InvalidSetting
from redis_crdt.replica.blocking import Replica
from redis_crdt.servers import Server, ServerBinary, ServerNotFound, find_binary
from redis_crdt.transport.urls import server_client_of

NAMES = ("eu", "us", "ap", "sa", "af", "me")
STARTED = 3


@dataclass(frozen=True)
class Region:
    """One region: its replica, and what a person should know about its server."""

    name: str
    replica: Replica
    server: str


@contextmanager
def started_regions() -> Iterator[list[Region]]:
    """Start a server for each of three regions; without any server program, simulate them."""
    with ExitStack() as stack:
        binary = _find_server()
        regions = []
        for name in NAMES[:STARTED]:
            if binary is None:
                client, about = _simulated(), "fakeredis, for want of a real server"
            else:
                client = stack.enter_context(stack.enter_context(Server(binary)).client())
                about = binary.version
            replica = Replica(client, replica_id=name, namespace="demo")
            regions.append(Region(name, replica, about))
        yield regions


@contextmanager
def regions_at(urls: Sequence[str]) -> Iterator[list[Region]]:
    """Open a region on each of the servers, in a new namespace whose keys go in the end.

    Raises :class:`InvalidSetting` for fewer than two servers or more than there are names for.
    """
    if not 2 <= len(urls) <= len(NAMES):
        raise InvalidSetting(f"the demo takes 2 to {len(NAMES)} servers, not {len(urls)}")
    namespace = f"demo-{token_hex(6)}"
    with ExitStack() as stack:
        regions = []
        for name, url in zip(NAMES, urls, strict=False):
            client = stack.enter_context(server_client_of(url))
            stack.enter_context(keys_deleted_after(client, namespace))
            replica = Replica(client, replica_id=name, namespace=namespace)
            regions.append(Region(name, replica, _address(client)))
        yield regions


def _find_server() -> ServerBinary | None:
    with suppress(ServerNotFound):
        return find_binary()
    return None


def _simulated() -> Redis:
    try:
        import fakeredis
    except ImportError:
        raise ServerNotFound(
            "no server to run: pip install 'redis-crdt[demo]', or pass --url for each region"
        ) from None
    return fakeredis.FakeRedis(server=fakeredis.FakeServer())


def _address(client: Redis) -> str:
    """Where a server is, without the password that its URL may hold."""
    kwargs = client.connection_pool.connection_kwargs
    place = kwargs.get("path") or f"{kwargs.get('host')}:{kwargs.get('port')}"
    return f"{place}, database {kwargs.get('db') or 0}"
