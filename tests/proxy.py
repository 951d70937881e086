"""A network that can be cut: a TCP proxy in front of a server."""

from __future__ import annotations

import socket
from contextlib import suppress
from select import select
from threading import Event, Thread
from types import TracebackType
from typing import Literal, Self

Mode = Literal["open", "cut", "stalled"]


class Proxy:
    """Passes connections on to a server; ``cut`` drops them all, ``stall`` holds them up."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._mode: Mode = "open"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._over = Event()
        self._thread = Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        """Drop all connections, and accept no more."""
        self._mode = "cut"

    def stall(self) -> None:
        """Keep all connections, but let nothing through."""
        self._mode = "stalled"

    def heal(self) -> None:
        """Let everything through again; what was held up is lost with its connections."""
        self._mode = "open"

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
        self._thread.join()
        self._drop()
        self._listener.close()

    def _drop(self) -> None:
        for pair in self._pairs:
            for end in pair:
                end.close()
        self._pairs.clear()

    def _run(self) -> None:
        before: Mode = "open"
        while not self._over.is_set():
            if self._mode != before:
                if self._mode == "cut" or before == "stalled":
                    self._drop()
                before = self._mode
            other = {a: b for pair in self._pairs for a, b in (pair, pair[::-1])}
            waiting = [self._listener, *(other if self._mode == "open" else ())]
            for end in select(waiting, [], [], 0.01)[0]:
                if end is self._listener:
                    self._accept()
                elif end in other and not self._pass_on(end, other[end]):
                    self._pairs = [pair for pair in self._pairs if end not in pair]
                    end.close()
                    other.pop(end).close()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._mode == "cut":
            client.close()
            return
        self._pairs.append((client, socket.create_connection(("127.0.0.1", self._target))))

    def _pass_on(self, end: socket.socket, other: socket.socket) -> bool:
        if end.fileno() < 0 or other.fileno() < 0:
            return True
        with suppress(OSError):
            data = end.recv(65536)
            if data:
                other.sendall(data)
                return True
        return False
