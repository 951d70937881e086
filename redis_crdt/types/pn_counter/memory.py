"""The PN-Counter: a counter that goes up and down."""

from __future__ import annotations

from typing import ClassVar

from redis_crdt.types.g_counter.memory import Counter


class PNCounter(Counter):
    """A counter both ways (Shapiro et al., "A study of CRDTs", 2011, spec. 7).

    Each writer has one total for what it counted up and one for down; the value is the
    difference of their sums.
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
