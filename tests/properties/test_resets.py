"""Counters that reset, in random schedules: each increment counts until a reset has seen it.

Beside what a replica holds stands what it should mean: the increments that it knows of, and those
that some reset which it knows of had seen. Replicas forget, begin new incarnations, and count past
ones in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from random import Random

import pytest

from redis_crdt.core import totals as counting
from redis_crdt.core.entries import Total
from redis_crdt.core.joins import join_resettable

NOTHING: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Meaning:
    """Which increments a field stands for, and which of them resets have seen."""

    counted: frozenset[int] = NOTHING
    taken: frozenset[int] = NOTHING

    def __or__(self, other: Meaning) -> Meaning:
        return Meaning(self.counted | other.counted, self.taken | other.taken)


@dataclass
class Region:
    """A counter of one replica."""

    name: str
    fields: dict[str, Total] = field(default_factory=dict)
    means: dict[str, Meaning] = field(default_factory=dict)
    """Of each field, those that went included."""
    incarnation: int = 1000

    def copy(self) -> Region:
        return replace(self, fields=dict(self.fields), means=dict(self.means))

    def own(self, sign: str) -> str:
        return f"{sign}{self.name}#{self.incarnation}"

    def value(self) -> int:
        return sum(counting.by_replica(self.fields.items()).values())

    def increment(self, event: int, sign: str, n: int) -> None:
        own = self.own(sign)
        old = self.fields.get(own)
        self.fields[own] = replace(old, amount=old.amount + n) if old else Total(n)
        self._mean(own, Meaning(frozenset([event])))

    def reset(self) -> None:
        changed = counting.reset(self.fields)
        self.fields |= changed
        for name in changed:
            self._mean(name, Meaning(NOTHING, self.means[name].counted))
        self._drop()
        assert self.value() == 0

    def fold(self) -> None:
        for sign in "+-":
            own = self.own(sign)
            found = counting.fold(self.fields, own)
            if found:
                for past in self.fields:
                    if past.partition("#")[0] == own.partition("#")[0]:
                        self._mean(own, Meaning(self.means[past].counted))
                self.fields[own], gone = found
                for past in gone:
                    del self.fields[past]

    def take(self, other: Region, names: Iterable[str]) -> None:
        for name in list(names):
            mine, theirs = self.fields.get(name), other.fields[name]
            joined = theirs if mine is None else join_resettable(mine, theirs)
            # Through the text, as it goes to others.
            self.fields[name] = Total.parse(bytes(joined))
            self._mean(name, other.means[name])
        self._drop()

    def meaning(self) -> Meaning:
        return reduce(or_, self.means.values(), Meaning())

    def _mean(self, name: str, more: Meaning) -> None:
        self.means[name] = self.means.get(name, Meaning()) | more

    def _drop(self) -> None:
        for name in counting.spent(self.fields):
            del self.fields[name]


def run(seed: int, *, forgets: bool, in_parts: bool) -> list[Region]:
    """Let regions do this and that, and in the end hear of everything."""
    chance = Random(seed)
    regions = [Region(name) for name in "abc"]
    kept = {region.name: region.copy() for region in regions}
    amounts: dict[int, int] = {}
    for event in range(60):
        region = chance.choice(regions)
        match chance.choice(["count", "count", "pull", "pull", "fold", "reset", "restart", "part"]):
            case "count":
                sign, n = chance.choice("+-"), chance.choice([1, 5, 2**60])
                amounts[event] = n if sign == "+" else -n
                region.increment(event, sign, n)
            case "pull":
                other = chance.choice(regions)
                region.take(other, other.fields)
            case "fold":
                region.fold()
            case "reset" if chance.random() < 0.5:
                region.reset()
            case "restart":
                if forgets and chance.random() < 0.5:
                    old = kept[region.name]
                    region.fields, region.means = dict(old.fields), dict(old.means)
                region.incarnation += 1
                kept[region.name] = region.copy()
            case "part" if in_parts:
                other = chance.choice(regions)
                region.take(other, [name for name in other.fields if chance.random() < 0.5])
        check(region, amounts, seed)
    for _ in range(2):
        for region in regions:
            for other in regions:
                region.take(other, other.fields)
    for region in regions:
        check(region, amounts, seed)
    return regions


def check(region: Region, amounts: dict[int, int], seed: int) -> None:
    meaning = region.meaning()
    counts = sum(amounts[event] for event in meaning.counted - meaning.taken)
    assert region.value() == counts, seed


SEEDS = 200


@pytest.fixture(autouse=True)
def _fold_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "FOLD_AT", 1)


@pytest.mark.parametrize(
    ("forgets", "in_parts"), [(False, False), (True, False), (False, True)], ids=str
)
def test_a_reset_takes_away_what_it_has_seen(forgets: bool, in_parts: bool) -> None:
    folded = baselines = 0
    for seed in range(SEEDS):
        regions = run(seed, forgets=forgets, in_parts=in_parts)
        assert regions[0].fields == regions[1].fields == regions[2].fields
        folded += any(total.folded for total in regions[0].fields.values())
        baselines += any(total.baseline for total in regions[0].fields.values())
    assert folded > SEEDS / 5
    assert baselines > SEEDS / 5


def test_what_is_kept_of_past_incarnations_is_bounded() -> None:
    a, b = Region("a"), Region("b")
    for event in range(200):
        a.incarnation += 1
        a.increment(event, "+", 3)
        if event % 7 == 0:
            b.take(a, a.fields)
            b.reset()
            a.take(b, b.fields)
        a.fold()
        assert len(a.fields) <= 10
