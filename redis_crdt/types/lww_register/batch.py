"""What a batch records on an LWW register."""

from __future__ import annotations

from datetime import timedelta
from typing import Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Recorder, Result
from redis_crdt.values.encoding import TTL

T = TypeVar("T")


class LWWRegisterRecorder(Recorder, Generic[T]):
    """Records operations on an LWW register."""

    def set(self, value: T, *, ttl: TTL = None) -> Result[None]:
        """Record a write. ``ttl`` is as of the collection's own."""
        return self._record("set", value, ttl=ttl)

    def expire(self, ttl: float | timedelta) -> Result[bool]:
        """Record another deadline of what is there; its result tells whether it was."""
        return self._record("expire", ttl, tells=True)


class Recordable(Generic[T]):
    """An LWW register, on a server or in memory."""

    def _recorder(self, batch: Batch) -> LWWRegisterRecorder[T]:
        return LWWRegisterRecorder(batch, self)
