"""Running tests of CPython's on ours, and what of them fails on purpose."""

from __future__ import annotations

import re
import unittest
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple


class Deviation(NamedTuple):
    """Why a test fails, and the last line of what it says then, as a pattern."""

    reason: str
    fails: str


Deviations = Mapping[str, Collection[Deviation]]
"""By a pattern of ``CASE.TEST``; all of them are met."""


def found_in(of: Mapping[str, Any], name: str, default: Any = None) -> Any:
    """Return what the first pattern that matches stands for."""
    return next((value for pattern, value in of.items() if fnmatchcase(name, pattern)), default)


def failures(case: Any, test: str) -> list[str]:
    """Return the last line of what each failing assertion says."""
    result = unittest.TestResult()
    case(test).run(result)
    return [text.strip().splitlines()[-1] for _, text in result.failures + result.errors]


def check(name: str, failed: list[str], deviations: Deviations) -> None:
    """Fail where a test deviates otherwise than it is said to, or no longer."""
    allowed = found_in(deviations, name, ())
    met = {d for d in allowed for line in failed if re.search(d.fails, line)}
    others = [line for line in failed if not any(re.search(d.fails, line) for d in allowed)]
    assert not others, (name, others)
    assert met == {*allowed}, (name, "no longer deviates", {*allowed} - met)
