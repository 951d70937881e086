"""The model finds nothing wrong with the rules, and something wrong without any of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.model.knowledge import run
from tests.model.replica import Options

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
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_rules_are_right(name: str) -> None:
    found = [run(seed, VARIANTS[name]) for seed in range(1, 501)]
    assert not [wrong for wrong in found if wrong]


@pytest.mark.parametrize("seed", range(1, 301))
def test_bounded_knowledge_loses_nothing(seed: int) -> None:
    wrong = run(seed, Options(whole=True, keep=1))
    assert not wrong or "returned" in wrong


NEEDED: list[tuple[str, Options, int]] = [
    # the seed of a schedule that goes wrong without the rule
]


@pytest.mark.parametrize(("rule", "options", "seed"), NEEDED, ids=[rule for rule, *_ in NEEDED])
def test_each_rule_is_needed(rule: str, options: Options, seed: int) -> None:
    assert not run(seed, options)
    assert run(seed, replace(options, without=frozenset({rule})))
