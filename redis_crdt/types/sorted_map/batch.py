"""What a batch records on a sorted map."""

from __future__ import annotations

from redis_crdt.types.base.batch import Batch, Recorder, Result


class SortedMapRecorder(Recorder):
    """Records operations on a sorted map."""

    def set(self, key: str, score: float) -> Result[None]:
        """Record a write."""
        return self._record("set", key, score)

    def delete(self, key: str, *, required: bool = False) -> Result[bool]:
        """Record a deletion; its result tells whether the key was there.

        If it is ``required`` and the key is not there, the whole batch is dropped, with
        :class:`BatchAborted`.
        """
        return self._record("delete", key, required=required, tells=True)


class Recordable:
    """A sorted map, on a server or in memory."""

    def _recorder(self, batch: Batch) -> SortedMapRecorder:
        return SortedMapRecorder(batch, self)
