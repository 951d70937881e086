"""What a shard in memory is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import Condition
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from redis_crdt.clock import Dot, Time, new_writer
from redis_crdt.entries import Dots, Last, Total
from redis_crdt.kinds import Kind

if TYPE_CHECKING:
    from redis_crdt.memory.shard import Shard

E = TypeVar("E", Total, Last, Dots)


class Pen:
    """The right to write under one writer's name; only its holder has it.

    Two objects that both go on from one state must not count under one name, for each would
    hide the other's increments. So the pen passes to whichever object writes first, and any
    other takes a new one. A copy or pickle of a pen is a new one, too.
    """

    def __init__(self, replica_id: str) -> None:
        self.replica_id = replica_id
        self.writer = new_writer(replica_id)
        self.holder: Shard | None = None

    def __reduce__(self) -> tuple[type[Pen], tuple[str]]:
        return Pen, (self.replica_id,)


@dataclass(slots=True)
class Store(Generic[E]):
    """The entries of one collection; ``removed`` has the time of each removal, too."""

    kind: Kind
    live: dict[bytes, E] = field(default_factory=dict)
    removed: dict[bytes, tuple[Time, E]] = field(default_factory=dict)

    def get(self, key: bytes) -> E | None:
        """Return the entry of a field, be it live or a tombstone."""
        entry = self.live.get(key)
        if entry is None and key in self.removed:
            entry = self.removed[key][1]
        return entry

    def put(self, key: bytes, entry: E, time: Time) -> None:
        """Store an entry that came to be at this time."""
        if entry.is_tombstone:
            self.live.pop(key, None)
            self.removed[key] = (time, entry)
        else:
            self.removed.pop(key, None)
            self.live[key] = entry

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
        for key, (_, entry) in self.removed.items():
            yield key, entry


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """What was written at one time. The tag says from where a pull brought it, and when."""

    time: Time
    refs: tuple[tuple[bytes, bytes], ...]
    tag: Dot | None


class Peer(NamedTuple):
    """How far in this replica's feed a peer has come; see ``lua/lib/peers.lua``."""

    position: Time
    base: Time | None


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
