"""The LWW map: text keys, each with the value of its last write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any, ClassVar, TypeVar, overload

from redis_crdt.clock import Time
from redis_crdt.entries import Last
from redis_crdt.memory.collection import Collection
from redis_crdt.values import encode_key, encode_value

T = TypeVar("T")
D = TypeVar("D")


class LWWMap(Collection[T, Last], MutableMapping[str, T]):
    """A map of last-writer-wins registers (Shapiro et al. 2011, spec. 8, a key at a time).

    Deleting a key is a write like any other: of it and a concurrent ``set`` the later wins.
    """

    kind: ClassVar = "lww_map"

    def set(self, key: str, value: T) -> None:
        """Write the key's value. InvalidValue if either is not of its type."""
        self.update({key: value})

    def update(self, other: Any = (), /, **items: T) -> None:
        """Write all of the items, as one write. Takes what ``dict.update`` takes."""
        new = dict(other, **items)
        encoded = {encode_key(k): encode_value(self._codec, v) for k, v in new.items()}
        if not encoded:
            return
        dot = self._write(encoded, self._latest(encoded))
        for field, value in encoded.items():
            self._store.put(field, Last(dot, value), dot.time)

    @overload
    def get(self, key: str) -> T | None: ...
    @overload
    def get(self, key: str, default: D) -> T | D: ...
    def get(self, key: str, default: Any = None) -> Any:
        """Return the key's value, or the default where there is none."""
        entry = self._store.live.get(encode_key(key))
        if entry and entry.value is not None:
            return self._codec.decode(entry.value)
        return default

    def delete(self, key: str) -> bool:
        """Delete the key if it is there, and tell whether it was."""
        return self.delete_all((key,)) == 1

    def delete_all(self, keys: Iterable[str]) -> int:
        """Delete those of the keys that are there, as one write, and tell how many were."""
        fields = [f for f in dict.fromkeys(map(encode_key, keys)) if f in self._store.live]
        if fields:
            dot = self._write(fields, self._latest(fields))
            for field in fields:
                self._store.put(field, Last(dot, None), dot.time)
        return len(fields)

    def clear(self) -> None:
        """Delete all keys that are there."""
        self.delete_all(list(self))

    def size(self) -> int:
        """Return the number of keys."""
        return len(self._store.live)

    def __len__(self) -> int:
        return self.size()

    def __iter__(self) -> Iterator[str]:
        return iter([field.decode() for field in self._store.live])

    def __contains__(self, key: object) -> bool:
        return encode_key(key) in self._store.live  # type: ignore[arg-type]

    def __getitem__(self, key: str) -> T:
        entry = self._store.live.get(encode_key(key))
        if entry and entry.value is not None:
            return self._codec.decode(entry.value)
        raise KeyError(key)

    def __setitem__(self, key: str, value: T) -> None:
        self.set(key, value)

    def __delitem__(self, key: str) -> None:
        if not self.delete(key):
            raise KeyError(key)

    def _latest(self, fields: Iterable[bytes]) -> Time:
        entries = map(self._store.get, fields)
        return max((entry.time for entry in entries if entry), default=Time(0))
