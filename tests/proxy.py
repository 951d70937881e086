"""A network between programs and a server, that is far and misbehaves: a TCP proxy."""

from __future__ import annotations

import multiprocessing
import os
import random
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from multiprocessing.connection import Connection
from select import select
from threading import Condition, Event, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

Mode = Literal["open", "cut", "stalled", "delayed", "truncated", "duplicated"]

DELAY = 0.05
"""For how many seconds a delaying network holds everything up."""

AT_ONCE = 65536
"""How many bytes are read at once at most."""

QUEUE = 0.02
"""For how many seconds bytes wait in front of a network that is full; the rest stays with those
who send it, who take turns."""

TURN = 0.002
"""For how many seconds one connection fills a network before the next one's turn."""

WIDE = 1e9
"""How many bytes per second a network can be filled with that has no limit."""

UNREAD = 4_000_000
"""How many bytes are kept for one who does not read, beside those that are on their way."""


@dataclass(frozen=True)
class Distance:
    """How far, how wide and how lasting a network is, each in either direction.

    As with TCP, bytes stay in order, a connection takes a round trip to come about, its end is
    heard of as late as all else, and who sends waits for who does not read. Unlike with TCP, one
    does not begin slowly, and headers and acknowledgements take nothing of the bandwidth.
    """

    delay: float = 0.0
    """For how many seconds bytes are on their way."""
    jitter: float = 0.0
    """For how many seconds longer at most, at random; who comes later may then wait for them."""
    bandwidth: float | None = None
    """How many bytes pass per second, those of all connections together."""
    lasts: int | None = None
    """After how many bytes, on average, and twice as many at most, a connection breaks. What is on
    its way is lost."""
    seed: str = ""

    @property
    def round_trip(self) -> float:
        """How many seconds it takes there and back, without jitter."""
        return 2 * self.delay

    @property
    def window(self) -> float:
        """How many bytes of one connection may be held in one direction."""
        return UNREAD + (self.bandwidth or WIDE) * (self.delay + self.jitter + QUEUE)

    @property
    def turn(self) -> int:
        """How many bytes one connection may send before the next one's turn."""
        return AT_ONCE if self.bandwidth is None else min(AT_ONCE, int(self.bandwidth * TURN) + 1)


NEAR = Distance()


class Carried(NamedTuple):
    """What a network has taken in since it began."""

    requests: int
    """In bytes, as are the replies."""
    replies: int
    connections: int
    broken: int
    """How many connections have broken since they do not last."""

    def __sub__(self, other: Carried) -> Carried:
        return Carried(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


def end_of_message(buffer: bytes | bytearray, at: int = 0) -> int | None:
    """Return where the RESP message that begins there ends; None where it is not whole yet."""
    line_end = buffer.find(b"\r\n", at)
    if line_end < 0:
        return None
    sign, end = buffer[at : at + 1], line_end + 2
    if sign in b"$=!":
        size = int(buffer[at + 1 : line_end])
        end += size + 2 if size >= 0 else 0
        return end if end <= len(buffer) else None
    if sign in b"*~>%":
        for _ in range(int(buffer[at + 1 : line_end]) * (2 if sign == b"%" else 1)):
            after = end_of_message(buffer, end)
            if after is None:
                return None
            end = after
    return end


class _Broken(OSError):
    """A connection ends where the network has it end."""


class _Way:
    """One direction of the network, for all connections."""

    def __init__(self, distance: Distance) -> None:
        self._distance = distance
        self._chance = random.Random(f"jitter {distance.seed}")
        self.carried = 0
        self.open_from = -inf
        """From when on it takes in more."""
        self._free_from = -inf

    def arrival(self, size: int, now: float) -> float:
        """Take in so many bytes; returns when they arrive."""
        self.carried += size
        distance = self._distance
        if distance.bandwidth is not None:
            now = self._free_from = max(self._free_from, now) + size / distance.bandwidth
            self.open_from = now - QUEUE
        if distance.jitter:
            now += self._chance.uniform(0, distance.jitter)
        return now + distance.delay


class _Lane:
    """One direction of a connection: what was read from one end is on its way to the other."""

    def __init__(self, way: _Way, source: socket.socket, sink: socket.socket, opens: float) -> None:
        self.way, self.source, self.sink = way, source, sink
        self.held: deque[tuple[float, bytes | memoryview | None]] = deque()
        """What arrives when: data, an end as empty data, and None where the connection breaks."""
        self.size = 0
        self.is_ended = False
        """Whether the source will send no more."""
        self.is_over = False
        """Whether the sink was told so."""
        self.is_blocked = False
        """Whether the sink does not read."""
        self._last = opens

    def put(self, data: bytes | None, now: float) -> None:
        """Send something on its way, after all that is already."""
        size = len(data or b"")
        self._last = max(self._last, self.way.arrival(size, now))
        self.held.append((self._last, data))
        self.size += size

    def let_go(self, now: float) -> None:
        """Deliver what has arrived. Raises :class:`OSError` where the connection has ended."""
        self.is_blocked = False
        while self.held and self.held[0][0] <= now:
            due, data = self.held[0]
            if data is None:
                raise _Broken
            if not data:
                self.sink.shutdown(socket.SHUT_WR)
                self.is_over = True
            else:
                try:
                    sent = self.sink.send(data)
                except BlockingIOError:
                    self.is_blocked = True
                    return
                self.size -= sent
                if sent < len(data):
                    self.held[0] = due, memoryview(data)[sent:]
                    continue
            self.held.popleft()


class _Pair:
    """A client's connection, and the one to the server that serves it."""

    def __init__(
        self, ends: tuple[socket.socket, socket.socket], ways: tuple[_Way, _Way], opens: float
    ) -> None:
        self.client, self.server = ends
        self.up = _Lane(ways[0], self.client, self.server, opens)
        self.down = _Lane(ways[1], self.server, self.client, opens)
        self.lanes = self.up, self.down
        self.left = inf
        """After how many more bytes it breaks."""
        self.is_breaking = False
        self._requests, self._replies = bytearray(), bytearray()
        self._is_first = True

    @property
    def is_over(self) -> bool:
        """Whether both sides have ended it, and heard of that."""
        return self.up.is_over and self.down.is_over

    def close(self) -> None:
        self.client.close()
        self.server.close()

    def read(self, lane: _Lane, at_most: int, mode: Mode, now: float) -> None:
        """Read what one end has sent. Raises :class:`OSError` where the connection has ended."""
        try:
            data = lane.source.recv(at_most)
        except BlockingIOError:
            return
        if not data:
            lane.is_ended = True
            lane.put(b"", now)
            return
        if mode == "delayed":
            now += DELAY
        elif mode == "duplicated":
            data = self._doubled(data) if lane is self.up else self._halved(data)
        elif mode == "truncated" and lane is self.down and len(data) > 100:
            data = data[: len(data) // 2]
            self.is_breaking = True
        if len(data) >= self.left:
            data = data[: int(self.left)]
            self.is_breaking = True
        self.left -= len(data)
        if data:
            lane.put(data, now)
        if self.is_breaking:
            lane.put(None, now)

    def _doubled(self, data: bytes) -> bytes:
        """Return each request that is whole twice."""
        self._requests += data
        whole = bytearray()
        while end := end_of_message(self._requests):
            whole += self._requests[:end] * 2
            del self._requests[:end]
        return bytes(whole)

    def _halved(self, data: bytes) -> bytes:
        """Return every second reply: the one to the request that came again."""
        self._replies += data
        whole = bytearray()
        while end := end_of_message(self._replies):
            if not self._is_first:
                whole += self._replies[:end]
            self._is_first = not self._is_first
            del self._replies[:end]
        return bytes(whole)


class Proxy:
    """Passes connections on to a server, at a TCP port of this machine or a unix socket.

    What it does to them is its mode, and each change of that breaks all connections, but for the
    one to ``stalled``. ``cut`` accepts none; ``stalled`` lets nothing through; ``delayed`` holds
    everything up; ``truncated`` breaks them in the middle of a reply; ``duplicated`` sends each
    request twice, and passes on the second reply. How far it reaches stays as it is meanwhile.
    """

    def __init__(self, target: int | str, distance: Distance = NEAR) -> None:
        self.target = target
        self.distance = distance
        self._mode: Mode = "open"
        self._is: Mode = "open"
        """The mode that is in force."""
        self._changed = Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._pairs: list[_Pair] = []
        self._ways = _Way(distance), _Way(distance)
        self._chance = random.Random(f"breaks {distance.seed}")
        self._connections = self._broken = 0
        self._over = Event()
        self._bell, self._ear = socket.socketpair()
        self._thread = Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}"

    def carried(self) -> Carried:
        """Tell what has passed so far."""
        up, down = self._ways
        return Carried(up.carried, down.carried, self._connections, self._broken)

    def cut(self) -> None:
        """Drop all connections, and accept no more."""
        self.become("cut")

    def stall(self) -> None:
        """Keep all connections, but let nothing through."""
        self.become("stalled")

    def heal(self) -> None:
        """Let everything through again; what was held up is lost with its connections."""
        self.become("open")

    def become(self, mode: Mode) -> None:
        """Change the mode. It is so when this returns: who connects then is not dropped by it."""
        self._mode = mode
        self._bell.send(b"!")
        with self._changed:
            self._changed.wait_for(lambda: self._is == self._mode or not self._thread.is_alive())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._bell.send(b"!")
        self._thread.join()
        with self._changed:
            self._changed.notify_all()
        for pair in self._pairs:
            self._drop(pair)
        for end in (self._listener, self._bell, self._ear):
            end.close()

    def _drop(self, pair: _Pair) -> None:
        self._pairs = [other for other in self._pairs if other is not pair]
        pair.close()

    def _run(self) -> None:
        while not self._over.is_set():
            mode = self._mode
            if mode != self._is:
                for pair in self._pairs if mode != "stalled" else ():
                    self._drop(pair)
                with self._changed:
                    self._is = mode
                    self._changed.notify_all()
            readable = self._wait(mode)
            now = monotonic()
            for pair in self._pairs:
                try:
                    for lane in pair.lanes:
                        if lane.source in readable:
                            pair.read(lane, self.distance.turn, mode, now)
                        if lane.held and mode != "stalled":
                            lane.let_go(now)
                except OSError as error:
                    self._broken += isinstance(error, _Broken) and mode != "truncated"
                    self._drop(pair)
                else:
                    if pair.is_over:
                        self._drop(pair)
            if self._ear in readable:
                self._ear.recv(4096)
            if self._listener in readable:
                self._accept(mode)

    def _wait(self, mode: Mode) -> set[socket.socket]:
        """Wait until there is something to do; returns what can be read from."""
        now, until = monotonic(), inf
        reading, writing = [self._ear, self._listener], []
        for pair in self._pairs if mode != "stalled" else ():
            for lane in pair.lanes:
                if lane.is_blocked:
                    writing.append(lane.sink)
                elif lane.held:
                    until = min(until, lane.held[0][0])
                if lane.is_ended or pair.is_breaking or lane.size >= self.distance.window:
                    continue
                if lane.way.open_from > now:
                    until = min(until, lane.way.open_from)
                else:
                    reading.append(lane.source)
        seconds = None if until == inf else max(0.0, until - now)
        return set(select(reading, writing, [], seconds)[0])

    def _accept(self, mode: Mode) -> None:
        client: socket.socket | None = None
        server: socket.socket | None = None
        try:
            client, _ = self._listener.accept()
            if mode == "cut":
                raise ConnectionRefusedError
            where = ("127.0.0.1", self.target) if isinstance(self.target, int) else self.target
            server = socket.socket(socket.AF_UNIX if where is self.target else socket.AF_INET)
            server.settimeout(1)  # at most, as where nobody accepts
            server.connect(where)
        except OSError:
            for end in (client, server):
                if end is not None:
                    end.close()
            return
        for end in (client, server):
            end.setblocking(False)
            if end.family == socket.AF_INET:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The client was told at once that it is connected, a round trip too early.
        opens = monotonic() + 3 * self.distance.delay
        pair = _Pair((client, server), self._ways, opens)
        if self.distance.lasts is not None:
            pair.left = max(1, int(self._chance.uniform(0, 2 * self.distance.lasts)))
        self._connections += 1
        self._pairs.append(pair)


class ProxyProcess:
    """A proxy in a process of its own, whose work is then not that of whom it serves."""

    def __init__(self, target: int | str, distance: Distance = NEAR) -> None:
        self.target, self.distance = target, distance
        self.url = ""

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        args = self.target, self.distance, theirs
        self._process = context.Process(target=_serve, args=args, daemon=True)
        self._process.start()
        theirs.close()
        self.url = self._pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join()

    def carried(self) -> Carried:
        """Tell what has passed so far."""
        return Carried(*self._ask("carried"))

    def become(self, mode: Mode) -> None:
        """Change the mode."""
        self._ask(mode)

    def _ask(self, what: str) -> Any:
        self._pipe.send(what)
        return self._pipe.recv()


def _serve(target: int | str, distance: Distance, pipe: Connection) -> None:
    with suppress(PermissionError):
        os.nice(-10)  # a network is not slower where a machine has other things to do
    with Proxy(target, distance) as proxy, suppress(EOFError):
        pipe.send(proxy.url)
        while True:
            asked = pipe.recv()
            if asked != "carried":
                proxy.become(asked)
            pipe.send(proxy.carried())
