"""The operations of a PN-Counter on a server."""

from __future__ import annotations

from typing import Any

from redis_crdt.operations.operation import Procedure, Script
from redis_crdt.types.base.counter.operations import CounterOperations
from redis_crdt.types.pn_counter.batch import Recordable
from redis_crdt.types.pn_counter.kind import SIDES


class PNCounterOperations(Recordable, CounterOperations):
    """The operations of a PN-Counter."""

    kind = "pn_counter"

    def _increment(self, n: int) -> Script[Any]:
        return self._count("+", n)

    def _decrement(self, n: int) -> Script[Any]:
        return self._count("-", n)

    def _reset(self, extent: str = "all") -> Script[int]:
        """Make what resets at most: ``all``, or ``some`` if it is more than a script may handle."""
        return self._script("pn_counter/reset", extent, *SIDES)

    def _reset_in_steps(self) -> Procedure[None]:
        while (yield self._replica, self._reset("some")):
            pass
