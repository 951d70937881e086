"""What a batch records on a work queue."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from redis_crdt.types.base.batch import Batch, Recorder, Result

T = TypeVar("T")


class WorkQueueRecorder(Recorder, Generic[T]):
    """Records operations on a work queue."""

    def put(
        self, value: T, priority: int = 0, delay: float = 0, *, task_id: str | None = None
    ) -> Result[None]:
        """Record that a task is put.

        By a ``task_id``, of the queue's ``new_id``, other writes of the batch can name it.
        """
        return self._record("put", value, priority, delay, task_id=task_id)

    def discard(self, task_id: str) -> Result[bool]:
        """Record that a task is removed; its result tells whether it was there."""
        return self._record("discard", task_id, tells=True)

    def done(self, claim: Any) -> Result[None]:
        """Record that a claimed task is done.

        If the claim does not hold any more, the whole batch is dropped, with :class:`Fenced`: so
        what comes of a task is written if it is this worker's to write, and only then.
        """
        return self._record("done", claim)


class Recordable(Generic[T]):
    """A work queue, on a server or in memory."""

    def _recorder(self, batch: Batch) -> WorkQueueRecorder[T]:
        return WorkQueueRecorder(batch, self)
