"""The window: how many requests are on their way to a source at once.

Distance costs its delay once, not for each batch: while one is joined others are under way, and the
source goes on with its reading (``lua/lib/pull_progress.lua``) without hearing what became of the
last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from math import inf
from secrets import token_hex
from time import monotonic
from typing import Any, TypeVar

from redis_crdt.operations.operation import Close, Landing, Procedure, Script, Wait
from redis_crdt.sync.party import Party
from redis_crdt.transport.flight.flight import LATER, LOST, Flight

R = TypeVar("R")

AT_FIRST, AT_MOST = 16, 128
"""How many requests are under way."""

FAR_AT_LEAST = 8
"""How many may be under way to a source that is far, however slow it seems."""

MAX_BYTES = 8_000_000
"""About how many bytes of replies are under way at most."""

AT_ONCE = 2
"""How many are under way however close the last was sent: one is answered while one is joined."""

PACE = 0.002
"""How many seconds lie between all others, but for pairs: each keeps the source busy, while others
wait."""

FAR = 0.01
"""A source is far if each answer takes so many seconds or more."""

LATEST = 8
"""Of so many answers the one that took least tells whether requests wait: one may be late."""

FORGETTING = 1.002
"""With each answer the shortest time of one is taken to be so much longer, for ways change."""


class Window:
    """Requests on their way to one shard of a source."""

    def __init__(self, source: Party, shard: int) -> None:
        self._source, self._shard = source, shard
        self._flight: Flight | None = None
        self.token = b""
        self._number = 0
        self._free_at = 0.0
        """Until when all that was sent keeps the source busy."""
        self._sent: deque[float | None] = deque()
        """When what is under way was sent; None where that does not matter."""
        self._size = float(AT_FIRST)
        self._latest: deque[float] = deque(maxlen=LATEST)
        self._shortest = inf
        """For how many seconds an answer is on its way if nothing holds it up."""
        self._mean = 0.0

    @property
    def size(self) -> int:
        """How many requests may be under way now."""
        most = MAX_BYTES / self._mean if self._mean else AT_MOST
        return int(max(AT_ONCE, min(self._size, most, AT_MOST)))

    @property
    def under_way(self) -> int:
        """How many are under way."""
        return len(self._flight.under_way) if self._flight else 0

    @property
    def goes_on(self) -> bool:
        """Whether the source knows how far it was read."""
        return self._number > 0

    @property
    def round_trip(self) -> float:
        """How many seconds an answer takes if nothing holds it up; 0 if that is not known."""
        return self._shortest if self._shortest < inf else 0.0

    @property
    def is_far(self) -> bool:
        """Whether the way to the source takes longer than what it is asked for."""
        return self.round_trip >= FAR

    def begin(self) -> Procedure[bytes]:
        """Begin a reading anew; returns its token, to be sent with the first request."""
        yield from self.stop()
        self.token = token_hex(8).encode()
        return self.token

    def begun(self, number: int, seconds: float) -> None:
        """Note the number of the first reply, to a request that went without a flight.

        ``seconds`` is how long that took, as a first guess.
        """
        self._shortest = min(self._shortest, seconds)
        self._number = number if self._has_flight() else 0

    def next(
        self, request: Callable[[], Script[R]], most: int | None = None
    ) -> Procedure[R | None]:
        """Ask for what comes next as often as there is room, ``most`` times at most.

        Each request is made when it is sent. Returns the next reply; None where it is not the one
        after the last. Then the reading is to begin anew.
        """
        while True:
            room = min(self.size, self.size if most is None else most) - self.under_way
            due = self._due(self.under_way)
            if room > 0 and due <= 0 and self._has_flight():
                yield from self.send(request())
                continue
            if not self.under_way:
                return None
            reply = yield from self._land(due if room > 0 else None)
            if reply is LATER:
                continue
            if reply is LOST:
                return None
            if reply.number != self._number + 1:
                self.abandon()
                return None
            self._number = reply.number
            self._weigh(sum(map(len, reply.body)))
            result: R = reply
            return result

    def _due(self, under_way: int) -> float:
        """Return in how many seconds one more may be sent."""
        return 0.0 if under_way < AT_ONCE else self._free_at - PACE - monotonic()

    def _has_flight(self) -> bool:
        self._flight = self._flight or self._source.flight(self._shard)
        return self._flight is not None

    def send(self, request: Script[Any] | Wait) -> Procedure[None]:
        """Send a request; only where the reading goes on."""
        if not self._has_flight():
            return
        assert self._flight is not None
        now = monotonic()
        self._free_at = max(self._free_at, now) + PACE
        # How long what is behind a wait takes says nothing of the way.
        waits = any(isinstance(request, Wait) for request in self._flight.under_way)
        self._sent.append(None if waits else now)
        yield self._flight, request

    def each(
        self, requests: Iterable[Script[R]], take: Callable[[R], Procedure[Script[R] | None]]
    ) -> Procedure[None]:
        """Have each request answered, several on their way at once; ``take`` is given each reply.

        It returns a request for what the reply did not have, if anything.
        """
        left = deque(requests)
        flight = self._has_flight()
        going: deque[Script[R]] = deque()
        while left or going:
            due = self._due(len(going))
            if left and flight and len(going) < self.size and due <= 0:
                going.append(left.popleft())
                yield from self.send(going[-1])
                continue
            if flight:
                reply = yield from self._land(due if left and len(going) < self.size else None)
                if reply is LATER:
                    continue
                if reply is LOST:
                    flight = False
                    left.extendleft(reversed(going))
                    going.clear()
                    continue
                going.popleft()
            else:
                reply = yield self._source, left.popleft()
            more = yield from take(reply)
            if more is not None:
                left.append(more)

    def _land(self, seconds: float | None) -> Procedure[Any]:
        """Return the next reply that is none of a wait."""
        flight = self._flight
        assert flight is not None
        while True:
            is_wait = isinstance(flight.under_way[0], Wait)
            reply = yield flight, Landing(seconds)
            if reply is LOST:
                self.abandon()
            if reply is LATER or reply is LOST:
                return reply
            sent = self._sent.popleft()
            if not is_wait:
                if sent is not None:
                    self._adapt(monotonic() - sent)
                return reply

    def _adapt(self, seconds: float) -> None:
        """Let fewer or more requests be under way, given for how long one was.

        As TCP Vegas does (Brakmo and Peterson, 1995): what answers take longer than the shortest
        tells how many requests wait, at the source or here; a few should, so that nobody idles.
        """
        self._latest.append(seconds)
        self._shortest = min(self._shortest * FORGETTING, seconds)
        under_way = self.under_way + 1
        if 2 * under_way < self._size:
            return  # for want of something to ask
        waiting = under_way * (1 - self._shortest / min(self._latest))
        if waiting < 0.5 + 0.1 * under_way:
            self._size = min(self._size + 1, AT_MOST)
        elif waiting > 1 + 0.2 * under_way:
            self._size = max(self._size - 1, FAR_AT_LEAST if self.is_far else AT_ONCE)

    def _weigh(self, size: int) -> None:
        self._mean = size if not self._mean else 0.8 * self._mean + 0.2 * size

    def pause(self) -> None:
        """Begin the next reading anew; a connection on which nothing is under way stays."""
        self._number = 0
        if self.under_way:
            self.abandon()

    def stop(self) -> Procedure[None]:
        """Begin the next reading anew, and give the connection back."""
        self._number = 0
        yield from self.rest()

    def abandon(self) -> None:
        """Give up what is under way, and the connection, at once."""
        self._number = 0
        self._sent.clear()
        flight, self._flight = self._flight, None
        if flight is not None:
            flight.abandon()

    def rest(self) -> Procedure[None]:
        """Give the connection back for now; the reading may go on with another.

        What is under way is waited for, and not heard: to make a connection takes longer. Then the
        reading does not go on, for of all that was told in it nothing may be missed.
        """
        while self.under_way:
            self._number = 0
            yield from self._land(None)
        flight, self._flight = self._flight, None
        if flight is not None:
            yield flight, Close()
