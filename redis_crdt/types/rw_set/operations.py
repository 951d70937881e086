"""The RW-Set on a server. What the type means is said in :mod:`redis_crdt.types.rw_set`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from redis_crdt.core.dots import Dots
from redis_crdt.operations.operation import Procedure, Script, as_is
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.operations import batches
from redis_crdt.types.base.set.removal.operations import RemovingOperations
from redis_crdt.values.encoding import encode_element

T = TypeVar("T")


class RWSetOperations(RemovingOperations[T]):
    """The operations of an RW-Set: what is there is in the hash of what has no live dots."""

    kind = "rw_set"

    def __init__(self, replica: ReplicaOperations, name: str, type_: Any, *args: Any, **how: Any):
        super().__init__(replica, name, type_, *args, **how)
        self._live, self._removed = self._removed, self._live

    def _add(self, element: T) -> Script[int]:
        field = encode_element(self._codec, element)
        return self._part(field)._script("rw_set/add", "any", field)

    def _add_here(self, fields: Iterable[bytes], which: str = "any") -> Procedure[None]:
        for batch in batches(fields):
            yield self._replica, self._script("rw_set/add", which, *batch)

    def _write_anew(self, entries: Mapping[bytes, Dots]) -> Procedure[None]:
        gone = [field for field, entry in entries.items() if entry.live]
        there = (field for field, entry in entries.items() if not entry.live)
        yield from self._remove_fields(gone)
        yield from self._at_each(
            part._add_here(theirs, "new") for part, theirs in self._by_part(there, as_is)
        )
