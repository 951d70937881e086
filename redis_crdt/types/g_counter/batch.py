"""What a batch records on a G-Counter."""

from __future__ import annotations

from redis_crdt.types.base.batch import Batch, Recorder, Result


class GCounterRecorder(Recorder):
    """Records operations on a G-Counter."""

    def increment(self, n: int = 1) -> Result[None]:
        """Record an increment."""
        return self._count("increment", n)


class Recordable:
    """A G-Counter, on a server or in memory."""

    def _recorder(self, batch: Batch) -> GCounterRecorder:
        return GCounterRecorder(batch, self)
