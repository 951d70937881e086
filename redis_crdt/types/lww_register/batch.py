"""What a batch records on an LWW register."""

from __future__ import annotations

from typing import Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Recorder, Result

T = TypeVar("T")


class LWWRegisterRecorder(Recorder, Generic[T]):
    """Records operations on an LWW register."""

    def set(self, value: T) -> Result[None]:
        """Record a write."""
        return self._record("set", value)


class Recordable(Generic[T]):
    """An LWW register, on a server or in memory."""

    def _recorder(self, batch: Batch) -> LWWRegisterRecorder[T]:
        return LWWRegisterRecorder(batch, self)
