"""What the collections in memory have in common: a store, a clock, a type, and merging."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from redis_crdt.core.clock import Dot, Time, parse_clock, wall_clock
from redis_crdt.core.floors import Known
from redis_crdt.core.kinds import KINDS, KindName
from redis_crdt.core.names import whole_name
from redis_crdt.core.partitions import by_part, part_of
from redis_crdt.engine.shard import Shard, join, raise_to
from redis_crdt.engine.store import E, Store
from redis_crdt.errors import FeedTrimmed
from redis_crdt.operations.operation import drive
from redis_crdt.transport.tails import Watched
from redis_crdt.transport.watching import Change, Watcher
from redis_crdt.types.base.collection.merging import Mergeable, state_of
from redis_crdt.values.codec import Codec, codec_for
from redis_crdt.values.encoding import check_values

if TYPE_CHECKING:  # a model of pydantic's, which takes time to make
    from redis_crdt.core.state import State

T = TypeVar("T")
X = TypeVar("X")

BARE = "bare"
"""The name of a collection that belongs to no replica."""


class Found(NamedTuple):
    """What is merged: entries, what is known of them, and of which collections they are."""

    entries: dict[bytes, Any]
    known: dict[str, Time]
    origins: frozenset[str]


def found_in(other: Mergeable, kind: KindName) -> Found:
    """Return what :func:`state_of` takes; entries in memory as they are."""
    if isinstance(other, Collection) and other.kind == kind:
        entries: dict[bytes, Any] = {}
        for part in other._parts:  # there may be many, of which hardly any differ
            entries |= part._store.live | part._stored.dying
            entries |= {field: entry for field, (_, entry) in part._store.removed.items()}
        return Found(entries, other._knowledge(), other._origins)
    state = state_of(other, kind)
    known = Known((w, parse_clock(clock.encode())) for w, clock in state.known.items())
    return Found(state.parsed(), known, frozenset(state.origins))


class Collection(Generic[T, E]):
    """A collection in memory: bare, or one of a :class:`redis_crdt.memory.Replica`."""

    kind: ClassVar[KindName]
    _watched: tuple[Watched, int] | None = None
    _members: Sequence[Self] = ()
    """Its parts, where it is in partitions; it has no store of its own then."""
    _origins: frozenset[str] = frozenset()
    """Of which collections of replicas it has state, by their names."""

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
    def _of(cls, replica: Watched, shard: int, store: Shard, name: str, type_: Any) -> Self:
        self = cls.__new__(cls)
        self._bind(store, name, codec_for(type_))
        self._watched = (replica, shard)
        self._origins = frozenset([whole_name(name)])
        return self

    @classmethod
    def _of_parts(cls, parts: Sequence[Self], shard: Shard, name: str) -> Self:
        self = cls.__new__(cls)
        self._members, self._shard, self.name, self._codec = parts, shard, name, parts[0]._codec
        self._watched, self._origins = parts[0]._watched, parts[0]._origins
        return self

    @property
    def _store(self) -> Store[E]:
        """The entries, as they are at this moment."""
        store = self._stored
        if store.due:
            store.settle(self._shard.clock.wall(), self._shard.newest())
        return store

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
        self._letter_and_name = KINDS[self.kind].letter.encode() + self._field
        self._codec = codec
        self._stored: Store[E] = shard.store(name, self.kind)

    def _write(self, fields: Iterable[bytes], after: Time = Time(0)) -> Dot:
        """Log a write to these fields, and return its dot."""
        writer = self._shard.writer
        of = self._letter_and_name
        return Dot(self._shard.append([(of, f) for f in fields], after=after), writer)

    def merge(self, other: Mergeable) -> Self:
        """Return a new collection that holds the state of both; changes neither.

        It keeps this one's replica id and type. ``other`` is anything that holds the same kind
        of state: a collection of any backend, or a dump, however old. Raises
        :class:`KindMismatch` for another kind, :class:`InvalidValue` for values that are not of
        this one's type, :class:`InvalidDump` for a malformed dump, :class:`ClockDrift` for a time
        too far ahead.
        """
        found = found_in(other, self.kind)
        if not self._members:
            return self._merge(found)
        by_number = by_part(found.entries.items(), lambda item: item[0], len(self._members))
        merged = [
            part._merge(found._replace(entries=dict(by_number.get(i, ()))))
            for i, part in enumerate(self._members)
        ]
        return self._of_parts(merged, merged[0]._shard, BARE)

    def _merge(self, found: Found) -> Self:
        store, (entries, known, origins) = self._store, found
        news: dict[bytes, Any] = store.differing(entries.items())
        check_values(self._codec, self.kind, news)
        latest = max((entry.time for entry in news.values()), default=Time(0))
        self._shard.check_drift(latest, self._shard.max_drift * 1000)
        ours = self._knowledge()
        if origins and self._origins and origins != self._origins:
            # What one knows of a collection says nothing of another.
            ours, known = {}, {}
        if store.kind.has_dots and known:
            # What the other side knows and does not have was removed there.
            news.update((field, None) for field in store.live if field not in entries)
            news.update((field, None) for field in store.dying if field not in entries)
        merged = copy(self)
        merged._bind(self._shard.fork(), BARE, self._codec)
        merged._watched = None
        merged._shard.clock.observe(latest)
        merged._origins = self._origins | origins
        if store.kind.has_dots:
            # An object in memory is all that there is of its writer, so who merged it knows that.
            raise_to(merged._shard.known, self._knowledge())
            raise_to(merged._shard.known, found.known)
            merged._shard.known.pop(merged._shard._pen.writer, None)
        into, time = merged._stored, merged._shard.clock.last
        now = self._shard.clock.wall()
        store.copy_into(into)
        for field, entry in news.items():
            mine: Any = into.get(field)
            joined: Any = join(store.kind, mine, entry, ours, known, now)
            if joined is not None and joined != mine:
                store.kind.check_joined(joined)
                into.put(field, joined, time)
        if store.kind.gone_by:
            written = {field: into.live[field] for field in news if field in into.live}
            for field in store.kind.gone_by(store.live, written):
                into.live.pop(field, None)
        return merged

    def _knowledge(self) -> dict[str, Time]:
        """Return of whose writes this is all that there was up to a time: writer -> time."""
        if self._members:
            first, *others = (part._knowledge() for part in self._members)
            for other in others:
                first = {w: min(t, other[w]) for w, t in first.items() if w in other}
            return first
        known = self._shard.knowledge()
        raise_to(known, {w: seen.clock for w, seen in self._store.context.items()})
        return known

    def dump(self) -> State:
        """Return the whole state, tombstones included."""
        from redis_crdt.core.state import State

        entries = (entry for part in self._parts for entry in part._store.entries())
        known = {w.encode(): str(t).encode() for w, t in self._knowledge().items()}
        known = known if KINDS[self.kind].has_dots else {}
        return State.of(self.kind, ((f, bytes(e)) for f, e in entries), known, self._origins)

    def watch(
        self, cursor: str | None = None, *, timeout: float | None = None
    ) -> Iterator[Change[Any]]:
        """Yield the changes of this collection; otherwise as :meth:`redis_crdt.Replica.watch`.

        Raises :class:`FeedTrimmed` for a bare collection, which keeps no feed.
        """
        if self._watched is None:
            raise FeedTrimmed(f"{self!r} belongs to no replica, so there is no feed to watch")
        replica, _ = self._watched
        places = [
            (part._watched[1], part._letter_and_name) for part in self._parts if part._watched
        ]
        with Watcher[Any](replica, cursor, timeout, (places, self._codec)) as watcher:
            while (changes := drive(watcher.page())) is not None:
                yield from changes

    @property
    def replica_id(self) -> str:
        """The replica that this collection writes for; merging does not change it."""
        return self._shard.replica_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} of {self._shard.replica_id!r}>"


class OfOneType(Collection[T, E]):
    """A collection whose values are always of one type."""

    _type: ClassVar[type]

    def __init__(
        self,
        replica_id: str | None = None,
        *,
        clock: Callable[[], int] = wall_clock,
        max_drift: float = 60.0,
    ) -> None:
        """Make an empty, bare one. For the arguments see :class:`Collection`."""
        super().__init__(self._type, replica_id=replica_id, clock=clock, max_drift=max_drift)
