"""What the agents of the demo do: they share tasks, counters, configuration and status."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from pydantic import BaseModel

from redis_crdt.agents import DistributedStateManager
from redis_crdt.cli.demo.regions import Region
from redis_crdt.errors import Exceeded
from redis_crdt.types.base.collection.blocking import Collection

CONTESTED = "write the release notes"
"""A task that is claimed from the beginning: one side of the cut completes it, the other adds it
again."""

GRANTED = 1000
"""What all agents together may spend."""

Status = Literal["idle", "working", "done"]


class Model(BaseModel):
    """The configuration that all agents share."""

    name: str
    temperature: float = 0.2


class Shared:
    """The shared state, as the programs of one region see it."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.replica = region.replica
        self.manager = DistributedStateManager(region.replica)
        self.balance = region.replica.pn_counter("balance")
        self.credit = region.replica.budget("credit")
        self.model = region.replica.lww_register("model", Model)
        self.owner = region.replica.mv_register("owner", str)

    @property
    def collections(self) -> dict[str, Collection[Any]]:
        """The collections, by what to call them in front of people."""
        return {
            "tasks (OR-Set)": self.manager.tasks,
            "queue (WorkQueue)": self.manager.queue,
            "completed (G-Counter)": self.manager.completed,
            "balance (PN-Counter)": self.balance,
            "credit (Budget)": self.credit,
            "model (LWW-Register)": self.model,
            "owner (MV-Register)": self.owner,
            "agents (LWW-Map)": self.manager.status,
        }

    def entries(self) -> dict[str, dict[str, str]]:
        """Return every entry of every collection, for comparing regions to the last byte."""
        return {name: c.dump().entries for name, c in self.collections.items()}


@dataclass
class Acknowledged:
    """What servers have confirmed to agents, and what therefore must be there in the end."""

    added: set[str] = field(default_factory=set)
    claims: list[str] = field(default_factory=list)
    completions: list[str] = field(default_factory=list)
    balance: int = 0
    spent: int = 0
    refused: int = 0
    """How often there was not enough left in a region."""

    @classmethod
    def total(cls, parts: Iterable[Acknowledged]) -> Acknowledged:
        """Return what was confirmed to any of several agents."""
        total = cls()
        for part in parts:
            total.added |= part.added
            total.claims += part.claims
            total.completions += part.completions
            total.balance += part.balance
            total.spent += part.spent
            total.refused += part.refused
        return total

    @property
    def pending(self) -> set[str]:
        """The tasks that were added and never completed."""
        return self.added - set(self.completions)


class Agent:
    """One agent of a region. It works as fast as it can, and keeps count of what was confirmed."""

    def __init__(self, name: str, shared: Shared, seed: int) -> None:
        self.name = name
        self._shared = shared
        self._random = Random(seed)
        self._tasks = 0
        self.acknowledged = Acknowledged()

    def work(self, steps: int, tick: Callable[[], bool]) -> None:
        """Take so many steps; ``tick`` is told of each, and answers whether to go on."""
        choices = (self._add, self._complete, self._count, self._spend, self._report)
        for step in self._random.choices(choices, (4, 3, 1, 2, 1), k=steps):
            step()
            if not tick():
                return

    def _add(self) -> None:
        self._tasks += 1
        task = f"{self.name}/task-{self._tasks}"
        self._shared.manager.add_task(task)
        self.acknowledged.added.add(task)

    def _complete(self) -> None:
        task = self._shared.manager.claim_task(self.name)
        if task is not None:
            self.acknowledged.claims.append(task)
            if self._shared.manager.complete_task(task):
                self.acknowledged.completions.append(task)

    def _count(self) -> None:
        amount = self._random.randint(-5, 9)
        if amount < 0:
            self._shared.balance.decrement(-amount)
        else:
            self._shared.balance.increment(amount)
        self.acknowledged.balance += amount

    def _spend(self) -> None:
        amount = self._random.randint(1, 9)
        try:
            self._shared.credit.spend(amount)
        except Exceeded:
            self.acknowledged.refused += 1
        else:
            self.acknowledged.spent += amount

    def _report(self) -> None:
        status: Status = self._random.choice(("idle", "working", "done"))
        self._shared.manager.set_status(self.name, status)
