"""Flights of a replica that is awaited."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from redis_crdt.operations.operation import TROUBLE, Close, Landing
from redis_crdt.transport.bounds import bound
from redis_crdt.transport.flight.flight import LATER, Flight, Request


class AwaitedFlight(Flight):
    """A flight that is awaited."""

    _reading: asyncio.Task[Any] | None = None
    """The next reply, as long as it has not come: reading must not be broken off in its midst."""

    async def execute(self, operation: Any, /) -> Any:
        """Send a request, or wait for the next reply."""
        if isinstance(operation, Landing):
            return await self._land(operation.seconds)
        if isinstance(operation, Close):
            return await self._close()
        return await self._send(operation)

    async def _send(self, request: Request) -> None:
        packed = self._packed(request)
        try:
            if self._connection is None:
                self._connection = await self._connections.borrow(counts=False)
                bound(self._connection, True)
            await self._connection.send_packed_command([packed])
        except TROUBLE as error:
            # Where the reading has found the link broken meanwhile, redis-py has no writer.
            raise self._unsent(error, request) from error
        self.under_way.append(request)

    async def _land(self, seconds: float | None) -> Any:
        try:
            if seconds is None and self._reading is None:
                reply = await self._connection.read_response(disable_decoding=True)
            else:
                if self._reading is None:
                    reading = self._connection.read_response(disable_decoding=True)
                    self._reading = asyncio.ensure_future(reading)
                if not (await asyncio.wait({self._reading}, timeout=seconds))[0]:
                    return LATER
                done, self._reading = self._reading, None
                reply = done.result()
        except TROUBLE as error:
            return self._failed(error)
        return self._landed(reply)

    async def _close(self) -> None:
        if self.under_way:
            self.abandon()
        elif self._connection is not None:
            connection, self._connection = self._connection, None
            self._connections.give_back(connection)

    def abandon(self) -> None:
        """Give up what is under way, and the connection with it, at once."""
        self.under_way.clear()
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.add_done_callback(_hear)
            reading.cancel()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._connections.discard(connection)


def _hear(reading: asyncio.Future[Any]) -> None:
    """Take note of what became of a reading that nobody waits for any more."""
    with suppress(BaseException):
        reading.result()
