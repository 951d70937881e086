"""The model finds nothing wrong with the rules, and something wrong without any of them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.model.entries import NOTHING
from tests.model.knowledge import run
from tests.model.replica import Options, Replica, World

BASE = Options()
CALM = Options(amnesia=False)
VARIANTS = {
    "forgetful": BASE,
    "calm": CALM,
    "whole": Options(whole=True),
    "silent": Options(silent=True),
    "bounded": Options(keep=1),
    "objects": Options(amnesia=False, objects=True),
    "drops": Options(amnesia=False, drops=True),
    "folds": Options(folds=True),
    "calm folds": Options(amnesia=False, folds=True),
    "readings": Options(readings=True),
    "readings of folds": Options(folds=True, readings=True),
    "expiry": Options(expiry=True),
    "calm expiry": Options(amnesia=False, expiry=True),
    "bounded expiry": Options(keep=1, expiry=True),
    "expiry of objects": Options(amnesia=False, objects=True, expiry=True),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_rules_are_right(name: str) -> None:
    found = [run(seed, VARIANTS[name]) for seed in range(1, 501)]
    assert not [wrong for wrong in found if wrong]


def test_bounded_knowledge_loses_nothing() -> None:
    found = [run(seed, Options(whole=True, keep=1)) for seed in range(1, 501)]
    assert not [wrong for wrong in found if wrong and "returned" not in wrong]


KEEP = Options(keep=1)
SILENT = Options(silent=True)
NEEDED = [  # the seed of a schedule that goes wrong without the rule
    ("cover", BASE, 14),
    ("absence", BASE, 1),
    ("incarnation", BASE, 600),
    ("covered-gc", BASE, 1279),
    ("barrier", BASE, 48),
    ("together", BASE, 48),
    ("pending", BASE, 16185),
    ("pending", CALM, 7526),
    ("untagged", BASE, 11445),
    ("shown-dots", CALM, 14333),
    ("generation", VARIANTS["drops"], 1),
    ("object-end", VARIANTS["objects"], 2),
    ("by-birth", KEEP, 2390),
    ("echo", KEEP, 3181),
    ("forgot", KEEP, 11698),
    ("pull-id", SILENT, 3670),
    ("alarm", SILENT, 2217),
    # Whoever reads again shows it as well; a reader that is gone does not.
    ("seen-by-source", replace(SILENT, without=frozenset({"seen-by-reader"})), 2217),
    ("seen-by-reader", Options(silent=True, readings=True), 101538),
    ("numbered", VARIANTS["readings"], 53),
    ("token", VARIANTS["readings"], 329),
    ("anew", VARIANTS["readings"], 28),
    ("whole", VARIANTS["readings"], 2),
    ("heard", Options(whole=True, folds=True), 70),
    ("until", VARIANTS["calm expiry"], 64),
    ("until-travels", VARIANTS["expiry"], 1654),
    ("margin", VARIANTS["calm expiry"], 137),
    ("dead-on-arrival", VARIANTS["bounded expiry"], 236),
    ("let-die", VARIANTS["calm expiry"], 11),
]


@pytest.mark.parametrize(("rule", "options", "seed"), NEEDED, ids=[rule for rule, *_ in NEEDED])
def test_each_rule_is_needed(rule: str, options: Options, seed: int) -> None:
    assert not run(seed, options)
    assert run(seed, replace(options, without=options.without | {rule}))


@pytest.mark.parametrize(
    "without", [frozenset(), frozenset({"late-silent"})], ids=["with", "without"]
)
def test_a_source_may_collect_while_it_is_read(without: frozenset[str]) -> None:
    """Seldom met by chance: what is collected between the head and the pages is in neither."""
    world, rnd = World(replace(CALM, without=without)), random.Random(1)
    source, target, other = (Replica(world, name, 0) for name in ("source", "target", "other"))
    other.add("f")
    list(source.pull(other, rnd))
    list(other.pull(target, rnd))
    source.remove("f")
    pull = target.pull(source, rnd)
    next(pull)  # it asked
    next(pull)  # and has the head
    source.collect()
    list(pull)
    list(other.pull(target, rnd))
    list(target.pull(other, rnd))
    held = [r.name for r in (source, target, other) if r.entries.get("f", NOTHING).live]
    assert held == (["other"] if without else [])
