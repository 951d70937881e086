"""Pulls taken step by step: broken off anywhere, and what they asked for delivered again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from redis_crdt.operations.operation import Procedure, SideBySide
from redis_crdt.sync.pull import pull
from tests.contract.seam import settled

WRITES = ("replica/apply", "replica/reconcile_joined", "replica/reconcile_finish")
"""What a pull asks of its target that may change it."""


class BrokenOff(Exception):
    """A link broke."""


class Steps:
    """Carries a pull out, up to a number of requests; remembers what it asked of the target.

    ``between`` is done before each request, and told which one it is.
    """

    def __init__(
        self, most: float = float("inf"), between: Callable[[int], Any] | None = None
    ) -> None:
        self.left = most
        self.done = 0
        self.writes: list[tuple[Any, Any]] = []
        self._between = between

    async def pull(self, target: Any, source: Any) -> bool:
        """Pull; returns whether it came to its end."""
        self._target = target
        try:
            await self._carry_out(pull(target, source))
        except BrokenOff:
            return False
        return True

    async def deliver_again(self) -> None:
        """Deliver all that was asked of the target once more, late as it may be."""
        for executor, operation in self.writes:
            await settled(executor.execute(operation))

    async def _carry_out(self, procedure: Procedure[Any]) -> Any:
        reply: Any = None
        while True:
            try:
                executor, operation = procedure.send(reply)
            except StopIteration as stop:
                return stop.value
            if isinstance(executor, SideBySide):
                reply = [await self._carry_out(one) for one in executor.procedures]
            else:
                reply = await self._ask(executor, operation)

    async def _ask(self, executor: Any, operation: Any) -> Any:
        if self._between is not None:
            await settled(self._between(self.done))
        if self.left <= 0:
            raise BrokenOff
        self.left -= 1
        self.done += 1
        if getattr(operation, "name", None) in WRITES:
            self.writes.append((self._target, operation))
        return await settled(executor.execute(operation))


async def in_step(*replicas: Any, rounds: int = 3) -> None:
    """Sync each with the next until all have all: a chain, there and back."""
    for _ in range(rounds):
        for one, other in [*pairwise(replicas), *pairwise(reversed(replicas))]:
            await settled(one.sync(other))


async def elements(replica: Any, name: str = "s") -> set[Any]:
    """What is in a set."""
    found: set[Any] = await settled(replica.or_set(name).get_elements())
    return found
