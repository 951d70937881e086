"""The model finds nothing wrong with the rules of rights, and overspending without any of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.model.rights import Options, run

VARIANTS = {
    "forgetful": Options(),
    "durable": Options(durable=True),
    "words": Options(words=True),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_is_ever_exceeded_and_all_that_is_not_frozen_can_be_spent(name: str) -> None:
    found = [run(seed, VARIANTS[name]) for seed in range(1, 501)]
    assert not [wrong for wrong in found if wrong]


NEEDED = [  # the seed of a schedule in which more is spent than there was, without the rule
    ("check", "forgetful", 1),
    ("freeze", "forgetful", 35),
    ("writer", "durable", 582),
    ("holder", "durable", 28),
    ("incarnation", "forgetful", 22),
    ("reserve", "forgetful", 7),
    ("own-holds", "words", 284),
    ("refund-bound", "forgetful", 1),
    ("noted", "durable", 3),
    ("word", "forgetful", 35),
    ("heard", "words", 28),
    ("once", "words", 4),
]


@pytest.mark.parametrize(("rule", "variant", "seed"), NEEDED, ids=[rule for rule, *_ in NEEDED])
def test_each_rule_is_needed(rule: str, variant: str, seed: int) -> None:
    options = VARIANTS[variant]
    assert not run(seed, options)
    assert "exceeded" in (run(seed, replace(options, without=frozenset({rule}))) or "")


def test_the_mark_of_a_clean_stop_is_not_enough() -> None:
    """What a server spent after it came back is not known where it comes back so once more."""
    found = (run(seed, Options(marks=True)) or "" for seed in range(1, 301))
    assert any("exceeded" in wrong for wrong in found)
