"""The OR-Set on a server. What the type means is said in :mod:`redis_crdt.memory.or_set`."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import TypeVar

from redis_crdt.elements import elements_of
from redis_crdt.operations.collection import CollectionOperations, batches
from redis_crdt.operations.operation import Command, Procedure, Script
from redis_crdt.operations.replica import BATCH
from redis_crdt.values import encode_element

T = TypeVar("T")


class ORSetOperations(CollectionOperations[T]):
    """The operations of an OR-Set: an entry per element, a hash for those that are there."""

    kind = "or_set"

    def _encode(self, element: T) -> bytes:
        return encode_element(self._codec, element)

    def _add(self, element: T) -> Script[int]:
        return self._script("or_set/add", self._encode(element))

    def _update(self, elements: Iterable[T]) -> Procedure[None]:
        for batch in batches(dict.fromkeys(map(self._encode, elements))):
            yield self._replica, self._script("or_set/add", *batch)

    def _remove(self, element: T) -> Script[bool]:
        return self._script("or_set/remove", self._encode(element), read=bool)

    def _remove_all(self, elements: Iterable[T]) -> Procedure[int]:
        removed = 0
        for batch in batches(dict.fromkeys(map(self._encode, elements))):
            removed += yield self._replica, self._script("or_set/remove", *batch)
        return removed

    def _clear(self) -> Procedure[None]:
        cursor = b"0"
        while True:
            cursor = yield self._replica, self._script("or_set/clear", cursor, BATCH)
            if cursor == b"0":
                return

    def _contains(self, element: T) -> Command[bool]:
        return self._command("HEXISTS", self._live, self._encode(element), read=bool)

    def _size(self) -> Command[int]:
        return self._command("HLEN", self._live)

    def _removed_size(self) -> Command[int]:
        return self._command("HLEN", self._removed)

    def _get_elements(self) -> Procedure[AbstractSet[T]]:
        return elements_of(self._codec, (yield from self._entries()))

    def _iterate(self) -> Procedure[list[T]]:
        return [self._codec.decode(field) for field in (yield from self._entries())]

    def _pop(self) -> Procedure[T]:
        for field in (yield from self._entries()):
            # Others pop, too: only the one whose removal took effect has popped it.
            if (yield self._replica, self._script("or_set/remove", field)):
                element: T = self._codec.decode(field)
                return element
        raise KeyError("pop from an empty set")
