"""The operations of a G-Counter on a server."""

from __future__ import annotations

from typing import Any

from redis_crdt.operations.operation import Script
from redis_crdt.types.base.counter.operations import CounterOperations
from redis_crdt.types.g_counter.batch import Recordable


class GCounterOperations(Recordable, CounterOperations):
    """The operations of a G-Counter."""

    kind = "g_counter"

    def _increment(self, n: int) -> Script[Any]:
        return self._count("", n)
