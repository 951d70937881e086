"""The operations of a counter map on a server."""

from __future__ import annotations

from typing import Any

from redis_crdt.core import totals as counting
from redis_crdt.core.tallies import Tally
from redis_crdt.operations.operation import Operation, Script, known_already
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.ranked.operations import RankedOperations
from redis_crdt.types.counter_map.batch import Recordable
from redis_crdt.values.encoding import encode_key, key_field


class CounterMapOperations(Recordable, RankedOperations[int]):
    """The operations of a counter map: a tally per key, and their order."""

    kind = "counter_map"

    def __init__(self, replica: ReplicaOperations, name: str) -> None:
        super().__init__(replica, name, int)

    def _increment(self, key: str, n: int) -> Script[Any]:
        return self._count("+", key, n)

    def _decrement(self, key: str, n: int) -> Script[Any]:
        return self._count("-", key, n)

    def _count(self, sign: str, key: str, n: int) -> Script[Any]:
        field = encode_key(key)
        return self._script("counter_map/increment", sign, field, counting.check_amount(n))

    def _remove(self, key: str) -> Script[bool]:
        return self._script("counter_map/remove", encode_key(key), read=bool)

    def _value(self, key: str) -> Operation[int]:
        def read(entry: bytes | None) -> int:
            return 0 if entry is None else self._value_in(entry)

        field = key_field(key)
        if field is None:
            return known_already(0)
        return self._command("HGET", self._live, field, read=read)

    def _value_in(self, entry: bytes) -> int:
        return Tally.parse(entry).value

    def _value_of(self, score: float) -> int:
        return int(score)
