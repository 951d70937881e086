"""The connections of a replica to one server: blocking ones."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from os import getpid
from queue import Empty, SimpleQueue
from typing import Any, Final
from weakref import finalize, ref

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from redis_crdt.transport.bounds import BoundedParser

LOOK_AGAIN: Final = 0.05
"""After how many seconds at the latest a call that waits for a connection looks for one again."""


class Place:
    """A place among the calls that are under way."""


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
        # Where nobody closes them: sockets that are found in a cycle of garbage would complain.
        self._at_end = finalize(self, _disconnect, self._idle)
        self._at_end.atexit = False
        self._places: set[ref[Place]] = set()
        """One for each call; dead where a caller who was interrupted has lost his connection."""
        self._waiting: list[None] = []
        self._returned: SimpleQueue[None] = SimpleQueue()

    def borrow(self, *, counts: bool = True) -> Any:
        """Take a connection that stands; a call that counts waits where there are too many.

        To be followed by :meth:`give_back` or :meth:`discard`.
        """
        if self._pid != getpid():
            self._at_end.detach()
            self._begin()
        place = self._take_place() if counts else None
        connection = self._take() or self._make()
        connection.place = place  # so that it is gone with the connection
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

    def _take_place(self) -> Place:
        """Take a place among the calls under way, and wait until there is one."""
        place = Place()
        while True:
            self._places.add(ref(place))
            if len(self._places) <= self._limit:
                return place
            self._places.discard(ref(place))
            self._waiting.append(None)
            with suppress(Empty):
                self._returned.get(timeout=LOOK_AGAIN)
            self._waiting.pop()
            self._places.difference_update([lent for lent in [*self._places] if lent() is None])

    def give_back(self, connection: Any) -> None:
        """Give one back of which every reply was read."""
        place, connection.place = connection.place, None
        if connection.is_connected and len(self._idle) < self._limit:
            self._idle.append(connection)
        self._leave_place(place)

    def discard(self, connection: Any) -> None:
        """Give one back that may have replies under way: nobody else is to read them."""
        connection.disconnect()
        self._leave_place(connection.place)

    def _leave_place(self, place: Place | None) -> None:
        if place is not None:
            self._places.discard(ref(place))
        if self._waiting and self._returned.empty():
            self._returned.put(None)

    def close(self) -> None:
        """Close those that lie idle."""
        while (connection := self._take()) is not None:
            connection.disconnect()


def _disconnect(idle: list[Any]) -> None:
    for connection in idle:
        connection.disconnect()
