"""The log in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from typing_extensions import TypeVar

from redis_crdt.core.clock import Time, wall_clock
from redis_crdt.core.entries import Line
from redis_crdt.core.ids import new_id, time_text
from redis_crdt.errors import FeedTrimmed
from redis_crdt.operations.operation import Procedure, drive
from redis_crdt.transport.watching import check_limit
from redis_crdt.types.base.collection.memory import Collection
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.log import reading
from redis_crdt.types.log.batch import Recordable
from redis_crdt.types.log.ids import check_id, floors_of, is_floor
from redis_crdt.types.log.reading import Arrivals, Limits, Logged
from redis_crdt.values.encoding import encode_value

T = TypeVar("T", default=Any)


class Log(Recordable[T], Collection[T, Line]):
    """An append-only log: values in the order of their times, and then of their writers.

    It may be trimmed from its oldest entry on: by what it appends itself, to ``max_len`` entries
    and those that are not older than ``max_age`` seconds.
    """

    kind: ClassVar = "log"
    _limits = Limits()

    def __init__(
        self,
        type_: Any = Any,
        *,
        replica_id: str | None = None,
        clock: Callable[[], int] = wall_clock,
        max_drift: float = 60.0,
        max_len: int | None = None,
        max_age: float | None = None,
    ) -> None:
        """Make an empty, bare log of values of ``type_``."""
        super().__init__(type_, replica_id=replica_id, clock=clock, max_drift=max_drift)
        self._limits = Limits.of(max_len, max_age)

    def append(self, value: T) -> str:
        """Append a value, and return its id. InvalidValue if it is not of the log's type."""
        return self.extend((value,))[0]

    def extend(self, values: Iterable[T]) -> list[str]:
        """Append values, as one write, and return their ids.

        InvalidValue, before anything is written, if one is not of the log's type.
        """
        encoded = [encode_value(self._codec, value) for value in values]
        if not encoded:
            return []
        clock, writer, live = self._shard.clock, self._shard.writer, self._store.live
        times = [clock.tick() for _ in encoded]
        news = {
            new_id(time, writer): Line(text, time)
            for time, text in zip(times, encoded, strict=True)
        }
        ids = sorted([*self._ids(), *news])
        gone = ids[: self._excess(ids, times[-1])]
        floors = floors_of(gone)
        time = self._write([*news, *floors]).time
        for field, line in (*news.items(), *floors.items()):
            self._store.put(field, line, time)
        for field in gone:
            del live[field]
        return [field.decode() for field in news]

    def _excess(self, ids: Sequence[bytes], now: Time) -> int:
        number, seconds = self._limits
        excess = 0 if number is None else max(0, len(ids) - number)
        if seconds is not None:
            oldest = time_text(Time(max(0, now.ms - round(seconds * 1000))))
            excess = max(excess, sum(id_ < oldest for id_ in ids))
        return excess

    def get(self, id_: str) -> T | None:
        """Return the value of an id; None where there is none. InvalidCursor if it is no id."""
        line = self._store.live.get(check_id(id_))
        return None if line is None else self._codec.decode(line.text)

    def range(
        self, after: str | None = None, limit: int = 100, *, newest_first: bool = False
    ) -> list[Logged[T]]:
        """Return up to ``limit`` entries that come after an id, or all the first.

        With ``newest_first`` those that come before it, or the last ones, the newest first.
        InvalidCursor if it is no id; it need not be there any more.
        """
        check_limit(limit)
        ids = self._ids()
        if after is not None:
            mark = check_id(after)
            ids = [id_ for id_ in ids if (id_ < mark if newest_first else id_ > mark)]
        ids = sorted(ids, reverse=newest_first)[:limit]
        live, decode = self._store.live, self._codec.decode
        return [Logged(id_.decode(), decode(live[id_].text)) for id_ in ids]

    def read(
        self, cursor: str | None = None, limit: int = 100, *, timeout: float | None = 0.0
    ) -> Arrivals[T]:
        """Return what has arrived since a cursor, in the order of arrival, and where to go on.

        For all else see :meth:`redis_crdt.Log.read`. Raises :class:`FeedTrimmed` for a bare log,
        which keeps no feed.
        """
        if self._watched is None:
            raise FeedTrimmed(f"{self!r} belongs to no replica, so there is no feed to read")
        replica, shard = self._watched
        place = (shard, self._letter_and_name)
        return drive(reading.read(self, replica, place, cursor, limit, timeout))

    def size(self) -> int:
        """Return the number of entries."""
        return len(self._ids())

    def __len__(self) -> int:
        return self.size()

    def __iter__(self) -> Iterator[T]:
        live = self._store.live
        return iter([self._codec.decode(live[id_].text) for id_ in sorted(self._ids())])

    def _ids(self) -> list[bytes]:
        return [field for field in self._store.live if not is_floor(field)]

    def _range(
        self, after: str | None, limit: int, newest_first: bool
    ) -> Procedure[list[Logged[T]]]:
        yield from ()
        return self.range(after, limit, newest_first=newest_first)

    def _texts(self, ids: Sequence[bytes]) -> Procedure[dict[bytes, bytes]]:
        yield from ()
        live = self._store.live
        return {id_: live[id_].text for id_ in ids if id_ in live}


class OpensLog(Opener):
    """Replicas have logs."""

    def log(
        self,
        name: str,
        type_: type[T] | Any = Any,
        *,
        max_len: int | None = None,
        max_age: float | None = None,
    ) -> Log[T]:
        """Open a log of values of ``type_``.

        What is appended here trims it: to ``max_len`` entries, and to ``max_age`` seconds.
        """
        limits = Limits.of(max_len, max_age)
        opened = self._open(Log, name, type_)
        opened._limits = limits
        return opened
