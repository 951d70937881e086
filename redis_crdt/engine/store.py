"""What a shard in memory is made of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from threading import Condition
from typing import Any, Generic, NamedTuple, TypeVar

from redis_crdt.core.clock import Dot, Time, new_writer
from redis_crdt.core.dots import FOREVER, MARGIN, Dots
from redis_crdt.core.entries import Last, Line, Rank, Total
from redis_crdt.core.kinds import Kind
from redis_crdt.core.tallies import Tally

E = TypeVar("E", Total, Rank, Last, Dots, Line, Tally)

_process = [0]
"""How many forks this process is away from the first one."""


def _count_fork() -> None:
    _process[0] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


class Pen:
    """The right to write under one writer's name; only its holder has it.

    Two objects that both go on from one state must not count under one name, for each would
    hide the other's increments. So the pen passes to whichever object writes first, and any
    other takes a new one. A copy or pickle of a pen is a new one, too, and after a fork that in
    the child is void.
    """

    __slots__ = ("holder", "process", "replica_id", "wall", "writer")

    def __init__(self, replica_id: str, wall: Callable[[], int]) -> None:
        self.replica_id = replica_id
        self.wall = wall
        self.writer = new_writer(replica_id, wall())
        self.holder: object = None
        self.process = _process[0]

    def is_held_by(self, other: object) -> bool:
        """Whether this object writes with it."""
        return self.holder is other and self.process == _process[0]

    @property
    def is_free(self) -> bool:
        """Whether whoever writes first has it."""
        return self.holder is None and self.process == _process[0]

    def is_passed_on_by(self, other: object) -> bool:
        """Let whoever writes first have it, if it is this object's to give; returns whether."""
        if self.holder is None or self.is_held_by(other):
            self.holder = None
            return True
        return False

    def take(self, other: object) -> bool:
        """Let the object have it, if nobody else ever had; returns whether it does."""
        if not self.is_free:
            return False
        self.holder = other
        return True

    def __reduce__(self) -> tuple[type[Pen], tuple[str, Callable[[], int]]]:
        return Pen, (self.replica_id, self.wall)


class Noted(NamedTuple):
    """What is known of one writer in one collection alone."""

    clock: Time
    noted: Time
    """When it was noted."""


@dataclass(slots=True)
class Store(Generic[E]):
    """The entries of one collection; ``removed`` has the time of each removal, too."""

    kind: Kind
    live: dict[bytes, E] = field(default_factory=dict)
    removed: dict[bytes, tuple[Time, E]] = field(default_factory=dict)
    context: dict[str, Noted] = field(default_factory=dict)
    """What is known of writers of objects in memory that were merged."""
    wide: dict[bytes, Time] = field(default_factory=dict)
    """Fields of live entries that have seen much, with the time of their last change."""
    holds: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of a budget what was given for a while: of each hold its deadline, and how much."""
    dropped: bool = False
    """Whether its name was dropped, and nothing written under it since."""
    dying: dict[bytes, E] = field(default_factory=dict)
    """Entries of which nothing is alive: what a region whose clock is behind may see still."""
    due: list[tuple[int, bytes]] = field(default_factory=list)
    """A heap of when something may be to be done about a field."""
    now: int = 0
    """When that was looked at last."""

    def drop(self) -> None:
        """Throw everything away."""
        for part in (self.live, self.removed, self.context, self.wide, self.dying, self.due):
            part.clear()
        self.holds.clear()
        self.dropped = True

    def copy_into(self, other: Store[E]) -> None:
        """Have another one, which is empty, hold the same entries."""
        other.live, other.removed = self.live.copy(), self.removed.copy()
        other.wide, other.dying = dict(self.wide), dict(self.dying)
        other.due, other.now = list(self.due), self.now

    def get(self, key: bytes) -> E | None:
        """Return the entry of a field, be it live or a tombstone."""
        entry = self.live.get(key)
        if entry is None and key in self.removed:
            entry = self.removed[key][1]
        if entry is None and self.dying:
            entry = self.dying.get(key)
        return entry

    def settle(self, now: int, time: Time) -> None:
        """Let go of what is dead by now; the feed has come to this time.

        What has a tombstone for some time keeps it for so long, without anybody being told. What a
        register held last stays with the dying.
        """
        self.now = now
        while self.due and self.due[0][0] <= now:
            _, key = heappop(self.due)
            entry: Any = self.live.get(key)
            if entry is not None and entry.last_deadline <= now:
                self.dying[key] = self.live.pop(key)
                self.wide.pop(key, None)
                heappush(self.due, (entry.last_deadline + MARGIN, key))
                continue
            entry = self.dying.get(key) if self.kind.has_dots else None
            if entry is not None and entry.last_deadline + MARGIN <= now:
                self._bury(key, time)
                continue
            entry = self.removed[key][1] if key in self.removed else None
            if entry is not None and entry.is_past(now):
                del self.removed[key]

    def _bury(self, key: bytes, time: Time) -> None:
        entry: Any = self.dying.pop(key)
        if not entry.is_past(self.now):
            self.put(key, entry.replaced({}), time)

    def _await_end(self, key: bytes, entry: Any) -> None:
        end = entry.horizon + MARGIN if entry.is_tombstone else entry.last_deadline
        if end < FOREVER:
            heappush(self.due, (end, key))

    def put(self, key: bytes, entry: Any, time: Time) -> None:
        """Store an entry that came to be at this time."""
        self.dropped = False
        if self.dying:
            self.dying.pop(key, None)
        if self.kind.expires and entry.expiry is not None:
            self._await_end(key, entry)
        if entry.is_tombstone:
            self.live.pop(key, None)
            self.removed[key] = (time, entry)
        else:
            if self.removed:
                self.removed.pop(key, None)
            self.live[key] = entry
            if self.kind.has_dots:
                self._note_width(key, entry, time)

    def _note_width(self, key: bytes, entry: Any, time: Time) -> None:
        if entry.is_wide:
            self.wide[key] = time

    def differing(self, entries: Iterable[tuple[bytes, E]]) -> dict[bytes, E]:
        """Return those of the entries that are not the same here.

        Collections that were merged before share most entries, and what is the same object is
        known to be equal without a look into it.
        """
        live = self.live
        return {
            key: entry
            for key, entry in entries
            if (mine := live.get(key)) is not entry and (mine or self.get(key)) != entry
        }

    def entries(self) -> Iterator[tuple[bytes, E]]:
        """Yield all fields with their entries, live ones first."""
        yield from self.live.items()
        if not self.kind.has_dots:
            yield from self.dying.items()
        for key, (_, entry) in self.removed.items():
            yield key, entry


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """What was written at one time: for each reference the letter of the kind with the name, and
    the field. The tag says from where a pull brought it, and when."""

    time: Time
    refs: tuple[tuple[bytes, bytes], ...]
    tag: Dot | None


class Bell:
    """Wakes the threads that watch a feed; a copy is a new one, which nobody listens to."""

    def __init__(self) -> None:
        self.condition = Condition()

    def ring(self) -> None:
        """Wake all who wait."""
        with self.condition:
            self.condition.notify_all()

    def __reduce__(self) -> tuple[type[Bell], tuple[()]]:
        return Bell, ()
