"""What a batch records on an LWW map."""

from __future__ import annotations

from typing import Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Recorder, Result

T = TypeVar("T")


class LWWMapRecorder(Recorder, Generic[T]):
    """Records operations on an LWW map."""

    def set(self, key: str, value: T) -> Result[None]:
        """Record a write."""
        return self._record("set", key, value)

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
