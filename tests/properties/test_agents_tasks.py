"""Agents of several regions at random: no task has two owners at a time, none is lost or left.

Regions in memory, whose pulls come seldom and one way. What each agent does it may do; lest leases
end, they are long, and who is asked to complete a task without a claim has seen it.
"""

from __future__ import annotations

import random

import pytest

from redis_crdt import memory
from redis_crdt.agents import DistributedStateManager
from redis_crdt.types.work_queue.tasks import LAST_TIME

LEASE = 1e6
RUNS = 30


class World:
    """The regions, and what was acknowledged in them."""

    def __init__(self, seed: int, *, alone: bool, unclaimed: bool) -> None:
        self.random = random.Random(seed)
        self.now = 10**12
        self.alone = alone
        """Whether a task is added in one region only."""
        self.unclaimed = unclaimed
        """Whether tasks are completed by agents that have not claimed them."""
        self.managers = [
            DistributedStateManager(memory.Replica(replica_id=f"r{i}", clock=lambda: self.now))
            for i in range(self.random.choice((2, 2, 3)))
        ]
        self.holders: dict[str, tuple[DistributedStateManager, str]] = {}
        self.completed = 0

    @property
    def is_exclusive(self) -> bool:
        """Whether nothing happens by which a task may have two owners, or a claim may end."""
        return self.alone and not self.unclaimed

    def step(self) -> None:
        rnd, k = self.random, self.random.random()
        self.now += rnd.choice((0, 1, 5))
        region = rnd.randrange(len(self.managers))
        manager = self.managers[region]
        if k < 0.2:
            manager.add_task(f"{region if self.alone else ''}/{rnd.randrange(3)}")
        elif k < 0.5:
            agent = f"{region}{rnd.choice('ab')}"
            task = manager.claim_task(agent, seconds=LEASE)
            if task is not None:
                assert task not in self.holders or not self.is_exclusive
                self.holders[task] = manager, agent
        elif k < 0.8 and self.holders:
            task = rnd.choice(sorted(self.holders))
            self.go_on(task, *self.holders[task])
        elif k < 0.83 and self.unclaimed and (pending := manager.get_pending_tasks()):
            self.completed += manager.complete_task(rnd.choice(sorted(pending)))
        elif k < 0.87:
            manager.queue.share()
        else:
            source = rnd.choice([other for other in self.managers if other is not manager])
            manager.replica.pull(source.replica)

    def go_on(self, task: str, manager: DistributedStateManager, agent: str) -> None:
        """Have an agent do something with a task that it has."""
        match self.random.choice(("renew", "release", "complete", "complete")):
            case "renew":
                is_his = manager.claim_task(agent, task, seconds=LEASE) == task
            case "release":
                del self.holders[task]
                is_his = manager.release_task(agent, task)
            case _:
                del self.holders[task]
                is_his = manager.complete_task(task)
                self.completed += is_his
        assert is_his or not self.is_exclusive

    def work_off(self) -> None:
        """Have everybody meet, and leases end, until nothing is left."""
        for _ in range(40):
            self.now += round(LEASE) * 10_000
            assert self.now < LAST_TIME
            for one in self.managers:
                for other in self.managers:
                    if one is not other:
                        one.replica.pull(other.replica)
            for manager in self.managers:
                while (task := manager.claim_task("last", seconds=60)) is not None:
                    self.completed += manager.complete_task(task)
                manager.queue.share()


@pytest.mark.parametrize("unclaimed", [False, True])
@pytest.mark.parametrize("alone", [True, False])
def test_no_task_has_two_owners_and_none_is_lost(
    alone: bool, unclaimed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_crdt.agents.manager.blocking.HELD_BACK", 0.001)
    for seed in range(RUNS):
        world = World(seed, alone=alone, unclaimed=unclaimed)
        for _ in range(world.random.choice((40, 120))):
            world.step()
        world.work_off()
        for manager in world.managers:
            assert manager.get_pending_tasks() == set(), seed
            assert manager.queue.pending() == manager.queue.claimed() == 0, seed
            for part in (manager.queued, manager.again, manager.claims):
                assert dict(part.items()) == {}, seed
            assert manager.get_completed_count() == world.completed, seed
