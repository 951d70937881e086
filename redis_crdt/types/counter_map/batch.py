"""What a batch records on a counter map."""

from __future__ import annotations

from redis_crdt.types.base.batch import Batch, Recorder, Result


class CounterMapRecorder(Recorder):
    """Records operations on a counter map."""

    def increment(self, key: str, n: int = 1) -> Result[None]:
        """Record an increment."""
        return self._record("increment", key, n)

    def decrement(self, key: str, n: int = 1) -> Result[None]:
        """Record a decrement."""
        return self._record("decrement", key, n)

    def remove(self, key: str, *, required: bool = False) -> Result[bool]:
        """Record a removal; its result tells whether the key was there.

        If it is ``required`` and the key is not there, the whole batch is dropped, with
        :class:`BatchAborted`.
        """
        return self._record("remove", key, required=required, tells=True)


class Recordable:
    """A counter map, on a server or in memory."""

    def _recorder(self, batch: Batch) -> CounterMapRecorder:
        return CounterMapRecorder(batch, self)
