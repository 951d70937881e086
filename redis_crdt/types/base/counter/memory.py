"""What counters in memory have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from redis_crdt.core import totals as counting
from redis_crdt.core.clock import wall_clock
from redis_crdt.core.entries import MAX_TOTAL, Total
from redis_crdt.types.base.collection.memory import Collection


class Counter(Collection[int, Total]):
    """Totals by writer, each counted up by its own writer alone."""

    def __init__(
        self,
        replica_id: str | None = None,
        *,
        clock: Callable[[], int] = wall_clock,
        max_drift: float = 60.0,
    ) -> None:
        """Make a bare counter at zero. For the arguments see :class:`Collection`."""
        super().__init__(int, replica_id=replica_id, clock=clock, max_drift=max_drift)

    def _count(self, sign: str, n: int) -> None:
        if not counting.check_amount(n):
            return
        field = (sign + self._shard.writer).encode()
        old = self._store.live.get(field)
        total = old.amount if old else 0
        if total + n > MAX_TOTAL:
            raise counting.overflow(self.name, total, n)
        time = self._write([field]).time
        new = replace(old, amount=total + n) if old else Total(n)
        self._store.put(field, new, time)

    def by_replica(self) -> dict[str, int]:
        """Return what each replica has counted."""
        entries = self._store.live.items()
        return counting.by_replica((field.decode(), total) for field, total in entries)

    def value(self) -> int:
        """Return the count, over all replicas."""
        return sum(self.by_replica().values())
