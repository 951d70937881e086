"""Reading a log by what arrives, whatever its place in the order; shared by all backends."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from redis_crdt.errors import InvalidSetting
from redis_crdt.operations.operation import Procedure
from redis_crdt.operations.requests import BATCH
from redis_crdt.transport.tails import Watched, find
from redis_crdt.transport.watching import Watcher, check_limit
from redis_crdt.types.log.ids import check_id
from redis_crdt.values.codec import Codec

T = TypeVar("T")

_ALL = "!"
"""In a cursor: after it the id up to which all that is there has been read, before it where in the
feed to go on after that."""


class Logged(NamedTuple, Generic[T]):
    """An entry of a log."""

    id: str
    """Its place in the log: ids sort as their entries do."""
    value: T


class Arrivals(NamedTuple, Generic[T]):
    """What has arrived in a log since a cursor."""

    entries: list[Logged[T]]
    cursor: str
    """Where to go on; give it to ``read``."""


class Limits(NamedTuple):
    """What a log is trimmed to."""

    number: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, max_len: int | None, max_age: float | None) -> Limits:
        """Return them; :class:`InvalidSetting` if one is out of range."""
        if max_len is not None and (type(max_len) is not int or max_len < 1):
            raise InvalidSetting(f"max_len: at least 1 entry, not {max_len!r}")
        if max_age is not None and not 0 < max_age < 1e9:
            raise InvalidSetting(f"max_age: a number of seconds above 0, not {max_age!r}")
        return cls(max_len, max_age)


class Readable(Protocol[T]):
    """A log of any backend, as it is read."""

    _codec: Codec[T]

    @abstractmethod
    def _range(self, after: str | None, limit: int, newest_first: bool) -> Procedure[list[Any]]:
        """Return a part of it."""

    @abstractmethod
    def _texts(self, ids: Sequence[bytes]) -> Procedure[dict[bytes, bytes]]:
        """Return the texts of those that are still there."""


class Onward(Generic[T]):
    """Reads the values of a log from the oldest on, a page at a time."""

    def __init__(self, log: Readable[T]) -> None:
        self._log = log
        self._last: str | None = None

    def next(self) -> Procedure[list[T]]:
        """Read the next ones; there are none at the end."""
        entries = yield from self._log._range(self._last, BATCH, False)
        self._last = entries[-1].id if entries else self._last
        return [entry.value for entry in entries]


def read(
    log: Readable[T],
    replica: Watched,
    place: tuple[int, bytes],
    cursor: str | None,
    limit: int,
    timeout: float | None,
) -> Procedure[Arrivals[T]]:
    """Read on from a cursor; without one all that is there, and then what arrives after that."""
    check_limit(limit)
    if cursor is None:
        here, _ = yield from find(replica, place[0], None)
        cursor = str(here) + _ALL
    feed, all_of_it, after = cursor.partition(_ALL)
    if all_of_it:
        entries = yield from log._range(after or None, limit, False)
        if entries:
            is_more = len(entries) == limit
            return Arrivals(entries, f"{feed}{_ALL}{entries[-1].id}" if is_more else feed)
    with Watcher[Any](replica, feed, timeout, ([place], log._codec)) as watcher:
        while (changes := (yield from watcher.page())) is not None:
            while changes:
                taken, changes = changes[:limit], changes[limit:]
                ids = [check_id(change.key) for change in taken if change.key is not None]
                texts = (yield from log._texts(ids)) if ids else {}
                if texts:  # else all were trimmed since
                    there = [id_ for id_ in ids if id_ in texts]
                    decode = log._codec.decode
                    entries = [Logged(id_.decode(), decode(texts[id_])) for id_ in there]
                    return Arrivals(entries, taken[-1].cursor)
        return Arrivals([], watcher.cursor)
