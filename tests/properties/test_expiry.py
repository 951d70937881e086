"""Deadlines on replicas in memory, by clocks that differ and move on, against what was written.

The model (``tests/model``) looks for what is wrong with the rules; this, for what is not as they
say. Each write replaces what its replica holds, so what lives is what nobody has replaced.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest

from redis_crdt import memory
from redis_crdt.core.dots import FOREVER, MARGIN, Dots

SECOND = 1000
SKEWS = (0, 3 * SECOND, 40 * SECOND)
ELEMENTS = ("x", "y", "z")


class Write(NamedTuple):
    """A write of an element, and when it is dead."""

    element: str
    deadline: int


class World:
    """Replicas whose clocks are apart, and by which writes what was written is replaced."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now = 1_800_000_000_000
        self.written: list[Write] = []
        self.replaced: list[set[int]] = []
        self.replicas = [self._replica(i, skew) for i, skew in enumerate(SKEWS)]
        self.seen: list[set[int]] = [set() for _ in SKEWS]
        """Of each replica the writes that it has heard of."""

    def _replica(self, number: int, skew: int) -> memory.Replica:
        return memory.Replica(
            replica_id=f"r{number}", clock=lambda: self.now + skew, feed_limit=1000
        )

    def clock(self, number: int) -> int:
        return self.now + SKEWS[number]

    def write(self, number: int, element: str, ttl: int | None) -> None:
        s = self.replicas[number].or_set("s", str)
        if ttl is None and self.chance.random() < 0.3:
            if s.remove(element):
                self._note(number, element, 0)
            return
        s.add(element, ttl=None if ttl is None else ttl / SECOND)
        self._note(number, element, FOREVER if ttl is None else self.clock(number) + ttl)

    def _note(self, number: int, element: str, deadline: int) -> None:
        earlier = {i for i in self.seen[number] if self.written[i].element == element}
        self.seen[number].add(len(self.written))
        self.written.append(Write(element, deadline))
        self.replaced.append(earlier)

    def pull(self, target: int, source: int) -> int:
        self.seen[target] |= self.seen[source]
        return self.replicas[target].pull(self.replicas[source]).entries

    def expected(self, number: int) -> set[str]:
        known = self.seen[number]
        gone = set().union(*(self.replaced[i] for i in known))
        now = self.clock(number)
        return {self.written[i].element for i in known - gone if self.written[i].deadline > now}

    def check(self) -> None:
        for number, replica in enumerate(self.replicas):
            s = replica.or_set("s", str)
            assert set(s) == self.expected(number), number
            assert len(s) == len(set(s))
            for element in ELEMENTS:
                assert (element in s) == (element in self.expected(number))


@pytest.mark.parametrize("seed", range(60))
def test_each_reader_sees_what_lives_by_its_clock(seed: int) -> None:
    world = World(seed)
    chance = world.chance
    for _ in range(60):
        world.now += chance.choice([1, SECOND, 20 * SECOND, 100 * SECOND])
        number = chance.randrange(3)
        if chance.random() < 0.5:
            ttl = chance.choice([SECOND, 30 * SECOND, 300 * SECOND, 300 * SECOND, None])
            world.write(number, chance.choice(ELEMENTS), ttl)
        else:
            world.pull(number, chance.choice([i for i in range(3) if i != number]))
        if chance.random() < 0.1:
            world.replicas[number].gc_tombstones(older_than=0)
        world.check()
    world.now += 1000 * SECOND + MARGIN
    for target in range(3):
        for source in range(3):
            if target != source:
                world.pull(target, source)
    world.check()
    for replica in world.replicas:
        for _, entry in replica.or_set("s", str)._store.entries():
            assert isinstance(entry, Dots)
            assert entry.horizon == FOREVER or not entry.is_past(world.now)
