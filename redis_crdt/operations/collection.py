"""What the collections on servers have in common: their keys, opening, dumping and merging."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

from redis_crdt.codec import codec_for
from redis_crdt.errors import KindMismatch
from redis_crdt.kinds import KINDS, KindName
from redis_crdt.operations import replica as ask
from redis_crdt.operations.operation import Command, Procedure, Script, as_is
from redis_crdt.operations.replica import BATCH, ReplicaOperations
from redis_crdt.state import State
from redis_crdt.sync.tombstones import collect_one
from redis_crdt.values import check_values

T = TypeVar("T")
X = TypeVar("X")


def batches(items: Iterable[X], size: int = BATCH) -> Iterator[list[X]]:
    """Yield the items in lists of at most ``size``: no script may keep a server for long."""
    it = iter(items)
    while batch := list(islice(it, size)):
        yield batch


class CollectionOperations(Generic[T]):
    """One named collection of a replica on a server: which operations its methods make."""

    kind: ClassVar[KindName]

    def __init__(self, replica: ReplicaOperations, name: str, type_: Any) -> None:
        self.name = name
        self._replica = replica
        self._codec = codec_for(type_)
        self._keys, self._shard, self._field = replica.locate(name)
        self._live = self._keys.live(self.kind, self._field)
        self._removed = self._keys.removed(self.kind, self._field)
        self._about = f"{self.kind} {name!r}"
        self._write_keys = (*self._keys.base, self._live, self._removed)

    @property
    def replica_id(self) -> str:
        """The replica that this collection writes for."""
        return self._replica.replica_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} of {self._replica!r}>"

    def _command(self, *args: Any, read: Callable[[Any], X] = as_is) -> Command[X]:
        return Command(args, read, self._about, self._shard)

    def _script(self, name: str, *args: Any, read: Callable[[Any], X] = as_is) -> Script[X]:
        args = (self.kind, self._field, *args)
        return Script(name, self._shard, self._write_keys, args, read, self._about)

    def _open(self) -> Command[None]:
        return self._command("HGET", self._keys.base[2], self._field, read=self._check_kind)

    def _check_kind(self, kind: bytes | None) -> None:
        if kind is not None and kind.decode() != self.kind:
            raise KindMismatch(f"{self.name!r} is a {kind.decode()}, not a {self.kind}")

    def _entries(self) -> Procedure[dict[bytes, bytes]]:
        """Read all live entries; small collections take one round trip."""
        entries: dict[bytes, bytes] = {}
        cursor = 0
        while True:
            page: Command[Any] = self._command("HSCAN", self._live, cursor, "COUNT", BATCH)
            cursor, found = yield self._replica, page
            entries.update(found)
            if not cursor:
                return entries

    def _dump(self) -> Procedure[State]:
        entries: dict[bytes, bytes] = {}
        kind = KINDS[self.kind]
        position = (b"live", b"0")
        done = 0
        while not done:
            request = ask.scan(self._keys, position, [(self._field, self.kind)], self._about)
            page = yield self._replica, request
            done, position = page.done, page.position
            for field, entry in page.entries():
                if entries.setdefault(field, entry) != entry:
                    # It changed while we read; what it is now includes what it was.
                    joined = kind.join(kind.parse_entry(entries[field]), kind.parse_entry(entry))
                    entries[field] = bytes(joined)
        return State.of(self.kind, entries.items())

    def _merge(self, state: State, force: bool) -> Procedure[None]:
        check_values(self._codec, self.kind, state.parsed())
        drift, time = self._replica.max_drift, state.time
        items = [(f.encode(), e.encode()) for f, e in state.entries.items()]
        bodies = [
            [self._field, self.kind, len(batch), *(part for item in batch for part in item)]
            for batch in batches(items)
        ]
        if len(bodies) > 1 and not force:
            # What would be refused is to be found before the first batch changes anything.
            for body in bodies:
                yield self._replica, ask.merge(self._keys, drift, time, "try", body, self._about)
        mode = "force" if force or len(bodies) > 1 else ""
        for body in bodies:
            yield self._replica, ask.merge(self._keys, drift, time, mode, body, self._about)

    def _collect(self, older_than: float) -> Procedure[int]:
        return (
            yield from collect_one(self._replica, self._keys, self._field, self.kind, older_than)
        )
