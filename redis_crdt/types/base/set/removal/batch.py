"""What a batch records on a set of which elements are removed."""

from __future__ import annotations

from typing import Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Recorder, Result

T = TypeVar("T")


class RemovingRecorder(Recorder, Generic[T]):
    """Records operations on a set of which elements are removed."""

    def add(self, element: T) -> Result[None]:
        """Record an add."""
        return self._record("add", element)

    def remove(self, element: T, *, required: bool = False) -> Result[bool]:
        """Record a removal; its result tells whether the element was there.

        If it is ``required`` and the element is not there, the whole batch is dropped, with
        :class:`BatchAborted`.
        """
        return self._record("remove", element, required=required, tells=True)


class Recordable(Generic[T]):
    """Such a set, on a server or in memory."""

    def _recorder(self, batch: Batch) -> RemovingRecorder[T]:
        return RemovingRecorder(batch, self)
