"""The connections of a replica to one server: those of asyncio."""

from __future__ import annotations

from asyncio import Semaphore
from functools import cached_property, partial
from typing import Any

from redis.asyncio.connection import Connection, UnixDomainSocketConnection

from redis_crdt.transport.awaiting import heeding_cancellation
from redis_crdt.transport.bounds import AwaitedBoundedParser

_OF_SOCKETS = Connection._connect, UnixDomainSocketConnection._connect


class Connections:
    """What its blocking twin is, awaited, and for one event loop alone.

    Giving one back takes no await, so that a task that is cancelled can do so at once.
    """

    def __init__(self, pool: Any) -> None:
        options = {"parser_class": AwaitedBoundedParser, **pool.connection_kwargs}
        self._make = partial(pool.connection_class, **options)
        self._idle: list[Any] = []
        self._lent: dict[Any, bool] = {}
        """Those in use, with whether each is one that counts."""
        self._free = Semaphore(pool.max_connections)
        kind = pool.connection_class
        self.is_shareable = getattr(kind, "_connect", None) in _OF_SOCKETS
        """Whether one may carry many calls: whether it is a socket, as redis-py makes it."""

    @cached_property
    def retry(self) -> Any:
        """How often what only reads is tried again, as the client has it."""
        return self._make().retry

    async def borrow(self, *, counts: bool = True) -> Any:
        """Take a connection that stands; a call that counts waits where there are too many.

        To be followed by :meth:`give_back` or :meth:`discard`.
        """
        if counts:
            await self._free.acquire()
        if (connection := self._take()) is not None:
            self._lent[connection] = counts
            return connection
        connection = self._make()
        self._lent[connection] = counts
        try:
            with heeding_cancellation():
                await connection.connect()
        except BaseException:
            self.discard(connection)
            raise
        return connection

    def _take(self) -> Any:
        """Take one that lies idle, unless its server has hung up meanwhile, if there is one."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_connected and not connection._reader.at_eof():
                return connection
            connection._close()
        return None

    def give_back(self, connection: Any) -> None:
        """Give one back of which every reply was read."""
        if self._return(connection) and connection.is_connected:
            self._idle.append(connection)
        else:
            connection._close()

    def discard(self, connection: Any) -> None:
        """Give one back that may have replies under way: nobody else is to read them."""
        connection._close()
        self._return(connection)

    def _return(self, connection: Any) -> bool:
        """Take note that one is no longer in use; tells whether it is still wanted."""
        counts = self._lent.pop(connection, None)
        if counts:
            self._free.release()
        return counts is not None

    async def close(self) -> None:
        """Close all, those in use as well: who uses one is told that it broke."""
        idle, self._idle = self._idle, []
        for connection in [*idle, *self._lent]:
            await connection.disconnect()
        for connection in [*self._lent]:
            self._return(connection)
