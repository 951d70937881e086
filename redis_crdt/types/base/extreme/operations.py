"""What the registers of the largest and of the smallest on a server have in common."""

from __future__ import annotations

from typing import Any, TypeVar

from redis_crdt.core.entries import Rank
from redis_crdt.core.fields import VALUE
from redis_crdt.operations.operation import Command, Script
from redis_crdt.types.base.collection.operations import CollectionOperations
from redis_crdt.types.base.extreme.batch import Recordable
from redis_crdt.values.ranks import rank_of, value_of

T = TypeVar("T")


class ExtremeOperations(Recordable[T], CollectionOperations[T]):
    """The operations of such a register: a hash with one entry."""

    def _set(self, value: T) -> Script[Any]:
        return self._script("extreme/set", VALUE, bytes(rank_of(self._codec, value)))

    def _get(self) -> Command[T | None]:
        return self._command(
            "HGET",
            self._live,
            VALUE,
            read=lambda entry: None if entry is None else value_of(self._codec, Rank(entry)),
        )
