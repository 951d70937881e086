"""What a batch records on a G-Set."""

from __future__ import annotations

from typing import Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Recorder, Result

T = TypeVar("T")


class GSetRecorder(Recorder, Generic[T]):
    """Records operations on a G-Set."""

    def add(self, element: T) -> Result[None]:
        """Record an add."""
        return self._record("add", element)


class Recordable(Generic[T]):
    """A G-Set, on a server or in memory."""

    def _recorder(self, batch: Batch) -> GSetRecorder[T]:
        return GSetRecorder(batch, self)
