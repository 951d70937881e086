"""The log on a server, for asyncio: values in one order in all regions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.log.reading import Arrivals, Limits, Logged, Onward
from redis_crdt.types.log.sized.awaited import SizedLog

T = TypeVar("T", default=Any)


class Log(SizedLog[T]):
    """An append-only log: values in the order of their times, and then of their writers.

    That is one order in all regions. So what another region has written, and was long on its way,
    takes its place before what was written since; who has read past it finds it by :meth:`read`.
    """

    async def append(self, value: T) -> str:
        """Append a value, and return its id. One round trip.

        Ids are opaque text, and sort as the log does. Raises :class:`InvalidValue` if the value is
        not of the log's type. Where the log is to be trimmed, this takes out what is too much or
        too old, up to 100 entries more than it appends.
        """
        return (await self._run(self._append(value)))[0]

    async def extend(self, values: Iterable[T]) -> list[str]:
        """Append values, and return their ids. One round trip, and one atomic write, per 500.

        Raises :class:`InvalidValue` before anything is written if one is not of the log's type.
        """
        return await self._drive(self._extend(values))

    async def get(self, id_: str) -> T | None:
        """Return the value of an id; None where there is none, or none any more. One round trip.

        Raises :class:`InvalidCursor` for what is no id.
        """
        return await self._run(self._get(id_))

    async def range(
        self, after: str | None = None, limit: int = 100, *, newest_first: bool = False
    ) -> list[Logged[T]]:
        """Return up to ``limit`` entries that come after an id, or the first ones.

        With ``newest_first`` those that come before it, or the last ones, from the newest on. The
        id need not be there any more; :class:`InvalidCursor` for what is none. One round trip per
        500 entries or 500 KB; it costs what it returns.
        """
        return await self._drive(self._range(after, limit, newest_first))

    async def read(
        self, cursor: str | None = None, limit: int = 100, *, timeout: float | None = 0.0
    ) -> Arrivals[T]:
        """Return up to ``limit`` entries that have arrived since a cursor, and where to go on.

        In the order in which they arrived here, whatever their place in the log: so none is missed
        that was long on its way. Without a cursor it begins with all that is there, in the order of
        the log; what arrives while that is read may come twice, by the same id. What was trimmed
        since it arrived does not come. Where there is nothing, it waits up to ``timeout`` seconds,
        or with None until there is. Four round trips.

        Raises :class:`FeedTrimmed` where the feed does not reach back to the cursor: what came in
        between is in the log, but which it is cannot be told. Then read without a cursor, or by
        :meth:`range`. Raises :class:`InvalidCursor` for what is no cursor of this method.
        """
        return await self._drive(self._read(cursor, limit, timeout))

    async def size(self) -> int:
        """Return the number of entries. One round trip."""
        return await self._run(self._size())

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield the values, from the oldest on, in one round trip per 500, as they are asked for.

        What arrives meanwhile is in it if its place is yet to come.
        """
        onward = Onward(self)
        while values := await self._drive(onward.next()):
            for value in values:
                yield value


class OpensLog(ReplicaOperations):
    """Replicas have logs."""

    def log(
        self,
        name: str,
        type_: type[T] | Any = Any,
        *,
        max_len: int | None = None,
        max_age: float | None = None,
    ) -> Log[T]:
        """Take up a log of values of ``type_``.

        What is appended by way of this object trims it, from the oldest entry on: to ``max_len``
        entries, and to those that are not older than ``max_age`` seconds. What is trimmed is gone
        in all regions; each may have limits of its own, and the strictest holds.
        """
        return self._take_up(Log(self, name, type_, Limits.of(max_len, max_age)))
