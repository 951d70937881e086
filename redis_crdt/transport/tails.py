"""The tail of feeds: what happens now, read once for all watchers of a replica object.

A watcher that has read all that has been takes a seat at the tail. One of those who wait there
leads: it reads, blocking, and lays what it has read before those whom it concerns. Once it has
something for itself, or leaves, the next one leads. So however many watch, and whatever becomes of
any of them, one blocked read is on its way, and nobody is woken by what is none of his business.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from os import getpid
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol

from redis_crdt.core.names import Keys
from redis_crdt.errors import CRDTError, FeedTrimmed, InvalidCursor
from redis_crdt.operations import replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Executor, Listen, Procedure, Wait

Entry = tuple[int, bytes, Sequence[bytes]]
"""An entry of a feed: the shard, its id, and what it has."""

_CURSOR = re.compile(r"(\d{1,15})-(\d{1,15})(?:/(\d{1,9}))?(?:@([\w.#-]{1,96}))?", re.ASCII)
_LAST_SEQ = 2**64 - 1

MAX_WAIT: Final = 1.0
"""For how many seconds at most one waits for another who leads, before it looks again."""

MAX_NEWS: Final = 1024
"""How many entries are laid before a watcher that does not come for them; then it reads itself."""


class Position(NamedTuple):
    """Up to where one shard's feed has been read: an id, or some references of that entry."""

    id: bytes
    taken: int = 0
    writer: str | None = None
    """The incarnation of the replica that the feed then was of."""

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read one shard's part of a cursor; InvalidCursor if it is none."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise InvalidCursor(f"not a cursor of a watch: {text[:80]!r}")
        return cls(f"{match[1]}-{match[2]}".encode(), int(match[3] or 0), match[4])

    def __str__(self) -> str:
        taken = f"/{self.taken}" if self.taken else ""
        return self.id.decode() + taken + (f"@{self.writer}" if self.writer else "")

    @property
    def after(self) -> bytes:
        """The id after which to read: of an entry taken in part, the one before."""
        if not self.taken:
            return self.id
        ms, seq = time_of(self.id)
        return b"%d-%d" % ((ms, seq - 1) if seq else (ms - 1, _LAST_SEQ))

    def on(self, feed: replies.Feed) -> Position:
        """Return where to go on in a feed as it is now.

        Where its server has come back without its last writes, that is where those were lost.
        Raises :class:`FeedTrimmed` if the feed does not reach back, or is of another life.
        """
        here, writer = self, self.writer or feed.writer
        if writer != feed.writer:
            writers = [past for past, _ in feed.past]
            if writer not in writers:
                raise FeedTrimmed(
                    f"the replica has begun anew since {self}: read the state anew, and watch from "
                    "now on"
                )
            cuts = [cut for _, cut in feed.past[writers.index(writer) :]]
            lost = min(cuts, key=time_of)
            if time_of(lost) < time_of(self.after):
                here = Position(lost)
        if time_of(here.after) < time_of(feed.reach):
            raise FeedTrimmed(
                f"the feed no longer reaches back to {self}: read the state anew, and watch from "
                "now on; a larger feed_limit keeps more"
            )
        return here._replace(writer=feed.writer)


def time_of(id_: bytes) -> tuple[int, int]:
    """Return the two numbers of an id."""
    ms, seq = map(int, id_.split(b"-"))
    return ms, seq


Positions = dict[int, Position]
"""For each shard, where one is."""


class Watched(Executor, Protocol):
    """A replica that can be watched."""

    shards: int
    tails: dict[tuple[int, ...], Tail]
    """The tails at which anybody sits, by the shards that are watched together."""

    def keys(self, shard: int) -> Keys:
        """Return the keys of a shard."""

    def bell(self) -> Any:
        """Make a bell for one who waits."""


Reached = Mapping[int, Position]
"""The same, of a tail."""


def find(replica: Watched, shard: int, at: Position | None) -> Procedure[tuple[Position, bool]]:
    """Look where to go on in a shard's feed as it is now; without a position, from now on.

    Also returns whether something in the shard has a deadline.
    """
    seen, writer = (at.id, at.writer) if at else (b"", None)
    feed = yield replica, ask.position(replica.keys(shard), seen, writer, "watch")
    return (at.on(feed) if at else Position(feed.clock, 0, feed.writer)), feed.expires


class Seat:
    """The place of one watcher at the tail."""

    def __init__(self, only: frozenset[bytes] | None, bell: Any) -> None:
        self.only = only
        """The names whose changes concern it; None for all."""
        self.bell = bell
        self.behind = True
        """Whether it has to read by itself, as not all is laid before it."""
        self.losses = 0
        """How often the feed has lost something: then its position is to be held against it."""
        self.news: deque[Entry | Reached] = deque()
        """What was laid before it; and in its place up to where all was, if only of others."""
        self.error: CRDTError | None = None

    @property
    def is_called(self) -> bool:
        """Whether there is something for it."""
        return bool(self.news or self.behind or self.error)


class Tail:
    """What happens now in some shards of a replica."""

    def __init__(self, replica: Watched, shards: tuple[int, ...]) -> None:
        self.pid = getpid()
        self._replica = replica
        self._shards = shards
        self._positions: Positions = {}
        self.expiring: set[int] = set()
        """The shards in which something has a deadline."""
        self._seats: dict[Seat, None] = {}
        self._by_name: dict[bytes, dict[Seat, None]] = {}
        self._lead: list[None] = [None]
        """Empty while somebody leads. Taking it out is one step, whatever threads do."""
        self._waiting: dict[Seat, None] = {}
        self._next: Seat | None = None
        """Who was called to lead."""

    def sit(self, only: frozenset[bytes] | None) -> Seat:
        """Take a seat; it is to be left."""
        seat = Seat(only, self._replica.bell())
        self._seats[seat] = None
        for name in only or ():
            self._by_name.setdefault(name, {})[seat] = None
        return seat

    def leave(self, seat: Seat) -> None:
        """Leave a seat."""
        self._seats.pop(seat, None)
        for name in seat.only or ():
            seats = self._by_name.get(name, {})
            seats.pop(seat, None)
            if not seats:
                self._by_name.pop(name, None)
        if not self._seats and self._replica.tails.get(self._shards) is self:
            # The next who watches begins another, for nobody reads on; and replicas that nobody
            # needs are gone at once, with their connections, if nothing refers to them.
            self._replica.tails.pop(self._shards, None)

    def covers(self, positions: Positions) -> bool:
        """Whether all that comes after these positions is laid before those who sit here."""
        mine = dict(self._positions)
        return all(time_of(at.id) <= time_of(positions[shard].after) for shard, at in mine.items())

    def wait(self, seat: Seat, positions: Positions, seconds: float | None) -> Procedure[None]:
        """Wait until there is something for a seat; for so many seconds at most."""
        end = None if seconds is None else monotonic() + seconds
        try:
            while not seat.is_called:
                left = MAX_WAIT if end is None else min(MAX_WAIT, end - monotonic())
                if left <= 0:
                    break
                if self._take_lead():
                    try:
                        yield from self._read(positions, left)
                    finally:
                        self._lead.append(None)
                else:
                    self._waiting[seat] = None
                    if self._lead:  # who led has gone before it could see this one wait
                        left = 0
                    yield seat.bell, Listen(left)
        finally:
            self._waiting.pop(seat, None)
            self._call_next(seat)
        if seat.error:
            error, seat.error = seat.error, None
            raise error

    def _take_lead(self) -> bool:
        try:
            self._lead.pop()
        except IndexError:
            return False
        self._next = None
        return True

    def _call_next(self, seat: Seat) -> None:
        """Call another one to lead, unless somebody does or was called."""
        if self._next is seat:
            self._next = None
        if self._lead and self._next is None:
            for other in [*self._waiting]:
                self._next = other
                other.bell.ring()
                return

    def _read(self, positions: Positions, seconds: float) -> Procedure[None]:
        """Read on, and lay what has come before those whom it concerns."""
        for shard in self._shards:
            self._positions.setdefault(shard, positions[shard])
        before = dict(self._positions)
        starts = {shard: at.after for shard, at in before.items()}
        try:
            entries = yield self._replica, Wait(starts, seconds)
            for shard in {shard for shard, _, _ in entries} or self._shards:
                here, expires = yield from find(self._replica, shard, before[shard])
                (self.expiring.add if expires else self.expiring.discard)(shard)
                if here[:2] != before[shard][:2]:
                    return self._all_behind(before)
                self._positions[shard] = here
        except FeedTrimmed:
            return self._all_behind(before)
        except CRDTError as error:
            for seat in [*self._waiting]:
                seat.error = error
                seat.bell.ring()
            raise
        try:
            self._lay(entries)
        except BaseException:
            self._all_behind(before)  # who is interrupted may have laid a part
            raise

    def _all_behind(self, reached: Positions) -> None:
        """Have everybody look for himself: the feed has lost what was read of it."""
        self._positions.clear()
        for seat in [*self._seats]:
            if not seat.behind:
                seat.news.append(reached)
            seat.losses += 1
            seat.behind = True
            seat.bell.ring()

    def _lay(self, entries: Sequence[Entry]) -> None:
        concerned: set[Seat] = set()
        everything = [seat for seat in [*self._seats] if seat.only is None]
        for entry in entries:
            shard, id_, flat = entry
            names = set(flat[2::2] if flat[0] == b"" else flat[::2])
            # First, so that who catches up meanwhile either finds it here or reads it himself.
            self._positions[shard] = self._positions[shard]._replace(id=id_, taken=0)
            seats = {seat for name in names for seat in [*self._by_name.get(name, ())]}
            for seat in seats.union(everything):
                if len(seat.news) >= MAX_NEWS:
                    seat.behind = True
                if not seat.behind:
                    seat.news.append(entry)
                concerned.add(seat)
        reached = dict(self._positions)
        for seat in concerned:
            if not seat.behind:
                seat.news.append(reached)
            seat.bell.ring()


def tail_of(replica: Watched, shards: tuple[int, ...]) -> Tail:
    """Return the tail of these shards; another one in a process that was forked."""
    tail = replica.tails.get(shards)
    if tail is None or tail.pid != getpid():
        tail = replica.tails[shards] = Tail(replica, shards)
    return tail
