"""Each fault for a moment, and all of them mixed; for long where that is asked for."""

from __future__ import annotations

import os

import pytest

from tests.backends import require_binary
from tests.faults.nemesis import FAULTS, find_libfaketime, possible
from tests.faults.regions import persistences
from tests.faults.run import SERVERS, Settings, Verdict, run


def judge(settings: Settings) -> Verdict:
    for flavour, _ in persistences(settings.servers):
        require_binary(flavour)
    if "clock" in settings.faults and find_libfaketime() is None:
        reason = "libfaketime, which shifts a server's clock, is not installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    verdict = run(settings)
    assert verdict.outcomes["acknowledged"] > 0
    assert not verdict.violations, verdict.page
    return verdict


ON_SERVERS = possible(SERVERS)
THREE_BY_THREE = [ON_SERVERS[i : i + 3] for i in range(0, len(ON_SERVERS), 3)]
"""Three at a time, each in a region of its own."""


@pytest.mark.parametrize("faults", THREE_BY_THREE, ids="-".join)
def test_each_fault(faults: tuple[str, ...]) -> None:
    judge(Settings(seed="suite", seconds=1.0, clients=1, faults=faults))


IN_CLUSTERS = tuple(name for name in FAULTS if name not in ON_SERVERS)


@pytest.mark.parametrize("server", ["valkey-cluster", "redis-cluster", "redis62-cluster"])
@pytest.mark.parametrize("fault", IN_CLUSTERS)
def test_each_fault_of_a_cluster(fault: str, server: str) -> None:
    servers = ("valkey", server)
    verdict = judge(
        Settings(seed="suite", seconds=1.0, clients=1, faults=(fault,), servers=servers)
    )
    assert bool(verdict.forgotten) == FAULTS[fault].forgets


def lasting(faults: tuple[str, ...]) -> tuple[str, ...]:
    """Return those after which no server has forgotten anything."""
    return tuple(name for name in faults if not FAULTS[name].forgets)


WITH_CLUSTER = ("valkey", "redis", "valkey-cluster")

mixed = pytest.mark.parametrize(
    ("faults", "servers"),
    [
        pytest.param(choice(possible(servers)), servers, id=f"{name}-{where}")
        for where, servers in (("servers", SERVERS), ("cluster", WITH_CLUSTER))
        for name, choice in (("all", tuple), ("lasting", lasting))
    ],
)


@mixed
def test_faults_mixed(faults: tuple[str, ...], servers: tuple[str, ...]) -> None:
    judge(Settings(seed="suite", seconds=4.0, clients=1, faults=faults, servers=servers))


def test_faults_mixed_far_apart() -> None:
    judge(Settings(seed="suite", seconds=4.0, clients=1, faults=lasting(ON_SERVERS), distance=0.02))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
@mixed
def test_faults_mixed_for_long(
    seed: int, faults: tuple[str, ...], servers: tuple[str, ...]
) -> None:
    judge(Settings(seed=str(seed), seconds=60.0, faults=faults, servers=servers))
