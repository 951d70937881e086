"""A backup that was taken from a healthy region can always be restored into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from redis_crdt import Replica, memory, servers
from redis_crdt.core.clock import wall_clock
from redis_crdt.errors import ClockDrift

NewUrl = Callable[[servers.Flavour], str]


def ahead(seconds: int) -> memory.Replica:
    """A replica whose clock is ahead, with something written there."""
    replica = memory.Replica(replica_id="ahead", clock=lambda: wall_clock() + 1000 * seconds)
    replica.or_set("tasks", str).add("early")
    return replica


def test_times_that_are_ahead(new_url: NewUrl, tmp_path: Path) -> None:
    url, file = new_url("valkey"), tmp_path / "backup"
    eu = Replica.from_url(url, replica_id="eu")
    eu.pull(ahead(59))
    eu.dump(file)
    assert eu.load(file) == 0
    eu.reset()
    assert eu.load(file) == 1
    assert eu.or_set("tasks", str) == {"early"}


def test_a_server_whose_clock_is_behind(new_url: NewUrl, tmp_path: Path) -> None:
    """As if the region's clock had been 50 s ahead of this one's."""
    file, too_far = tmp_path / "backup", tmp_path / "too-far"
    for name, seconds in ((file, 110), (too_far, 130)):
        taken_from = Replica.from_url(new_url("valkey"), replica_id="eu", max_drift=200)
        taken_from.pull(ahead(seconds))
        taken_from.dump(name)
    eu = Replica.from_url(new_url("valkey"), replica_id="eu")
    with pytest.raises(ClockDrift, match=r"120 s are allowed.* taken in (9|10) s"):
        eu.load(too_far)
    assert eu.load(file) == 1
    with pytest.raises(ClockDrift, match=r"60 s are allowed"):
        Replica.from_url(new_url("valkey"), replica_id="us").pull(eu)


def test_what_a_region_has_already_it_takes_however_far_that_is_ahead(
    new_url: NewUrl, tmp_path: Path
) -> None:
    """Its own clock has come past that: it wins over nothing that is written from now on."""
    url, file = new_url("valkey"), tmp_path / "backup"
    with Replica.from_url(url, replica_id="eu", max_drift=5000) as eu:
        eu.pull(ahead(1000))
        eu.dump(file)
    eu = Replica.from_url(url)
    eu.or_set("tasks", str).remove("early")
    assert eu.load(file) == 0
    assert eu.or_set("tasks", str) == set()
    with pytest.raises(ClockDrift):
        eu.pull(ahead(2000))
    inside = memory.Replica(replica_id="inside", max_drift=5000)
    inside.pull(ahead(1000))
    inside.max_drift = 60
    assert inside.load(file) == 1  # of another replica of that name


def test_a_large_entry(new_url: NewUrl, tmp_path: Path) -> None:
    """Of many concurrent values, whose text JSON makes longer still."""
    eu, file = Replica.from_url(new_url("valkey"), replica_id="eu"), tmp_path / "backup"
    owner = eu.mv_register("owner", str)
    for i in range(5):
        other: memory.MVRegister[str] = memory.MVRegister(str, replica_id=f"r{i}")
        other.set(f"{i}" + '"' * 500_000)
        owner.merge(other)
    eu.dump(file)
    eu.reset()
    assert eu.load(file) == 1
    assert len(eu.mv_register("owner", str).get()) == 5
