"""What the collections in memory have in common: a store, a clock, a type, and merging."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from redis_crdt.clock import Dot, Time, wall_clock
from redis_crdt.codec import Codec, codec_for
from redis_crdt.errors import FeedTrimmed, KindMismatch
from redis_crdt.kinds import KindName
from redis_crdt.memory.shard import Shard
from redis_crdt.memory.store import E, Store
from redis_crdt.operations.operation import drive
from redis_crdt.partitions import by_part, part_of
from redis_crdt.state import State
from redis_crdt.sync.pull import Party
from redis_crdt.values import check_values
from redis_crdt.watching import Change, Watcher

T = TypeVar("T")
X = TypeVar("X")

BARE = "bare"
"""The name of a collection that belongs to no replica."""


class Dumpable(Protocol):
    """Anything that can give its state: a collection of any backend."""

    def dump(self) -> State:
        """Return the state."""


Mergeable = Dumpable | State | Mapping[str, Any] | str | bytes
"""What ``merge`` takes: a collection, a dump, or a dump as a dict or JSON."""


def state_of(other: Mergeable, kind: KindName) -> State:
    """Return the state that ``other`` is or holds.

    Raises :class:`InvalidDump` if it is no valid dump, :class:`KindMismatch` if of another kind.
    """
    if isinstance(other, State | Mapping | str | bytes):
        return State.load(other, kind)
    other_kind = getattr(other, "kind", None)
    if other_kind != kind:
        what = other_kind or type(other).__name__
        raise KindMismatch(f"cannot merge a {what} into a {kind}")
    state = other.dump()
    if not isinstance(state, State):
        raise KindMismatch("a collection of asyncio is merged by its awaited dump()")
    return state


def entries_of(other: Mergeable, kind: KindName) -> Iterable[tuple[bytes, Any]]:
    """Return the entries of what :func:`state_of` takes; those in memory as they are."""
    if isinstance(other, Collection) and other.kind == kind:
        return (entry for part in other._parts for entry in part._store.entries())
    return state_of(other, kind).parsed().items()


class Collection(Generic[T, E]):
    """A collection in memory: bare, or one of a :class:`redis_crdt.memory.Replica`."""

    kind: ClassVar[KindName]
    _watched: tuple[Party, int] | None = None
    _members: Sequence[Self] = ()
    """Its parts, where it is in partitions; it has no store of its own then."""

    def __init__(
        self,
        type_: Any = Any,
        *,
        replica_id: str | None = None,
        clock: Callable[[], int] = wall_clock,
        max_drift: float = 60.0,
    ) -> None:
        """Make an empty, bare collection of values of ``type_``.

        ``replica_id`` names its writer (random by default), ``clock`` gives milliseconds since
        1970, and state more than ``max_drift`` seconds ahead of it is refused.
        """
        self._bind(Shard(replica_id, clock, max_drift), BARE, codec_for(type_))

    @classmethod
    def _of(cls, replica: Party, shard: int, store: Shard, name: str, type_: Any) -> Self:
        self = cls.__new__(cls)
        self._bind(store, name, codec_for(type_))
        self._watched = (replica, shard)
        return self

    @classmethod
    def _of_parts(cls, parts: Sequence[Self], shard: Shard, name: str) -> Self:
        self = cls.__new__(cls)
        self._members, self._shard, self.name, self._codec = parts, shard, name, parts[0]._codec
        self._watched = parts[0]._watched
        return self

    @property
    def _parts(self) -> Sequence[Self]:
        return self._members or (self,)

    def _part(self, field: bytes) -> Self:
        """Return the part that a field is in."""
        return self._members[part_of(field, len(self._members))] if self._members else self

    def _by_part(
        self, items: Iterable[X], field_of: Callable[[X], bytes]
    ) -> Iterable[tuple[Self, list[X]]]:
        """Return the parts, each with those of the items that belong there."""
        if not self._members:
            return [(self, list(items))]
        parts = by_part(items, field_of, len(self._members))
        return [(self._members[number], theirs) for number, theirs in sorted(parts.items())]

    def _bind(self, shard: Shard, name: str, codec: Codec[T]) -> None:
        self._shard = shard
        self.name = name
        self._field = name.encode()
        self._codec = codec
        self._store: Store[E] = shard.store(name, self.kind)

    def _write(self, fields: Iterable[bytes], after: Time = Time(0)) -> Dot:
        """Log a write to these fields, and return its dot."""
        writer = self._shard.writer
        return Dot(self._shard.append([(self._field, f) for f in fields], after=after), writer)

    def merge(self, other: Mergeable, *, force: bool = False) -> Self:
        """Return a new collection that holds the state of both; changes neither.

        It keeps this one's replica id and type. ``other`` is anything that holds the same kind
        of state: a collection of any backend, or a dump. Raises :class:`KindMismatch` for
        another kind, :class:`InvalidValue` for values that are not of this one's type,
        :class:`InvalidDump` for a malformed dump, :class:`ClockDrift` for a time too far ahead,
        :class:`StaleDump`, unless ``force``, for what may have been removed, and its tombstone
        collected, since.
        """
        if self._members:
            return self._merge_parts(state_of(other, self.kind), force)
        news: dict[bytes, Any] = self._store.differing(entries_of(other, self.kind))
        check_values(self._codec, self.kind, news)
        latest = max((entry.time for entry in news.values()), default=Time(0))
        self._shard.check_drift(latest, self._shard.max_drift * 1000)
        if not force:
            self._shard.check_age(self._store.kind, self._store, news, self.name)
        merged = copy(self)
        merged._bind(self._shard.fork(), BARE, self._codec)
        merged._watched = None
        merged._shard.clock.observe(latest)
        store, time = merged._store, merged._shard.clock.last
        store.live, store.removed = self._store.live.copy(), self._store.removed.copy()
        for field, entry in news.items():
            mine: Any = store.get(field)
            joined: Any = entry if mine is None else store.kind.join(mine, entry)
            if joined != mine:
                store.put(field, joined, time)
        return merged

    def _merge_parts(self, state: State, force: bool) -> Self:
        items = by_part(state.entries.items(), lambda item: item[0].encode(), len(self._members))
        merged = [
            part.merge({**state.model_dump(), "entries": dict(items.get(i, ()))}, force=force)
            for i, part in enumerate(self._members)
        ]
        return self._of_parts(merged, merged[0]._shard, BARE)

    def dump(self) -> State:
        """Return the whole state, tombstones included."""
        entries = (entry for part in self._parts for entry in part._store.entries())
        return State.of(self.kind, ((f, bytes(e)) for f, e in entries))

    def watch(
        self, cursor: str | None = None, *, timeout: float | None = None
    ) -> Iterator[Change[Any]]:
        """Yield the changes of this collection; otherwise as :meth:`redis_crdt.Replica.watch`.

        Raises :class:`FeedTrimmed` for a bare collection, which keeps no feed.
        """
        if self._watched is None:
            raise FeedTrimmed(f"{self!r} belongs to no replica, so there is no feed to watch")
        replica, _ = self._watched
        places = [(part._watched[1], part._field) for part in self._parts if part._watched]
        watcher = Watcher[Any](replica, cursor, timeout, (places, self._codec))
        while (changes := drive(watcher.page())) is not None:
            yield from changes

    @property
    def replica_id(self) -> str:
        """The replica that this collection writes for; merging does not change it."""
        return self._shard.replica_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} of {self._shard.replica_id!r}>"
