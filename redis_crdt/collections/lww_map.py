"""The LWW map on a server: text keys, each with the latest of its values."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, MutableMapping, ValuesView
from typing import Any, TypeVar, overload

from redis_crdt.collections.collection import Collection
from redis_crdt.operations.lww import LWWMapOperations

T = TypeVar("T")
D = TypeVar("D")

_MISSING = object()


class Items(ItemsView[str, T]):
    """The items of a map, read in one round trip per 500 as they are asked for."""

    _mapping: LWWMap[T]

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return self._mapping._stream(self._mapping._item)


class Values(ValuesView[T]):
    """The values of a map, read in one round trip per 500 as they are asked for."""

    _mapping: LWWMap[T]

    def __iter__(self) -> Iterator[T]:
        return self._mapping._stream(self._mapping._value)


class LWWMap(Collection[T], LWWMapOperations[T], MutableMapping[str, T]):
    """A map whose keys are added and removed as an OR-Set's elements, each with a value.

    Of concurrent values the latest is read. A deletion removes those that this replica has, so
    never one that another region sets at the same time. Reads and single writes are one round trip
    each; keys, values and items one per 500.
    """

    def set(self, key: str, value: T) -> None:
        """Write the key's value. One round trip. InvalidValue if either is not of its type."""
        self._run(self._set(key, value))

    def update(self, other: Any = (), /, **items: T) -> None:
        """Write all of the items. Takes what ``dict.update`` takes.

        One round trip, and one atomic write, per 500 items.
        """
        self._drive(self._update(dict(other, **items)))

    @overload
    def get(self, key: str) -> T | None: ...
    @overload
    def get(self, key: str, default: D) -> T | D: ...
    def get(self, key: str, default: Any = None) -> Any:
        """Return the key's value, or the default where there is none. One round trip."""
        return self._run(self._get(key, default))

    def delete(self, key: str) -> bool:
        """Delete the key if it is there, and tell whether it was. One round trip."""
        return self._run(self._delete(key))

    def delete_all(self, keys: Iterable[str]) -> int:
        """Delete those of the keys that are there, and tell how many were.

        One round trip, and one atomic write, per 500 keys.
        """
        return self._drive(self._delete_all(keys))

    def clear(self) -> None:
        """Delete all keys that are there now. Six round trips per 500 keys."""
        self._drive(self._clear())

    def size(self) -> int:
        """Return the number of keys. One round trip."""
        return self._run(self._size())

    def __len__(self) -> int:
        return self._run(self._size())

    def __iter__(self) -> Iterator[str]:
        """Yield the keys, in one round trip per 500, read as they are asked for.

        What is promised is said at :meth:`ORSet.__iter__`; so it is for items and values.
        """
        return self._stream(self._key)

    def items(self) -> ItemsView[str, T]:
        """Return a view of the items."""
        return Items(self)

    def values(self) -> ValuesView[T]:
        """Return a view of the values."""
        return Values(self)

    def __contains__(self, key: object) -> bool:
        return self._run(self._contains(key))  # type: ignore[arg-type]

    def __getitem__(self, key: str) -> T:
        value = self._run(self._get(key, _MISSING))
        if value is _MISSING:
            raise KeyError(key)
        found: T = value
        return found

    def __setitem__(self, key: str, value: T) -> None:
        self._run(self._set(key, value))

    def __delitem__(self, key: str) -> None:
        if not self._run(self._delete(key)):
            raise KeyError(key)
