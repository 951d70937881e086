"""The operations of a cardinality on a server."""

from __future__ import annotations

from typing import Any, TypeVar

from redis_crdt.operations.operation import Command, Script
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.operations import CollectionOperations
from redis_crdt.types.cardinality.batch import Recordable
from redis_crdt.types.cardinality.registers import entries_of, estimate, read_count
from redis_crdt.values.encoding import encode_element

T = TypeVar("T")


class CardinalityOperations(Recordable[T], CollectionOperations[T]):
    """The operations of a cardinality: a hash of registers, and the sketch that counts natively."""

    kind = "cardinality"

    def __init__(self, replica: ReplicaOperations, name: str, type_: Any) -> None:
        super().__init__(replica, name, type_)
        self._sketch = self._keys.sketch(self.kind, self._field)
        self._write_keys = (*self._keys.base, self._live, self._sketch)

    def _add(self, *values: T) -> Script[Any]:
        entries = entries_of([encode_element(self._codec, value) for value in values])
        return self._script("cardinality/add", *(part for item in entries.items() for part in item))

    def _count(self) -> Command[int]:
        if self._replica._has_no_info:  # fakeredis, to which a sketch is a set
            return self._command("HGETALL", self._live, read=estimate)
        return self._command("PFCOUNT", self._sketch, read=read_count)
