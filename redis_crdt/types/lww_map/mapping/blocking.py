"""What makes the maps on a server a ``MutableMapping``, for calls that need no ``await``."""

from __future__ import annotations

from collections.abc import (
    Callable,
    Hashable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    MutableMapping,
    ValuesView,
)
from operator import and_, eq, ge, gt, le, lt, ne, or_, sub, xor
from typing import Any, TypeVar

from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.base.set.elements import Keyed, Operators
from redis_crdt.types.lww_map.operations import LWWMapOperations
from redis_crdt.values.codec import codec_for
from redis_crdt.values.encoding import MISSING, items_of

T = TypeVar("T")


class Keys(Operators[str], KeysView[str]):  # type: ignore[misc]
    """The keys of a map; operators ask for many at once, as those of sets do."""

    _mapping: MapProtocol[Any]
    _codec = codec_for(str)

    def contains_many(self, elements: Iterable[Any]) -> list[bool]:
        """Tell of each of the keys whether it is there, in order. One round trip per 500."""
        return self._mapping._drive(self._mapping._contains_many(elements))

    def _known_by(self) -> Iterable[Hashable]:
        return map(self._codec.encode, self._mapping)

    def _keyed(self) -> Keyed[str]:
        return {self._codec.encode(key): key for key in self._mapping}


def _by_dict(operate: Callable[[Any, Any], Any]) -> Any:
    """Return an operator that reads all items first, and then does as that of a ``dict``'s."""

    def operator(items: Items[Any], other: Any) -> Any:
        mapping = items._mapping
        return operate(mapping._drive(mapping._all_items()).items(), other)

    return operator


class Items(ItemsView[str, T]):
    """The items of a map, read in one round trip per 500 as they are asked for."""

    _mapping: MapProtocol[T]

    __eq__, __ne__, __lt__, __le__, __gt__, __ge__ = map(_by_dict, (eq, ne, lt, le, gt, ge))
    __and__, __or__, __sub__, __xor__ = map(_by_dict, (and_, or_, sub, xor))
    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__
    __rsub__ = _by_dict(lambda mine, other: other - mine)
    isdisjoint = _by_dict(lambda mine, other: mine.isdisjoint(other))

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return self._mapping._stream(self._mapping._item)


class Values(ValuesView[T]):
    """The values of a map, read in one round trip per 500 as they are asked for."""

    _mapping: MapProtocol[T]

    def __iter__(self) -> Iterator[T]:
        return self._mapping._stream(self._mapping._value)

    def __contains__(self, value: object) -> bool:
        return any(value is found or value == found for found in self)


class MapProtocol(Collection[T], LWWMapOperations[T], MutableMapping[str, T]):
    """Python's protocol of maps."""

    _items_of = staticmethod(items_of)

    def __len__(self) -> int:
        return self._run(self._size())

    def keys(self) -> KeysView[str]:
        """Return a view of the keys."""
        return Keys(self)

    def items(self) -> ItemsView[str, T]:
        """Return a view of the items."""
        return Items(self)

    def values(self) -> ValuesView[T]:
        """Return a view of the values."""
        return Values(self)

    def __contains__(self, key: object) -> bool:
        return self._run(self._contains(key))

    def __getitem__(self, key: str) -> T:
        value = self._run(self._get(key, MISSING))
        if value is MISSING:
            raise KeyError(key)
        found: T = value
        return found

    def __setitem__(self, key: str, value: T) -> None:
        self._run(self._set(key, value))

    def __delitem__(self, key: str) -> None:
        if not self._run(self._delete(key)):
            raise KeyError(key)
