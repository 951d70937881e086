"""LWW registers and maps on a server. Their meaning is said in :mod:`redis_crdt.memory`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from redis_crdt.clock import Time, replica_of
from redis_crdt.codec import Codec
from redis_crdt.entries import Last
from redis_crdt.kinds import VALUE
from redis_crdt.operations.collection import CollectionOperations, batches
from redis_crdt.operations.operation import Command, Procedure, Script
from redis_crdt.operations.replica import BATCH
from redis_crdt.values import encode_key, encode_value

T = TypeVar("T")


def _value_of(codec: Codec[T], entry: bytes) -> T:
    return codec.decode(entry.partition(b"\n")[2])


class LWWRegisterOperations(CollectionOperations[T]):
    """The operations of a register: a hash with one entry."""

    kind = "lww_register"

    def _set(self, value: T) -> Script[Any]:
        return self._script("lww/set", VALUE, encode_value(self._codec, value))

    def _get(self) -> Command[T | None]:
        return self._entry(lambda entry: _value_of(self._codec, entry))

    def _timestamp(self) -> Command[Time | None]:
        return self._entry(lambda entry: Last.parse(entry).dot.time)

    def _written_by(self) -> Command[str | None]:
        return self._entry(lambda entry: replica_of(Last.parse(entry).dot.writer))

    def _entry(self, read: Any) -> Command[Any]:
        return self._command(
            "HGET", self._live, VALUE, read=lambda entry: None if entry is None else read(entry)
        )


class LWWMapOperations(CollectionOperations[T]):
    """The operations of a map: an entry per key, a hash for those that are there."""

    kind = "lww_map"

    def _set(self, key: str, value: T) -> Script[Any]:
        return self._script("lww/set", encode_key(key), encode_value(self._codec, value))

    def _update(self, items: Mapping[str, T]) -> Procedure[None]:
        encoded = {encode_key(k): encode_value(self._codec, v) for k, v in items.items()}
        for batch in batches(encoded.items()):
            flat = (part for item in batch for part in item)
            yield self._replica, self._script("lww/set", *flat)

    def _get(self, key: str, default: Any) -> Command[Any]:
        def read(entry: bytes | None) -> Any:
            return default if entry is None else _value_of(self._codec, entry)

        return self._command("HGET", self._live, encode_key(key), read=read)

    def _delete(self, key: str) -> Script[bool]:
        return self._script("lww/delete", encode_key(key), read=bool)

    def _delete_all(self, keys: Iterable[str]) -> Procedure[int]:
        deleted = 0
        for batch in batches(dict.fromkeys(map(encode_key, keys))):
            deleted += yield self._replica, self._script("lww/delete", *batch)
        return deleted

    def _clear(self) -> Procedure[None]:
        cursor = 0
        while True:
            page: Command[Any] = self._command("HSCAN", self._live, cursor, "COUNT", BATCH)
            cursor, found = yield self._replica, page
            for batch in batches(found):
                yield self._replica, self._script("lww/delete", *batch)
            if not cursor:
                return

    def _contains(self, key: str) -> Command[bool]:
        return self._command("HEXISTS", self._live, encode_key(key), read=bool)

    def _size(self) -> Command[int]:
        return self._command("HLEN", self._live)

    def _keys_of_map(self) -> Procedure[list[str]]:
        return [field.decode() for field in (yield from self._entries())]

    def _items(self) -> Procedure[dict[str, T]]:
        entries = yield from self._entries()
        return {field.decode(): _value_of(self._codec, e) for field, e in entries.items()}
