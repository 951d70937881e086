"""What a batch records on a cardinality."""

from __future__ import annotations

from typing import Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Recorder, Result

T = TypeVar("T")


class CardinalityRecorder(Recorder, Generic[T]):
    """Records operations on a cardinality."""

    def add(self, *values: T) -> Result[None]:
        """Record that values are added."""
        return self._record("add", *values)


class Recordable(Generic[T]):
    """A cardinality, on a server or in memory."""

    def _recorder(self, batch: Batch) -> CardinalityRecorder[T]:
        return CardinalityRecorder(batch, self)
