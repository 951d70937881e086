"""The operations of a log on a server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from redis_crdt.operations.operation import Command, Procedure, Script, reading
from redis_crdt.operations.requests import BATCH
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.transport.watching import check_limit
from redis_crdt.types.base.collection.operations import CollectionOperations, batches
from redis_crdt.types.log import reading as arriving
from redis_crdt.types.log.batch import Recordable
from redis_crdt.types.log.ids import check_id
from redis_crdt.types.log.reading import Arrivals, Limits, Logged
from redis_crdt.values.encoding import encode_value

T = TypeVar("T")

Page = tuple[bool, list[tuple[bytes, bytes]]]
"""Whether there may be more, and ids with their values."""


@reading
def _read_ids(reply: Any) -> list[str]:
    return [id_.decode() for id_ in reply]


@reading
def _read_page(reply: Any) -> Page:
    more, *flat = reply
    return more == b"1", list(zip(flat[::2], flat[1::2], strict=True))


class LogOperations(Recordable[T], CollectionOperations[T]):
    """The operations of a log: a hash of values by id, and the sorted ids."""

    kind = "log"

    def __init__(self, replica: ReplicaOperations, name: str, type_: Any, limits: Limits) -> None:
        super().__init__(replica, name, type_)
        self._order: Final = self._keys.order(self.kind, self._field)
        self._write_keys = (*self._keys.base, self._live, self._order)
        number, seconds = limits
        age = "" if seconds is None else round(seconds * 1000)
        self._limits: Final = ("" if number is None else number, age)

    def _append(self, *values: T) -> Script[list[str]]:
        return self._append_encoded([encode_value(self._codec, value) for value in values])

    def _append_encoded(self, encoded: Sequence[bytes]) -> Script[list[str]]:
        return self._script("log/append", *self._limits, *encoded, read=_read_ids)

    def _extend(self, values: Iterable[T]) -> Procedure[list[str]]:
        ids = []
        for batch in batches([encode_value(self._codec, value) for value in values]):
            ids += yield self._replica, self._append_encoded(batch)
        return ids

    def _get(self, id_: str) -> Command[T | None]:
        def read(entry: bytes | None) -> T | None:
            return None if entry is None else self._codec.decode(entry)

        return self._command("HGET", self._live, check_id(id_), read=read)

    def _size(self) -> Command[int]:
        return self._command("ZCARD", self._order)

    def _part_of(self, after: bytes, limit: int, newest_first: bool) -> Script[Page]:
        way = "down" if newest_first else "up"
        args = (after, min(limit, BATCH), way)
        keys, about = self._write_keys, self._about
        return Script("log/range", self._shard, keys, args, _read_page, about)

    def _range(
        self, after: str | None, limit: int, newest_first: bool
    ) -> Procedure[list[Logged[T]]]:
        check_limit(limit)
        last, more = b"" if after is None else check_id(after), True
        found: list[Logged[T]] = []
        while more and len(found) < limit:
            part = self._part_of(last, limit - len(found), newest_first)
            more, entries = yield self._replica, part
            found += (Logged(id_.decode(), self._codec.decode(text)) for id_, text in entries)
            last = entries[-1][0] if entries else last
            more = more and bool(entries)
        return found

    def _texts(self, ids: Sequence[bytes]) -> Procedure[dict[bytes, bytes]]:
        return self._entries_of(ids)

    def _read(
        self, cursor: str | None, limit: int, timeout: float | None
    ) -> Procedure[Arrivals[T]]:
        place = (self._shard, self._collection)
        return arriving.read(self, self._replica, place, cursor, limit, timeout)
