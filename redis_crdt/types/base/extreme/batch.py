"""What a batch records on a register of the largest or smallest."""

from __future__ import annotations

from typing import Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Recorder, Result

T = TypeVar("T")


class ExtremeRecorder(Recorder, Generic[T]):
    """Records operations on a register of the largest or smallest."""

    def set(self, value: T) -> Result[None]:
        """Record a write."""
        return self._record("set", value)


class Recordable(Generic[T]):
    """A register of the largest or smallest, on a server or in memory."""

    def _recorder(self, batch: Batch) -> ExtremeRecorder[T]:
        return ExtremeRecorder(batch, self)
