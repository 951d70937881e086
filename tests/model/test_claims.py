"""The model finds nothing wrong with the rules of a work queue, and something without any."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.model.claims import VARIANTS, Options, Region, World, Wrong, run


@pytest.mark.parametrize("name", VARIANTS)
def test_the_rules_are_right(name: str) -> None:
    found = [run(seed, VARIANTS[name]) for seed in range(1, 201)]
    assert not [wrong for wrong in found if wrong]


NEEDED = [  # the seed of a schedule that goes wrong without the rule
    ("owner", "calm", 1),
    ("incarnation", "prompt", 6),
    ("epoch", "late", 6),
    ("jump", "late", 121),
    ("heard", "prompt", 2500),
    ("fence", "calm", 1),
    ("lease", "calm", 947),
]


@pytest.mark.parametrize(("rule", "name", "seed"), NEEDED, ids=[rule for rule, *_ in NEEDED])
def test_each_rule_is_needed(rule: str, name: str, seed: int) -> None:
    assert not run(seed, VARIANTS[name])
    assert run(seed, replace(VARIANTS[name], without=frozenset({rule})))


def pulled(target: Region, source: Region) -> None:
    target.receive(source.send(target, None))


class Chain:
    """Three regions of which only those side by side meet, at first in step; a task is at ``a``."""

    def __init__(self, rule: str, ahead: int = 0) -> None:
        self.world = World(Options(without=frozenset({rule} if rule else ())))
        self.a, self.b, self.c = (
            Region(self.world, i, skew) for i, skew in enumerate((0, 0, ahead))
        )
        self.a.peers, self.b.peers, self.c.peers = [self.b], [self.a, self.c], [self.b]
        self.a.put()
        (self.task,) = self.world.tasks
        for target, source in ((self.b, self.c), (self.a, self.b), (self.b, self.a)):
            pulled(target, source)
        pulled(self.c, self.b)
        self.before = self.a.snapshot(), self.b.snapshot()

    def hand_to(self, region: Region) -> None:
        self.world.time += 10
        self.a.hand_over(self.task, region.writer)

    def takes(self, region: Region) -> bool:
        self.world.time += 1
        return region.claim(random.Random(1), 1000)


def hidden(rule: str) -> bool:
    """Of a hand-over only a region knows that is no peer of the one that forgot it."""
    chain = Chain(rule)
    chain.hand_to(chain.c)
    pulled(chain.b, chain.a)
    pulled(chain.c, chain.b)
    assert chain.takes(chain.c)
    chain.a.roll_back(chain.before[0])
    chain.b.roll_back(chain.before[1])
    pulled(chain.a, chain.b)
    return chain.takes(chain.a)


def asked_before(rule: str) -> bool:
    """What was asked for before the restart arrives after it."""
    chain = Chain(rule)
    chain.b.known.clear()
    early = chain.b.send(chain.a, None)
    chain.hand_to(chain.b)
    pulled(chain.b, chain.a)
    assert chain.takes(chain.b)
    chain.a.roll_back(chain.before[0])
    chain.a.known.clear()
    chain.a.receive(early)
    return chain.takes(chain.a)


def clock_ahead(rule: str) -> bool:
    """A clock that is ahead tells of a time after the restart, and was read before that."""
    chain = Chain(rule, ahead=5)
    chain.world.time += 10
    chain.c.last = chain.c.clock()  # it wrote something
    pulled(chain.b, chain.c)
    chain.a.hand_over(chain.task, chain.c.writer)
    pulled(chain.c, chain.a)
    assert chain.takes(chain.c)
    chain.a.roll_back(chain.before[0])
    pulled(chain.a, chain.b)
    return chain.takes(chain.a)


def lease_forgotten(rule: str) -> bool:
    """The lease that runs is one of those that were forgotten."""
    chain = Chain(rule)
    assert chain.takes(chain.a)
    chain.a.roll_back(chain.before[0])
    pulled(chain.a, chain.b)
    chain.c.last = chain.world.time + 100
    pulled(chain.b, chain.c)
    pulled(chain.a, chain.b)
    return chain.takes(chain.a)


SELDOM = {"known": hidden, "asked": asked_before, "drift": clock_ahead, "grace": lease_forgotten}


@pytest.mark.parametrize("rule", SELDOM)
def test_each_rule_is_needed_where_chance_seldom_comes(rule: str) -> None:
    assert not SELDOM[rule]("")
    with pytest.raises(Wrong, match="both"):
        SELDOM[rule](rule)
