"""The operations of a PN-Counter on a server."""

from __future__ import annotations

from typing import Any

from redis_crdt.operations.operation import Script
from redis_crdt.types.base.counter.operations import CounterOperations
from redis_crdt.types.pn_counter.batch import Recordable


class PNCounterOperations(Recordable, CounterOperations):
    """The operations of a PN-Counter."""

    kind = "pn_counter"

    def _increment(self, n: int) -> Script[Any]:
        return self._count("+", n)

    def _decrement(self, n: int) -> Script[Any]:
        return self._count("-", n)
