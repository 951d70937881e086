"""The operations of an LWW map on a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar

from redis_crdt.core.dots import Dots
from redis_crdt.operations.joins import Joins
from redis_crdt.operations.operation import Operation, Procedure, Script, as_is, known_already
from redis_crdt.operations.packed import latest_value
from redis_crdt.types.base.collection.operations import batches, bytes_of_item
from redis_crdt.types.base.expiry.operations import ExpiringOperations
from redis_crdt.types.lww_map.batch import Recordable
from redis_crdt.values.codec import Codec
from redis_crdt.values.encoding import MISSING, TTL, encode_key, encode_value, key_field, ttl_in_ms

T = TypeVar("T")


def _latest_of(codec: Codec[T], entry: bytes) -> T:
    return codec.decode(latest_value(entry))


def _pair(reply: list[Any] | None) -> tuple[bytes, bytes] | None:
    """Read a field with its entry: in RESP3 they come as a pair of their own."""
    if not reply:
        return None
    field, entry = reply[0] if len(reply) == 1 else reply
    return field, entry


class LWWMapOperations(Recordable[T], ExpiringOperations[T]):
    """The operations of a map: an entry per key, a hash for those that are there."""

    kind = "lww_map"
    _apart_names: ClassVar = {
        "lww_map/set": ("expiring/put", b"", 1, b""),
        "lww_map/setdefault": ("expiring/put", b"", 1, "absent"),
        "lww_map/delete": ("expiring/remove",),
        "lww_map/pop": ("expiring/pop", 0),
    }

    def _expire(self, key: str, ttl: TTL) -> Script[bool]:
        return self._renewing(encode_key(key), ttl)

    def _ttl(self, key: str) -> Procedure[float | None]:
        return self._ttl_of((encode_key(key),), key)

    def _set(self, key: str, value: T, ttl: TTL = None) -> Script[Any]:
        field = encode_key(key)
        written = encode_value(self._codec, value)
        if ttl is not None:
            return self._part(field)._putting((field, written), True, ttl)
        return self._part(field)._script("lww_map/set", field, written, joins=Joins.PAIRS)

    def _update(self, items: Mapping[str, T]) -> Procedure[None]:
        encoded = {encode_key(k): encode_value(self._codec, v) for k, v in items.items()}
        parts = self._by_part(encoded.items(), lambda item: item[0])
        yield from self._at_each(part._set_here(theirs) for part, theirs in parts)

    def _set_here(self, fields: Iterable[tuple[bytes, bytes]]) -> Procedure[None]:
        for batch in batches(fields, bytes_of=bytes_of_item):
            flat = (part for item in batch for part in item)
            yield self._replica, self._script("lww_map/set", *flat, joins=Joins.PAIRS)

    def _write_anew(self, entries: Mapping[bytes, Dots]) -> Procedure[None]:
        values = ((field, entry.latest_value) for field, entry in entries.items() if entry.live)
        parts = self._by_part(values, lambda item: item[0])
        yield from self._at_each(part._set_here(theirs) for part, theirs in parts)

    def _get(self, key: object, default: Any) -> Operation[Any]:
        def read(entry: bytes | None) -> Any:
            return default if entry is None else _latest_of(self._codec, entry)

        field = key_field(key)
        if field is None:
            return known_already(default)
        part = self._part(field)
        return part._command("HGET", part._live, field, read=read)

    def _get_many(self, keys: Iterable[object]) -> Procedure[dict[str, T]]:
        fields = dict.fromkeys(field for field in map(key_field, keys) if field is not None)
        found = yield from self._entries_of(fields)
        return dict(self._item(field, found[field]) for field in fields if field in found)

    def _contains_many(self, keys: Iterable[object]) -> Procedure[list[bool]]:
        fields = [key_field(key) for key in keys]
        found = yield from self._entries_of(dict.fromkeys(f for f in fields if f is not None))
        return [field in found for field in fields]

    # What reads a value and deletes it reads first, so that a value that is not of the type stays,
    # and deletes if nobody has changed the entry since: else it reads again.

    def _pop(self, key: str, default: Any) -> Procedure[Any]:
        field = encode_key(key)
        part = self._part(field)
        entry = yield self._replica, part._command("HGET", part._live, field)
        while entry is not None:
            value = self._value(field, entry)
            left = yield self._replica, part._script("lww_map/pop", field, entry)
            if left == 1:
                return value
            entry = left
        if default is MISSING:
            raise KeyError(key)
        return default

    def _popitem(self) -> Procedure[tuple[str, T]]:
        for part in self._parts:
            some = part._command("HRANDFIELD", part._live, 1, "WITHVALUES", read=_pair)
            while found := (yield self._replica, some):
                item = self._item(*found)
                if (yield self._replica, part._script("lww_map/pop", *found)) == 1:
                    return item
        raise KeyError("popitem from an empty map")

    def _setdefault(self, key: str, default: Any, ttl: TTL = None) -> Script[T]:
        field, value = encode_key(key), encode_value(self._codec, default)

        def read(entry: bytes | None) -> T:
            found: T
            found = self._codec.decode(value) if entry is None else self._value(field, entry)
            return found

        part = self._part(field)
        if ttl is not None:
            given = ttl_in_ms(ttl)
            return part._script("expiring/put", given, 1, "absent", field, value, read=read)
        return part._script("lww_map/setdefault", field, value, read=read)

    def _delete(self, key: str) -> Script[bool]:
        field = encode_key(key)
        return self._part(field)._script("lww_map/delete", field, read=bool)

    def _delete_all(self, keys: Iterable[str]) -> Procedure[int]:
        parts = self._by_part(dict.fromkeys(map(encode_key, keys)), as_is)
        deleted = yield from self._at_each(part._delete_here(theirs) for part, theirs in parts)
        return sum(deleted)

    def _delete_here(self, fields: Iterable[bytes]) -> Procedure[int]:
        deleted = 0
        for batch in batches(fields):
            deleted += yield self._replica, self._script("lww_map/delete", *batch)
        return deleted

    def _clear(self) -> Procedure[None]:
        return self._remove_everything("lww_map/delete")

    def _contains(self, key: object) -> Operation[bool]:
        field = key_field(key)
        if field is None:
            return known_already(False)
        part = self._part(field)
        return part._command("HEXISTS", part._live, field, read=bool)

    def _size(self) -> Operation[int]:
        return self._summed(lambda part: part._command("HLEN", part._live))

    def _all_keys(self) -> Procedure[list[str]]:
        return [field.decode() for field in (yield from self._entries())]

    def _all_items(self) -> Procedure[dict[str, T]]:
        return dict(self._item(*entry) for entry in (yield from self._entries()).items())

    def _key(self, field: bytes, _: bytes) -> str:
        return field.decode()

    def _value(self, _: bytes, entry: bytes) -> T:
        value: T = _latest_of(self._codec, entry)
        return value

    def _item(self, field: bytes, entry: bytes) -> tuple[str, T]:
        return field.decode(), _latest_of(self._codec, entry)
