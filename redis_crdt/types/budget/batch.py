"""What a batch records on a budget."""

from __future__ import annotations

from redis_crdt.types.base.batch import Batch, Recorder, Result


class BudgetRecorder(Recorder):
    """Records operations on a budget."""

    def grant(self, n: int) -> Result[None]:
        """Record a grant."""
        return self._record("grant", n)

    def spend(self, n: int) -> Result[None]:
        """Record a spending; where it is refused, with :class:`Exceeded`, so is the whole batch."""
        return self._record("spend", n)

    def refund(self, n: int) -> Result[None]:
        """Record that something is given back."""
        return self._record("refund", n)


class Recordable:
    """A budget, on a server or in memory."""

    def _recorder(self, batch: Batch) -> BudgetRecorder:
        return BudgetRecorder(batch, self)
