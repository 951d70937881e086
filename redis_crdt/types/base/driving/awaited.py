"""How the collections of asyncio have their operations carried out."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from redis_crdt.operations.operation import Operation, Procedure
from redis_crdt.transport.awaiting import drive
from redis_crdt.types.base.collection.merging import state_of
from redis_crdt.types.base.collection.operations import CollectionOperations

if TYPE_CHECKING:  # a model of pydantic's, which takes time to make
    from redis_crdt.core.state import State

T = TypeVar("T")
R = TypeVar("R")


class Driven(CollectionOperations[T]):
    """A collection whose operations are awaited; it is opened by the first."""

    _is_open = False

    def _run(self, operation: Operation[R]) -> Coroutine[Any, Any, R]:
        if self._is_open:
            running: Coroutine[Any, Any, R] = self._replica.execute(operation)
            return running
        return self._open_and_run(operation)

    async def _open_and_run(self, operation: Operation[R]) -> R:
        await self._open_once()
        reply: R = await self._replica.execute(operation)
        return reply

    async def _drive(self, procedure: Procedure[R]) -> R:
        if not self._is_open:
            await self._open_once()
        return await drive(procedure)

    async def _open_once(self) -> None:
        await drive(self._open())
        self._is_open = True

    async def _state_of(self, other: Any) -> State:
        if isinstance(other, Driven):
            return state_of(await other._drive(other._dump()), self.kind)
        return state_of(other, self.kind)
