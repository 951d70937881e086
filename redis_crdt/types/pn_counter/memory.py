"""The PN-Counter in memory."""

from __future__ import annotations

from typing import ClassVar

from redis_crdt.core import totals as counting
from redis_crdt.types.base.counter.memory import Counter
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.pn_counter.batch import Recordable


class PNCounter(Recordable, Counter):
    """A counter both ways (Shapiro et al., "A study of CRDTs", 2011, spec. 7).

    Each writer has one total for what it counted up and one for down; the value is the
    difference of their sums, less what resets have seen of them.
    """

    kind: ClassVar = "pn_counter"

    def increment(self, n: int = 1) -> None:
        """Count ``n`` up.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if this writer's total would pass 2**63 - 1.
        """
        self._count("+", n)

    def decrement(self, n: int = 1) -> None:
        """Count ``n`` down; raises as :meth:`increment` does."""
        self._count("-", n)

    def reset(self) -> None:
        """Take away all that the counter stands at: it is then at zero.

        What others have counted, and this one has not seen, still counts in full, however many
        reset it at once.
        """
        fields = {field.decode(): total for field, total in self._store.live.items()}
        changed = counting.reset(fields)
        if not changed:
            return
        time = self._write(field.encode() for field in changed).time
        for field, total in changed.items():
            self._store.put(field.encode(), total, time)
        for field in counting.spent({**fields, **changed}):
            del self._store.live[field.encode()]


class OpensPNCounter(Opener):
    """Replicas have counters that go up and down."""

    def pn_counter(self, name: str) -> PNCounter:
        """Open a counter that goes up and down."""
        return self._open(PNCounter, name, int)
