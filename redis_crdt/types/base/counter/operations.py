"""What counters on a server have in common."""

from __future__ import annotations

from typing import Any

from redis_crdt.core import totals as counting
from redis_crdt.core.entries import Total
from redis_crdt.operations.joins import Joins
from redis_crdt.operations.operation import Command, Script
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.operations import CollectionOperations


def _by_replica(reply: dict[bytes, bytes]) -> dict[str, int]:
    totals = ((field.decode(), Total.parse(total)) for field, total in reply.items())
    return counting.by_replica(totals)


def _value(reply: dict[bytes, bytes]) -> int:
    return sum(_by_replica(reply).values())


class CounterOperations(CollectionOperations[int]):
    """The operations of a counter: a total per writer, and per direction in a PN-Counter."""

    def __init__(self, replica: ReplicaOperations, name: str) -> None:
        super().__init__(replica, name, int)

    def _count(self, sign: str, n: int) -> Script[Any]:
        return self._script("counter/increment", sign, counting.check_amount(n), joins=Joins.AMOUNT)

    def _value(self) -> Command[int]:
        return self._command("HGETALL", self._live, read=_value)

    def _by_replica(self) -> Command[dict[str, int]]:
        return self._command("HGETALL", self._live, read=_by_replica)
