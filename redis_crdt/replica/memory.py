"""A replica in memory: what a replica on a server is, without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

from typing_extensions import TypeVar

from redis_crdt.core.clock import wall_clock
from redis_crdt.core.names import (
    Keys,
    check_name,
    check_namespace,
    check_stored_name,
    part_name,
    shard_of,
)
from redis_crdt.core.partitions import check_partitions
from redis_crdt.engine.answers import Answers
from redis_crdt.engine.shard import Shard
from redis_crdt.operations.operation import Operation, Script, Wait, drive
from redis_crdt.replica.batch.memory import Batch
from redis_crdt.sync.directory import list_collections
from redis_crdt.sync.files import File, dump_file, load_file
from redis_crdt.sync.party import Party
from redis_crdt.sync.pull import pull
from redis_crdt.sync.report import SyncReport
from redis_crdt.sync.tombstones import GRACE, collect, drop, forget, reset
from redis_crdt.transport.server import MAX_WAIT
from redis_crdt.transport.tails import Tail
from redis_crdt.transport.wakeups import Bell
from redis_crdt.transport.watching import Change, Changes, Watcher, changes_since
from redis_crdt.types.base.collection.memory import Collection
from redis_crdt.types.base.partitions import Partitions
from redis_crdt.types.memory import Types

T = TypeVar("T", default=Any)
R = TypeVar("R")
C = TypeVar("C", bound=Collection[Any, Any])


class Replica(Types):
    """One full copy of a namespace, in memory.

    Its collections change in place, and it can be source and target of pulls with replicas of
    any backend. A copy, a pickle and a forked process go on under another writer's name. For the
    arguments see :class:`redis_crdt.Replica`; ``replica_id`` is random by default, ``clock`` gives
    milliseconds since 1970. Not safe for use by several threads.
    """

    def __init__(
        self,
        *,
        replica_id: str | None = None,
        namespace: str = "default",
        shards: int = 1,
        max_drift: float = 60.0,
        feed_limit: int = 100_000,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self.namespace = check_namespace(namespace)
        self.shards = shards
        self.max_drift = max_drift
        first = Shard(replica_id, clock, max_drift, feed_limit)
        self.replica_id = first.replica_id
        others = (Shard(self.replica_id, clock, max_drift, feed_limit) for _ in range(1, shards))
        self._shards = [first, *others]
        self._answers = [Answers(shard) for shard in self._shards]
        self._bell = first.bell
        self.tails: dict[tuple[int, ...], Tail] = {}
        for shard in self._shards:
            shard.bell = self._bell

    @property
    def about(self) -> str:
        """How error messages name this replica."""
        return f"namespace {self.namespace!r}"

    def __repr__(self) -> str:
        return f"<redis_crdt.memory.Replica {self.replica_id!r} of {self.namespace!r}>"

    def close(self) -> None:
        """Do nothing; there are no connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, cls: type[C], name: str, type_: Any, partitions: int = 1) -> C:
        check_name(name)
        if check_partitions(partitions) == 1:
            return self._stored(cls, name, type_)
        number = self._stored(Partitions, name, Any)
        number.check_or_set(cls.kind, partitions)
        names = (part_name(name, i, partitions) for i in range(partitions))
        parts = [self._stored(cls, stored, type_) for stored in names]
        return cls._of_parts(parts, number._shard, name)

    def _stored(self, cls: type[C], name: str, type_: Any) -> C:
        shard = shard_of(check_stored_name(name), self.shards)
        return cls._of(self, shard, self._shards[shard], name, type_)

    def batch(self) -> Batch:
        """Begin a batch: ``with replica.batch() as b: b.on(tasks).add("t1"); ...``."""
        return Batch(self)

    def collections(self) -> list[tuple[str, str]]:
        """Return the collections that hold anything, if only tombstones: names with their kinds.

        In the order of the names; a kind is the name of the method that opens it.
        """
        return drive(list_collections(self))

    def watch(
        self, cursor: str | None = None, *, timeout: float | None = None
    ) -> Iterator[Change[Any]]:
        """Yield the changes of this replica as they happen, local ones and those from others.

        As :meth:`redis_crdt.Replica.watch`; other threads may write meanwhile.
        """
        with Watcher[Any](self, cursor, timeout) as watcher:
            while (changes := drive(watcher.page())) is not None:
                yield from changes

    def changes(
        self, cursor: str | None = None, limit: int = 100, *, timeout: float | None = 0.0
    ) -> Changes:
        """Return up to ``limit`` changes since a cursor, and where to go on.

        As :meth:`redis_crdt.Replica.changes`; other threads may write meanwhile.
        """
        return drive(changes_since(self, cursor, limit, timeout))

    def pull(self, source: Party) -> SyncReport:
        """Bring here what ``source``, a replica of any backend, has and this one does not.

        As :meth:`redis_crdt.Replica.pull`, with the same exceptions.
        """
        return drive(pull(self, source))

    def sync(self, peer: Party) -> SyncReport:
        """Pull both ways. Returns the sum of the two reports."""
        return self.pull(peer) + drive(pull(peer, self))

    def dump(self, file: File) -> int:
        """Write the whole namespace to a file, as NDJSON; returns the number of entries.

        It is compressed if it is a path that ends with ``.gz``, and private.
        """
        return drive(dump_file(self, file))

    def load(self, file: File, *, from_namespace: str | None = None) -> int:
        """Join what :meth:`dump` wrote, however old; returns how many entries changed something.

        ``from_namespace`` names that of the file where it is another one, on purpose. Raises
        :class:`InvalidDump`, :class:`ReplicaMismatch` or :class:`ClockDrift` with nothing changed.
        """
        return drive(load_file(self, file, from_namespace=from_namespace))

    def gc_tombstones(self, older_than: float = GRACE) -> int:
        """Drop the tombstones that nobody needs any more; as :meth:`redis_crdt.Replica` does."""
        return drive(collect(self, older_than))

    def forget(self, peer: str) -> bool:
        """Forget a peer that is gone for good; returns whether there was such a one."""
        return drive(forget(self, peer))

    def drop(self, name: str) -> bool:
        """Drop the collection of this name, in all regions; as :meth:`redis_crdt.Replica` does."""
        return drive(drop(self, name))

    def reset(self) -> None:
        """Throw away all that this replica holds, so that it begins anew from its peers."""
        drive(reset(self))

    def keys(self, shard: int) -> Keys:
        """Return the keys that the shard would have on a server."""
        return Keys(self.namespace, shard)

    def bell(self) -> Bell:
        """Make a bell for one who watches."""
        return Bell()

    def flight(self, shard: int) -> None:
        """Return nothing: no request is ever on its way here."""

    def _wait(self, wait: Wait) -> list[tuple[int, bytes, list[bytes]]]:
        with self._bell.condition:
            found = self._since(wait)
            if not found and self._bell.condition.wait(
                MAX_WAIT if wait.seconds is None else wait.seconds
            ):
                found = self._since(wait)
        return found

    def _since(self, wait: Wait) -> list[tuple[int, bytes, list[bytes]]]:
        return [
            (shard, id_, flat)
            for shard, start in wait.starts.items()
            for id_, flat in self._answers[shard].since(start, wait.count)
        ]

    def execute(self, operation: Operation[R]) -> R:
        """Answer what a server's scripts answer to the requests of a pull."""
        if isinstance(operation, Wait):
            waited: R = operation.read(self._wait(operation))
            return waited
        assert isinstance(operation, Script)
        answers = self._answers[operation.shard]
        args = [*map(_as_bytes, operation.args)]
        request = operation.name.rpartition("/")[2]
        answered: R = operation.read(answers.answer(request, args))
        return answered


def _as_bytes(argument: Any) -> bytes:
    return argument if isinstance(argument, bytes) else str(argument).encode()
