"""Bells: by them one watcher wakes another."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from queue import Empty, SimpleQueue

from redis_crdt.operations.operation import Executor, Listen


class Bell(Executor):
    """Wakes the thread that waits for it, or that will next.

    It has no lock that an exception out of a signal's handler could leave locked.
    """

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """Wake whoever waits; rung several times, it is heard once."""
        if self._rung.empty():
            self._rung.put(None)

    def execute(self, listen: Listen, /) -> None:
        """Wait until the bell rings."""
        with suppress(Empty):
            self._rung.get(timeout=listen.seconds)


class AwaitedBell(Executor):
    """Wakes the task that waits for it, or that will next."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits; rung several times, it is heard once."""
        self._rung.set()

    async def execute(self, listen: Listen, /) -> None:
        """Wait until the bell rings."""
        with suppress(TimeoutError):
            async with asyncio.timeout(listen.seconds):
                await self._rung.wait()
        self._rung.clear()
