"""What a batch records on a log."""

from __future__ import annotations

from typing import Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Recorder, Result

T = TypeVar("T")


class LogRecorder(Recorder, Generic[T]):
    """Records operations on a log."""

    def append(self, value: T) -> Result[None]:
        """Record that a value is appended."""
        return self._record("append", value)


class Recordable(Generic[T]):
    """A log, on a server or in memory."""

    def _recorder(self, batch: Batch) -> LogRecorder[T]:
        return LogRecorder(batch, self)
