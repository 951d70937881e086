"""What a batch records on a PN-Counter."""

from __future__ import annotations

from redis_crdt.types.base.batch import Batch, Recorder, Result


class PNCounterRecorder(Recorder):
    """Records operations on a PN-Counter."""

    def increment(self, n: int = 1) -> Result[None]:
        """Record an increment."""
        return self._count("increment", n)

    def decrement(self, n: int = 1) -> Result[None]:
        """Record a decrement."""
        return self._count("decrement", n)

    def reset(self) -> Result[None]:
        """Record that all is taken away that the counter stands at by then."""
        return self._reset()


class Recordable:
    """A PN-Counter, on a server or in memory."""

    def _recorder(self, batch: Batch) -> PNCounterRecorder:
        return PNCounterRecorder(batch, self)
