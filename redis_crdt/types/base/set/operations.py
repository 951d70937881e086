"""What sets on a server have in common: an entry for each element."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import chain
from typing import TypeVar

from redis_crdt.operations.joins import Joins
from redis_crdt.operations.operation import Each, Operation, Procedure, Script, as_is, known_already
from redis_crdt.types.base.collection.operations import CollectionOperations, batches
from redis_crdt.types.base.set.elements import Keyed, decoded, fields_of, gathered
from redis_crdt.values.encoding import encode_element

T = TypeVar("T")


class SetOperations(CollectionOperations[T]):
    """Adding and reading: those that are there are the fields of one hash."""

    def _add(self, element: T) -> Script[int]:
        field = encode_element(self._codec, element)
        return self._part(field)._script(f"{self.kind}/add", field, joins=Joins.FIELDS)

    def _update(self, *elements: Iterable[T]) -> Procedure[None]:
        encode = partial(encode_element, self._codec)
        fields = dict.fromkeys(map(encode, chain.from_iterable(elements)))
        parts = self._by_part(fields, as_is)
        yield from self._at_each(part._add_here(theirs) for part, theirs in parts)

    def _add_here(self, fields: Iterable[bytes]) -> Procedure[None]:
        for batch in batches(fields):
            yield self._replica, self._script(f"{self.kind}/add", *batch, joins=Joins.FIELDS)

    def _contains(self, element: object) -> Operation[bool]:
        fields = fields_of(self._codec, element)
        if len(fields) == 1:
            part = self._part(fields[0])
            return part._command("HEXISTS", part._live, fields[0], read=bool)
        if not fields:
            return known_already(False)
        asked = (
            part._command("HMGET", part._live, *theirs, read=any)
            for part, theirs in self._by_part(fields, as_is)
        )
        return Each(tuple(asked), any, self._about)

    def _contains_many(self, elements: Iterable[object]) -> Procedure[list[bool]]:
        forms = [fields_of(self._codec, element) for element in elements]
        found = yield from self._entries_of(dict.fromkeys(chain.from_iterable(forms)))
        return [any(field in found for field in fields) for fields in forms]

    def _size(self) -> Operation[int]:
        return self._summed(lambda part: part._command("HLEN", part._live))

    def _all(self) -> Procedure[Keyed[T]]:
        return decoded(self._codec, (yield from self._entries()))

    def _get_elements(self) -> Procedure[AbstractSet[T]]:
        return gathered(self._codec, (yield from self._all()))

    def _element(self, field: bytes, _: bytes = b"") -> T:
        element: T = self._codec.decode_element(field)
        return element
