"""Random schedules: writes, pulls cut short or delivered again, feeds trimmed, servers that forget.

A minute of what ``python -m tests.schedules`` runs for as long as one likes. A seed that is told
here is run there alone by ``--backend BACKEND --seed SEED --runs 1 --shrink``.
"""

from __future__ import annotations

import pytest

from redis_crdt.servers import FLAVOURS
from tests.backends import require_binary
from tests.schedules.found import FOUND
from tests.schedules.plan import make
from tests.schedules.regions import BACKENDS, regions


def require(backend: str) -> None:
    for flavour in FLAVOURS:
        if flavour in BACKENDS[backend]:
            require_binary(flavour)


def run(backend: str, seeds: range) -> None:
    require(backend)
    with regions(backend) as here:
        found = {seed: here.run(make(seed, really=0.02, silently=0.1)) for seed in seeds}
    assert {seed: violation for seed, violation in found.items() if violation} == {}


@pytest.mark.parametrize(
    ("backend", "schedules"), [("memory", 400), ("valkey", 50), ("redis62", 40), ("mixed", 40)]
)
def test_nothing_is_lost_or_comes_back(backend: str, schedules: int) -> None:
    run(backend, range(1, 1 + schedules))


@pytest.mark.parametrize("backend", ["memory", "valkey", "mixed"])
@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_mended(name: str, backend: str) -> None:
    require(backend)
    with regions(backend) as here:
        assert here.run(FOUND[name]) is None


@pytest.mark.soak
@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_lost_or_comes_back_for_long(backend: str) -> None:
    run(backend, range(1_000_001, 1_010_001))
