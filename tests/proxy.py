"""A network that misbehaves: a TCP proxy in front of a server."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress
from select import select
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Literal, Self

Mode = Literal["open", "cut", "stalled", "delayed", "truncated", "duplicated"]

DELAY = 0.05
"""For how many seconds a delaying network holds everything up."""


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


class _Pair:
    """A client's connection, and the one to the server that serves it."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.held: deque[tuple[float, socket.socket, bytes]] = deque()
        self.requests, self.replies = bytearray(), bytearray()
        self.is_first = True

    def close(self) -> None:
        self.client.close()
        self.server.close()

    def double(self, data: bytes) -> None:
        """Send each request twice."""
        self.requests += data
        while end := end_of_message(self.requests):
            self.server.sendall(self.requests[:end] * 2)
            del self.requests[:end]

    def halve(self, data: bytes) -> None:
        """Pass on every second reply: the one to the request that came again."""
        self.replies += data
        while end := end_of_message(self.replies):
            if not self.is_first:
                self.client.sendall(self.replies[:end])
            self.is_first = not self.is_first
            del self.replies[:end]


class Proxy:
    """Passes connections on to a server, at a TCP port of this machine or a unix socket.

    What it does to them is its mode, and each change of that breaks all connections, but for the
    one to ``stalled``. ``cut`` accepts none; ``stalled`` lets nothing through; ``delayed`` holds
    everything up; ``truncated`` breaks them in the middle of a reply; ``duplicated`` sends each
    request twice, and passes on the second reply.
    """

    def __init__(self, target: int | str) -> None:
        self.target = target
        self._mode: Mode = "open"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[_Pair] = []
        self._over = Event()
        self._bell, self._ear = socket.socketpair()
        self._thread = Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}"

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
        """Change the mode."""
        self._mode = mode
        self._bell.send(b"!")

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
        self._drop()
        for end in (self._listener, self._bell, self._ear):
            end.close()

    def _drop(self) -> None:
        for pair in self._pairs:
            pair.close()
        self._pairs.clear()

    def _run(self) -> None:
        before: Mode = "open"
        while not self._over.is_set():
            mode = self._mode
            if mode != before:
                if mode != "stalled":
                    self._drop()
                before = mode
            whose = {end: pair for pair in self._pairs for end in (pair.client, pair.server)}
            waiting = [self._ear, self._listener, *(() if mode == "stalled" else whose)]
            for end in select(waiting, [], [], self._until_due())[0]:
                if end is self._ear:
                    end.recv(4096)
                elif end is self._listener:
                    self._accept(mode)
                elif whose[end] in self._pairs and not self._pass_on(end, whose[end], mode):
                    self._pairs.remove(whose[end])
                    whose[end].close()
            if mode != "stalled":
                self._let_go()

    def _accept(self, mode: Mode) -> None:
        client, _ = self._listener.accept()
        server: socket.socket | None = None
        with suppress(OSError):
            if isinstance(self.target, int):
                server = socket.create_connection(("127.0.0.1", self.target))
            else:
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.target)
        if mode == "cut" or server is None or server.fileno() < 0:
            client.close()
            if server is not None:
                server.close()
            return
        for end in (client, server):
            end.settimeout(10)  # who does not read must not hold the others up for ever
        self._pairs.append(_Pair(client, server))

    def _pass_on(self, end: socket.socket, pair: _Pair, mode: Mode) -> bool:
        with suppress(OSError):
            data = end.recv(65536)
            if not data:
                return False
            other = pair.server if end is pair.client else pair.client
            if mode == "delayed":
                pair.held.append((monotonic() + DELAY, other, data))
            elif mode == "duplicated":
                pair.double(data) if end is pair.client else pair.halve(data)
            elif mode == "truncated" and end is pair.server and len(data) > 100:
                other.sendall(data[: len(data) // 2])
                return False
            else:
                other.sendall(data)
            return True
        return False

    def _until_due(self) -> float | None:
        due = [pair.held[0][0] for pair in self._pairs if pair.held]
        return max(0.0, min(due) - monotonic()) if due else None

    def _let_go(self) -> None:
        for pair in self._pairs.copy():
            try:
                while pair.held and pair.held[0][0] <= monotonic():
                    _, end, data = pair.held.popleft()
                    end.sendall(data)
            except OSError:
                self._pairs.remove(pair)
                pair.close()
