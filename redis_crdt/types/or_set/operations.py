"""The OR-Set on a server. What the type means is said in :mod:`redis_crdt.types.or_set`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from redis_crdt.core.entries import Dots
from redis_crdt.operations.operation import Procedure, as_is
from redis_crdt.types.base.set.removal.operations import RemovingOperations

T = TypeVar("T")


class ORSetOperations(RemovingOperations[T]):
    """The operations of an OR-Set: those that are there are in one hash, tombstones in another."""

    kind = "or_set"

    def _write_anew(self, entries: Mapping[bytes, Dots]) -> Procedure[None]:
        live = (field for field, entry in entries.items() if entry.live)
        yield from self._at_each(
            part._add_here(theirs) for part, theirs in self._by_part(live, as_is)
        )
