"""Watching: the changes of a replica as they happen, from its feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, NamedTuple, Self, TypeVar

from redis_crdt.core.clock import Dot, Time, parse_clock, replica_of
from redis_crdt.core.kinds import KIND_OF, KINDS, PARTITIONS
from redis_crdt.core.names import whole_name
from redis_crdt.errors import InvalidCursor, InvalidSetting, InvalidValue
from redis_crdt.operations import expiry
from redis_crdt.operations.operation import Procedure, Wait
from redis_crdt.transport.tails import (
    Entry,
    Position,
    Positions,
    Reached,
    Tail,
    Watched,
    find,
    tail_of,
    time_of,
)
from redis_crdt.values.codec import Codec, codec_for

K = TypeVar("K")

LOOK_EACH = 0.4
"""For how many seconds one waits before one looks again what has expired, where anything may."""


@dataclass(frozen=True, slots=True)
class Change(Generic[K]):
    """That something changed: which entry, when, and by whom. What it is now, the reader reads."""

    collection: str
    """The name of the collection."""
    kind: str
    """The kind of the collection, such as ``or_set``."""
    key: K
    """The element of a set, key of a map, or id in a log; the replica that counted; None for a
    register, for a name that was dropped, where a log was trimmed, and where there is a problem."""
    time: Time
    """When it changed here."""
    source: str | None
    """The replica from which a pull brought it; None for a write to this one."""
    cursor: str
    """Where to go on after this change; give it to ``watch``."""
    problem: str | None = None
    """Why the key cannot be read as the watched collection's type, if it cannot."""
    expired: bool = False
    """Whether its time had come, and nobody wrote anything. Told within a second; who goes on from
    a cursor is told of what has expired in the last minute."""


class Changes(NamedTuple):
    """What has changed in a replica since a cursor."""

    changes: list[Change[Any]]
    cursor: str
    """Where to go on; give it to ``changes``, or to ``watch``."""


def check_limit(limit: int) -> int:
    """Return how many are asked for; :class:`InvalidSetting` if that is no such number."""
    if type(limit) is not int or limit < 1:
        raise InvalidSetting(f"limit: at least 1, not {limit!r}")
    return limit


class Watcher(Generic[K]):
    """Reads on in the feeds of a replica; the blocking and the asyncio ``watch`` drive it.

    To be used in a ``with`` block, at whose end it leaves its place at the tail of the feeds.
    """

    def __init__(
        self,
        replica: Watched,
        cursor: str | None,
        timeout: float | None,
        only: tuple[Sequence[tuple[int, bytes]], Codec[Any]] | None = None,
        *,
        written_only: bool = False,
    ) -> None:
        """Begin to watch; ``only`` one collection: of each of its parts the shard, and the letter
        of its kind with its name. ``written_only`` leaves out what has expired."""
        self._replica = replica
        self._only = None if only is None else frozenset(name for _, name in only[0])
        self._codec: Codec[Any] = codec_for() if only is None else only[1]
        shards = range(replica.shards) if only is None else {shard for shard, _ in only[0]}
        self._shards = sorted(shards)
        self._positions: Positions = {}
        if cursor is not None:
            texts = cursor.split(",")
            if len(texts) != len(self._shards):
                raise InvalidCursor(f"a cursor for {len(texts)} shards, not {len(self._shards)}")
            self._positions = dict(zip(self._shards, map(Position.parse, texts), strict=True))
        self._tail: Tail | None = None
        self._losses = 0
        """How often the feed has lost something, as far as this one has looked for itself."""
        self._timeout = timeout
        self._told: dict[int, int | None] = {}
        """Up to when it was told what has expired in a shard; None before it was asked first."""
        self._expiring: set[int] = set()
        self._written_only = written_only
        self._look_at = 0.0
        """When to look what has expired."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._tail:
            self._tail.leave(self._seat)

    @property
    def cursor(self) -> str:
        """Where to go on after all that it has told."""
        return ",".join(map(str, self._positions.values()))

    def page(self, within: float | None = None) -> Procedure[list[Change[K]] | None]:
        """Wait for changes; None once nothing has happened for the timeout, or ``within`` that."""
        if self._tail is None:
            for shard in self._shards:
                yield from self._settle(shard)
            if None in self._told.values():
                yield from self._expired()  # only to be told how late it is
            self._tail = tail_of(self._replica, tuple(self._shards))
            self._seat = self._tail.sit(self._only)
            self._seat.behind |= self._timeout == 0  # who does not wait looks for himself
        timeout = self._timeout if within is None else within
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            if self._seat.behind:
                changes = self._changes((yield from self._catch_up(self._tail)))
            else:
                left = None if deadline is None else deadline - monotonic()
                if left is not None and left <= 0:
                    return None
                if self._expiring:
                    left = LOOK_EACH if left is None else min(left, LOOK_EACH)
                yield from self._tail.wait(self._seat, self._positions, left)
                changes = self._changes(self._take())
                self._expect(self._tail.expiring & set(self._shards))
                changes += yield from self._expired()
            if changes:
                return changes

    def _expect(self, shards: set[int]) -> None:
        """Be told of these shards that something in them may expire."""
        if not self._written_only:
            self._expiring |= shards

    def _expired(self) -> Procedure[list[Change[K]]]:
        """Look now and then what has expired: no feed tells of it."""
        changes: list[Change[K]] = []
        if not self._expiring or monotonic() < self._look_at:
            return changes
        self._look_at = monotonic() + LOOK_EACH
        for shard in sorted(self._expiring):
            keys, only = self._replica.keys(shard), self._only or ()
            found = yield self._replica, expiry.expired(keys, self._told[shard], only, "watch")
            self._told[shard] = found.upto
            for collection, field in found.fields:
                kind = KIND_OF[collection[:1].decode()]
                time = Time(found.upto)
                changes.append(self._change(time, kind, collection[1:], field, None, True))
        return changes

    def _catch_up(self, tail: Tail) -> Procedure[Sequence[Entry]]:
        """Read what has been, until the tail is reached."""
        seat = self._seat
        left = self._take()
        if left and all(isinstance(one, Mapping) for one in left):
            self._changes(left)
        # From here on what happens is laid before the seat, too. If it falls behind again while
        # this reads, or the feed loses something, that stands.
        seat.behind = False
        if self._losses != seat.losses:
            self._losses = seat.losses
            for shard in self._shards:
                yield from self._settle(shard)
        if self._timeout != 0 and tail.covers(self._positions):
            return []
        starts = {shard: at.after for shard, at in self._positions.items()}
        entries: Sequence[Entry] = yield self._replica, Wait(starts, 0)
        moved = False
        for shard in {shard for shard, _, _ in entries} or self._shards:
            moved |= yield from self._settle(shard)
        if moved or entries:
            seat.behind = True
        # What was read of a feed that has lost something since is not to be trusted.
        return [] if moved else entries

    def _take(self) -> list[Entry | Reached]:
        """Take what has been laid before the seat."""
        news, taken = self._seat.news, []
        while news:
            taken.append(news.popleft())
        return taken

    def _settle(self, shard: int) -> Procedure[bool]:
        """Hold the position against the feed as it is now; returns whether it has moved back."""
        at = self._positions.get(shard)
        here, expires = yield from find(self._replica, shard, at)
        self._positions[shard] = here
        if shard not in self._told:
            # Where nothing has a deadline yet, whatever will expire is written after this.
            is_known = at is not None or not expires
            self._told[shard] = time_of(here.after)[0] if is_known else None
        if expires:
            self._expect({shard})
        return at is not None and here[:2] != at[:2]

    def _changes(self, entries: Sequence[Entry | Reached]) -> list[Change[K]]:
        changes: list[Change[K]] = []
        for entry in entries:
            if isinstance(entry, Mapping):
                for shard, at in entry.items():
                    if time_of(self._positions[shard].after) < time_of(at.id):
                        self._positions[shard] = at
                continue
            shard, id_, flat = entry
            before = self._positions[shard]
            if time_of(id_) <= time_of(before.after):
                continue
            tagged = flat[0] == b""
            refs = flat[2:] if tagged else flat
            source = replica_of(Dot.parse(flat[1].decode()).writer) if tagged and flat[1] else None
            skip = before.taken if before.id == id_ else 0
            pairs = list(zip(refs[::2], refs[1::2], strict=True))
            self._positions[shard] = before._replace(id=id_, taken=0)
            for i in range(skip, len(pairs)):
                collection, field = pairs[i]
                taken = 0 if i == len(pairs) - 1 else i + 1
                self._positions[shard] = before._replace(id=id_, taken=taken)
                if self._only is not None and collection not in self._only:
                    continue
                kind = KIND_OF[collection[:1].decode()]
                if kind != PARTITIONS:  # that a collection has them is no change
                    time = parse_clock(id_)
                    changes.append(self._change(time, kind, collection[1:], field, source))
        return changes

    def _change(
        self,
        time: Time,
        kind: str,
        name: bytes,
        field: bytes,
        source: str | None,
        expired: bool = False,
    ) -> Change[K]:
        read = KINDS[kind].key_of or self._codec.decode_element
        key, problem = None, None
        try:
            key = read(field)
        except InvalidValue as error:
            problem = str(error)
        cursor = self.cursor
        return Change(whole_name(name.decode()), kind, key, time, source, cursor, problem, expired)  # type: ignore[arg-type]


def changes_since(
    replica: Watched, cursor: str | None, limit: int, timeout: float | None
) -> Procedure[Changes]:
    """Read what has been written since a cursor, and wait for it if there is nothing.

    What has expired is left out: no cursor tells up to when that was told, so it would come again.
    """
    check_limit(limit)
    with Watcher[Any](replica, cursor, timeout, written_only=True) as watcher:
        found = (yield from watcher.page()) or []
        taken = found[:limit]
        whole = len(taken) == len(found)
        return Changes(taken, watcher.cursor if whole else taken[-1].cursor)
