"""How the blocking collections have their operations carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from redis_crdt.operations.operation import Operation, Procedure, drive
from redis_crdt.types.base.collection.merging import state_of
from redis_crdt.types.base.collection.operations import CollectionOperations

if TYPE_CHECKING:  # a model of pydantic's, which takes time to make
    from redis_crdt.core.state import State

T = TypeVar("T")
R = TypeVar("R")


class Driven(CollectionOperations[T]):
    """A collection whose operations block; the replica has opened it."""

    def _run(self, operation: Operation[R]) -> R:
        reply: R = self._replica.execute(operation)
        return reply

    def _drive(self, procedure: Procedure[R]) -> R:
        return drive(procedure)

    def _state_of(self, other: Any) -> State:
        return state_of(other, self.kind)
