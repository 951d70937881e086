"""What a batch records on an OR-Set."""

from __future__ import annotations

from datetime import timedelta
from typing import Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Result
from redis_crdt.types.base.set.removal.batch import RemovingRecorder
from redis_crdt.values.encoding import TTL

T = TypeVar("T")


class ORSetRecorder(RemovingRecorder[T]):
    """Records operations on an OR-Set."""

    def add(self, element: T, *, ttl: TTL = None) -> Result[None]:
        """Record an add. ``ttl`` is as of the collection's own."""
        return self._record("add", element, ttl=ttl)

    def expire(self, element: T, ttl: float | timedelta) -> Result[bool]:
        """Record another deadline of what is there; its result tells whether it was."""
        return self._record("expire", element, ttl, tells=True)


class Recordable(Generic[T]):
    """An OR-Set, on a server or in memory."""

    def _recorder(self, batch: Batch) -> ORSetRecorder[T]:
        return ORSetRecorder(batch, self)
