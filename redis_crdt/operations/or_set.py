"""The OR-Set on a server. What the type means is said in :mod:`redis_crdt.memory.or_set`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeVar

from redis_crdt.elements import elements_of
from redis_crdt.entries import Dots
from redis_crdt.operations.collection import CollectionOperations, batches
from redis_crdt.operations.operation import Command, Operation, Procedure, Script, as_is
from redis_crdt.values import encode_element

T = TypeVar("T")


class ORSetOperations(CollectionOperations[T]):
    """The operations of an OR-Set: an entry per element, a hash for those that are there."""

    kind = "or_set"

    def _encode(self, element: T) -> bytes:
        return encode_element(self._codec, element)

    def _add(self, element: T) -> Script[int]:
        field = self._encode(element)
        return self._part(field)._script("or_set/add", field)

    def _update(self, elements: Iterable[T]) -> Procedure[None]:
        fields = dict.fromkeys(map(self._encode, elements))
        parts = self._by_part(fields, as_is)
        yield from self._at_each(part._add_here(theirs) for part, theirs in parts)

    def _add_here(self, fields: Iterable[bytes]) -> Procedure[None]:
        for batch in batches(fields):
            yield self._replica, self._script("or_set/add", *batch)

    def _write_anew(self, entries: Mapping[bytes, Dots]) -> Procedure[None]:
        live = (field for field, entry in entries.items() if entry.live)
        yield from self._at_each(
            part._add_here(theirs) for part, theirs in self._by_part(live, as_is)
        )

    def _remove(self, element: T) -> Script[bool]:
        field = self._encode(element)
        return self._part(field)._script("or_set/remove", field, read=bool)

    def _remove_all(self, elements: Iterable[T]) -> Procedure[int]:
        parts = self._by_part(dict.fromkeys(map(self._encode, elements)), as_is)
        removed = yield from self._at_each(part._remove_here(theirs) for part, theirs in parts)
        return sum(removed)

    def _remove_here(self, fields: Iterable[bytes]) -> Procedure[int]:
        removed = 0
        for batch in batches(fields):
            removed += yield self._replica, self._script("or_set/remove", *batch)
        return removed

    def _clear(self) -> Procedure[None]:
        return self._remove_everything("or_set/remove")

    def _contains(self, element: T) -> Command[bool]:
        field = self._encode(element)
        part = self._part(field)
        return part._command("HEXISTS", part._live, field, read=bool)

    def _size(self) -> Operation[int]:
        return self._summed(lambda part: part._command("HLEN", part._live))

    def _removed_size(self) -> Operation[int]:
        return self._summed(lambda part: part._command("HLEN", part._removed))

    def _get_elements(self) -> Procedure[AbstractSet[T]]:
        return elements_of(self._codec, (yield from self._entries()))

    def _element(self, field: bytes, _: bytes = b"") -> T:
        element: T = self._codec.decode(field)
        return element

    def _pop(self) -> Procedure[T]:
        for part in self._parts:
            field: bytes | None = yield self._replica, part._script("or_set/pop")
            if field is not None:
                return self._element(field)
        raise KeyError("pop from an empty set")
