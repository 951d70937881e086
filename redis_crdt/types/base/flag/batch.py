"""What a batch records on a flag."""

from __future__ import annotations

from redis_crdt.types.base.batch import Batch, Recorder, Result


class FlagRecorder(Recorder):
    """Records operations on a flag."""

    def enable(self) -> Result[None]:
        """Record that it is enabled."""
        return self._record("enable")

    def disable(self) -> Result[None]:
        """Record that it is disabled."""
        return self._record("disable")


class Recordable:
    """A flag, on a server or in memory."""

    def _recorder(self, batch: Batch) -> FlagRecorder:
        return FlagRecorder(batch, self)
