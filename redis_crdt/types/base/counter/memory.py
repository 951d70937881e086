"""What counters in memory have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from redis_crdt.core import totals as counting
from redis_crdt.core.entries import MAX_TOTAL, Total
from redis_crdt.types.base.collection.memory import OfOneType


class Counter(OfOneType[int, Total]):
    """Totals by writer, each counted up by its own writer alone."""

    _type: ClassVar = int

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
