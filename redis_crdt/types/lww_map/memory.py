"""The LWW map: text keys, each with the latest of its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, overload

from typing_extensions import TypeVar

from redis_crdt.operations.operation import as_is
from redis_crdt.types.base.expiry.memory import Expiring, deadline_of
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.lww_map.batch import Recordable
from redis_crdt.values.encoding import MISSING, TTL, encode_key, encode_value, items_of, key_field

T = TypeVar("T", default=Any)
D = TypeVar("D")


class LWWMap(Recordable[T], Expiring[T], MutableMapping[str, T]):
    """A map whose keys are added and removed as an OR-Set's elements, each with a value.

    A ``set`` replaces the values that its writer has seen, a deletion removes them: so it never
    takes away a concurrent ``set``, which it had not seen. Of concurrent values the latest is read
    (Bieniusa et al., "An optimized conflict-free replicated set", 2012, with values at the dots).
    """

    kind: ClassVar = "lww_map"

    def set(self, key: str, value: T, *, ttl: TTL = None) -> None:
        """Write the key's value. InvalidValue if either is not of its type.

        With ``ttl``, in seconds or as a ``timedelta``, it is there for so long, and without for
        ever. Where concurrent values have different ones, the latest of those that live is read.
        """
        field = encode_key(key)
        part, encoded = self._part(field), encode_value(self._codec, value)
        part._put_here({field: encoded}, deadline_of(ttl, part._shard.clock.wall))

    def ttl(self, key: str) -> float | None:
        """Return for how many seconds the key is there still; None for ever.

        KeyError if it is not there.
        """
        return self._ttl_of((encode_key(key),), key)

    def expire(self, key: str, ttl: float | timedelta) -> bool:
        """Have the key be there for so long from now on, and tell whether it is."""
        return self._renew((encode_key(key),), ttl)

    def persist(self, key: str) -> bool:
        """Have the key be there for ever, and tell whether it is."""
        return self._renew((encode_key(key),), None)

    def update(self, other: Any = (), /, **items: T) -> None:
        """Write all of the items, as one write. Takes what ``dict.update`` takes."""
        new = items_of(other, items)
        encoded = {encode_key(k): encode_value(self._codec, v) for k, v in new.items()}
        for part, theirs in self._by_part(encoded.items(), lambda item: item[0]):
            part._put_here(dict(theirs))

    @overload
    def get(self, key: str) -> T | None: ...
    @overload
    def get(self, key: str, default: D) -> T | D: ...
    def get(self, key: str, default: Any = None) -> Any:
        """Return the key's value, or the default where there is none."""
        field = key_field(key)
        entry = None if field is None else self._part(field)._store.live.get(field)
        if entry is not None and entry.expiry is not None:
            entry = entry.alive(self._shard.clock.wall())  # by now it may have died
        if entry is None or not entry.live:
            return default
        return self._codec.decode(entry.latest_value)

    def get_many(self, keys: Iterable[str]) -> dict[str, T]:
        """Return those of the keys that are there, with their values."""
        found = ((key, self.get(key, MISSING)) for key in keys)
        return {key: value for key, value in found if value is not MISSING}

    def contains_many(self, keys: Iterable[str]) -> list[bool]:
        """Tell of each of the keys whether it is there, in their order."""
        return [key in self for key in keys]

    def to_dict(self) -> dict[str, T]:
        """Return all items."""
        return dict(self.items())

    def setdefault(self, key: str, default: Any = None, *, ttl: TTL = None) -> T:
        """Return the key's value, written by this call if there was none.

        With ``ttl`` what is written is there for so long; what is there stays as it is. Raises
        :class:`InvalidValue` if the default is not of the map's type, whether it is needed or not.
        """
        field, value = encode_key(key), encode_value(self._codec, default)
        part = self._part(field)
        deadline = deadline_of(ttl, part._shard.clock.wall)
        found = self.get(key, MISSING)
        if found is not MISSING:
            return found
        part._put_here({field: value}, deadline)
        return self._codec.decode(value)

    def pop(self, key: str, default: Any = MISSING) -> Any:
        """Delete the key and return its value; the default, or KeyError, where there is none.

        Raises :class:`InvalidValue` for a value that is not of the map's type, which stays.
        """
        field = encode_key(key)
        value = self.get(key, default)
        if value is MISSING:
            raise KeyError(key)
        self._part(field)._delete_here([field])
        return value

    def popitem(self) -> tuple[str, T]:
        """Delete some key and return it with its value; KeyError if there is none.

        Raises :class:`InvalidValue` as :meth:`pop` does.
        """
        for key in self:
            return key, self.pop(key)
        raise KeyError("popitem from an empty map")

    def delete(self, key: str) -> bool:
        """Delete the key if it is there, and tell whether it was."""
        return self.delete_all((key,)) == 1

    def delete_all(self, keys: Iterable[str]) -> int:
        """Delete those of the keys that are there, as one write, and tell how many were."""
        fields = dict.fromkeys(map(encode_key, keys))
        return sum(part._delete_here(theirs) for part, theirs in self._by_part(fields, as_is))

    def _delete_here(self, fields: Sequence[bytes]) -> int:
        fields = [field for field in fields if field in self._store.live]
        if fields:
            time = self._write(fields).time
            for field in fields:
                self._store.put(field, self._store.live[field].replaced({}), time)
        return len(fields)

    def clear(self) -> None:
        """Delete all keys that are there."""
        for part in self._parts:
            part._delete_here(list(part._store.live))

    def size(self) -> int:
        """Return the number of keys."""
        return sum(len(part._store.live) for part in self._parts)

    def __len__(self) -> int:
        return self.size()

    def __iter__(self) -> Iterator[str]:
        return iter([field.decode() for part in self._parts for field in part._store.live])

    def __contains__(self, key: object) -> bool:
        field = key_field(key)
        return field is not None and field in self._part(field)._store.live

    def __getitem__(self, key: str) -> T:
        value = self.get(key, MISSING)
        if value is MISSING:
            raise KeyError(key)
        found: T = value
        return found

    def __setitem__(self, key: str, value: T) -> None:
        self.set(key, value)

    def __delitem__(self, key: str) -> None:
        if not self.delete(key):
            raise KeyError(key)


class OpensLWWMap(Opener):
    """Replicas have maps in which the latest value is read."""

    def lww_map(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> LWWMap[T]:
        """Open a map from text to values of ``type_``; of concurrent ones the latest is read.

        ``partitions`` spread it over several shards.
        """
        return self._open(LWWMap, name, type_, partitions)
