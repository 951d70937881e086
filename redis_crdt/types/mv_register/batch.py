"""What a batch records on an MV register."""

from __future__ import annotations

from typing import Generic, TypeVar

from redis_crdt.core.contexts import Context
from redis_crdt.types.base.batch import Batch, Recorder, Result

T = TypeVar("T")


class MVRegisterRecorder(Recorder, Generic[T]):
    """Records operations on an MV register."""

    def set(self, value: T, context: Context | None = None) -> Result[None]:
        """Record a write."""
        return self._record("set", value, context)


class Recordable(Generic[T]):
    """An MV register, on a server or in memory."""

    def _recorder(self, batch: Batch) -> MVRegisterRecorder[T]:
        return MVRegisterRecorder(batch, self)
