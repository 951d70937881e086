"""Flights of a replica that is awaited."""

from __future__ import annotations

from asyncio import timeout
from typing import Any

from redis._parsers.hiredis import NOT_ENOUGH_DATA
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from redis_crdt.operations.operation import TROUBLE, Close, Landing, told
from redis_crdt.transport.bounds import bound
from redis_crdt.transport.flight.flight import LATER, Flight, Request

READ_SIZE = 65_536


class AwaitedFlight(Flight):
    """A flight that is awaited.

    redis-py makes the connection. From then on requests are written to it, and replies taken from
    it, without what redis-py does for each: it would look first whether the link is well, by a
    command whose reply comes behind those that are under way.
    """

    async def execute(self, operation: Any, /) -> Any:
        """Send a request, or wait for the next reply."""
        if isinstance(operation, Landing):
            return await self._land(operation.seconds)
        if isinstance(operation, Close):
            return self._close()
        return await self._send(operation)

    async def _send(self, request: Request) -> None:
        packed = self._packed(request)
        try:
            if self._connection is None:
                self._connection = await self._connections.borrow(counts=False)
                bound(self._connection, True)
            if packed:
                writer, reader = self._connection._writer, self._connection._reader
                if writer.is_closing() or reader.at_eof():  # to write to it would tell nothing
                    raise RedisConnectionError("the server closed the connection")
                writer.write(packed)
        except TROUBLE as error:
            # Where the link was found broken meanwhile, redis-py has no writer.
            raise self._unsent(error, request) from error
        self.under_way.append(request)

    async def _land(self, seconds: float | None) -> Any:
        try:
            reply = self._taken()
            if reply is NOT_ENOUGH_DATA:
                reply = await self._next_reply(seconds)
        except TROUBLE as error:
            return self._failed(error)
        return reply if reply is LATER else self._landed(reply)

    def _taken(self) -> Any:
        """Take the next reply out of what has come; raises what the server says in its place."""
        parser = self._connection._parser
        reply = parser._reader.gets(False)
        while type(reply) is parser._hiredis_PushNotificationType:  # which nobody asked for
            reply = parser._reader.gets(False)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def _next_reply(self, seconds: float | None) -> Any:
        patience = self._connection.socket_timeout
        try:
            async with timeout(patience if seconds is None else seconds) as limit:
                while True:
                    # To break this off takes nothing away of what has come.
                    data = await self._connection._reader.read(READ_SIZE)
                    if not data:
                        raise RedisConnectionError("the server closed the connection")
                    self._connection._parser._reader.feed(data)
                    reply = self._taken()
                    if reply is not NOT_ENOUGH_DATA:
                        return reply
        except TimeoutError as error:
            if seconds is not None and limit.expired():
                return LATER
            raise RedisTimeoutError(told(error)) from error
        except OSError as error:
            raise RedisConnectionError(told(error)) from error

    def _close(self) -> None:
        if self.under_way:
            self.abandon()
        elif self._connection is not None:
            connection, self._connection = self._connection, None
            self._connections.give_back(connection)

    def abandon(self) -> None:
        """Give up what is under way, and the connection with it, at once."""
        self.under_way.clear()
        self._held = b""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._connections.discard(connection)
