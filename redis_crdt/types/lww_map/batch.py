"""What a batch records on an LWW map."""

from __future__ import annotations

from datetime import timedelta
from typing import Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Recorder, Result
from redis_crdt.values.encoding import TTL

T = TypeVar("T")


class LWWMapRecorder(Recorder, Generic[T]):
    """Records operations on an LWW map."""

    def set(self, key: str, value: T, *, ttl: TTL = None) -> Result[None]:
        """Record a write. ``ttl`` is as of the collection's own."""
        return self._record("set", key, value, ttl=ttl)

    def expire(self, key: str, ttl: float | timedelta) -> Result[bool]:
        """Record another deadline of what is there; its result tells whether it was."""
        return self._record("expire", key, ttl, tells=True)

    def delete(self, key: str, *, required: bool = False) -> Result[bool]:
        """Record a deletion; its result tells whether the key was there.

        If it is ``required`` and the key is not there, the whole batch is dropped, with
        :class:`BatchAborted`.
        """
        return self._record("delete", key, required=required, tells=True)


class Recordable(Generic[T]):
    """An LWW map, on a server or in memory."""

    def _recorder(self, batch: Batch) -> LWWMapRecorder[T]:
        return LWWMapRecorder(batch, self)
