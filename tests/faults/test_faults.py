"""Each fault for a moment, and all of them mixed; for long where that is asked for."""

from __future__ import annotations

import os

import pytest

from tests.backends import require_binary
from tests.faults.nemesis import FAULTS, find_libfaketime
from tests.faults.run import Settings, run


def judge(settings: Settings) -> None:
    for flavour in settings.servers:
        require_binary(flavour)
    if "clock" in settings.faults and find_libfaketime() is None:
        reason = "libfaketime, which shifts a server's clock, is not installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    verdict = run(settings)
    assert verdict.outcomes["acknowledged"] > 0
    assert not verdict.violations, verdict.page


THREE_BY_THREE = [tuple(FAULTS)[i : i + 3] for i in range(0, len(FAULTS), 3)]
"""Three at a time, each in a region of its own."""


@pytest.mark.parametrize("faults", THREE_BY_THREE, ids="-".join)
def test_each_fault(faults: tuple[str, ...]) -> None:
    judge(Settings(seed="suite", seconds=1.0, clients=1, faults=faults))


LASTING = tuple(name for name, fault in FAULTS.items() if not fault.forgets)


@pytest.mark.parametrize("faults", [tuple(FAULTS), LASTING], ids=["all", "lasting"])
def test_faults_mixed(faults: tuple[str, ...]) -> None:
    judge(Settings(seed="suite", seconds=4.0, clients=1, faults=faults))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("faults", [tuple(FAULTS), LASTING], ids=["all", "lasting"])
def test_faults_mixed_for_long(seed: int, faults: tuple[str, ...]) -> None:
    judge(Settings(seed=str(seed), seconds=60.0, faults=faults))
