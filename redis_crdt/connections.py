"""The connections of a replica to one server: blocking ones."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from os import getpid
from queue import Empty, SimpleQueue
from typing import Any, Final
from weakref import ref

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from redis_crdt.operations.bounds import BoundedParser

LOOK_AGAIN: Final = 0.05
"""After how many seconds at the latest a call that waits for a connection looks for one again."""


class Connections:
    """Connections to one server, for one replica object alone.

    They are made as the client of ``pool`` makes its own: redis-py connects, authenticates and
    tries again. A pool of redis-py's takes longer to lend one than many a call takes on the server;
    so these lie in a list. At most as many calls are under way as the client has connections
    (``max_connections``); further ones wait. Those who wait for what happens (watchers, syncers)
    do not count: they would keep calls waiting for as long.

    There is no lock: an exception out of a signal's handler would leave it locked, and so would a
    fork while another thread holds it. A child of a fork leaves what it has inherited alone.
    """

    def __init__(self, pool: Any) -> None:
        options = {"parser_class": BoundedParser, **pool.connection_kwargs}
        self._make = partial(pool.connection_class, **options)
        self._limit = pool.max_connections
        self._begin()

    def _begin(self) -> None:
        self._pid = getpid()
        self._idle: list[Any] = []
        self._counted: set[ref[Any]] = set()
        """Those that calls use; dead where a caller who was interrupted has lost one."""
        self._waiting: list[None] = []
        self._returned: SimpleQueue[None] = SimpleQueue()

    def borrow(self, *, counts: bool = True) -> Any:
        """Take a connection that stands; a call that counts waits where there are too many.

        To be followed by :meth:`give_back` or :meth:`discard`.
        """
        if self._pid != getpid():
            self._begin()
        while True:
            connection = self._take() or self._make()
            if not counts:
                break
            self._counted.add(ref(connection))
            if len(self._counted) <= self._limit:
                break
            self.give_back(connection)
            self._wait()
        if not connection.is_connected:
            try:
                connection.connect()
            except BaseException:
                self.discard(connection)
                raise
        return connection

    def _take(self) -> Any:
        """Take one that lies idle, unless its server has hung up meanwhile; None if there is none.

        What is there to read is of no use to anybody.
        """
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            with suppress(RedisConnectionError, RedisTimeoutError):
                if not connection.can_read():
                    return connection
            connection.disconnect()

    def _wait(self) -> None:
        """Wait until a call gives one back."""
        self._waiting.append(None)
        with suppress(Empty):
            self._returned.get(timeout=LOOK_AGAIN)
        self._waiting.pop()
        self._counted.difference_update([lent for lent in [*self._counted] if lent() is None])

    def give_back(self, connection: Any) -> None:
        """Give one back of which every reply was read."""
        if connection.is_connected:
            self._idle.append(connection)
        self._no_longer_count(connection)

    def discard(self, connection: Any) -> None:
        """Give one back that may have replies under way: nobody else is to read them."""
        connection.disconnect()
        self._no_longer_count(connection)

    def _no_longer_count(self, connection: Any) -> None:
        self._counted.discard(ref(connection))
        if self._waiting and self._returned.empty():
            self._returned.put(None)

    def close(self) -> None:
        """Close those that lie idle."""
        while (connection := self._take()) is not None:
            connection.disconnect()
