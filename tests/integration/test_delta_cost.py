"""Synchronisation costs what changed, not what there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import redis

from redis_crdt import Replica
from redis_crdt.sync.report import SyncReport
from tests.backends import Flavour, NewClient

CHANGES = 100


@contextmanager
def commands(*clients: redis.Redis) -> Iterator[list[int]]:
    """How many commands the servers carried out in the block, those inside scripts included.

    Not the look at the newest id, which is made where what came is of this very millisecond.
    """
    counts: list[int] = []
    for client in clients:
        client.config_resetstat()
    yield counts
    for client in clients:
        stats = client.info("commandstats")
        left_out = {"cmdstat_config", "cmdstat_config|resetstat", "cmdstat_xrevrange"}
        counts.append(sum(stats[name]["calls"] for name in stats.keys() - left_out))


def after_changes(
    size: int, flavour: Flavour, new_client: NewClient
) -> tuple[SyncReport, list[int]]:
    a, b = new_client(flavour), new_client(flavour)
    eu, us = Replica(a, replica_id="eu"), Replica(b, replica_id="us")
    theirs = us.or_set("set", str)
    theirs.update(f"element {i:06}" for i in range(size))
    # In bytes and batches both must be alike, so the first pull leaves both at the same point.
    assert eu.pull(us).changed == size
    for i in range(CHANGES - 1):
        theirs.add(f"new {i:02}")
    theirs.remove("element 000000")
    with commands(a) as counts:  # one server has both databases
        report = eu.pull(us)
    assert set(eu.or_set("set", str)) == set(theirs)
    return replace(report, seconds=0), counts


@pytest.mark.parametrize("flavour", ["valkey", "redis", "redis62"])
def test_a_hundred_changes_cost_the_same_in_a_small_set_and_in_a_large_one(
    flavour: Flavour, new_client: NewClient
) -> None:
    small, small_commands = after_changes(1_000, flavour, new_client)
    large, large_commands = after_changes(20_000, flavour, new_client)
    assert small.entries == large.entries == CHANGES
    assert small.changed == large.changed == CHANGES
    assert small.full_scan is large.full_scan is False
    assert small.batches == large.batches
    assert abs(small.bytes - large.bytes) <= 4 * CHANGES  # a dot's sequence may need a digit more
    assert small_commands == large_commands


def test_an_entry_that_changed_often_travels_once(
    redis_client: redis.Redis, flavour: Flavour, new_client: NewClient
) -> None:
    eu = Replica(redis_client, replica_id="eu")
    us = Replica(new_client(flavour), replica_id="us")
    register, done = us.lww_register("config", int), us.g_counter("done")
    for i in range(50):
        register.set(i)
        done.increment()
    report = eu.pull(us)
    assert (report.entries, report.changed) == (2, 2)
    assert eu.lww_register("config", int).get() == 49
    assert eu.g_counter("done").value() == 50


def test_the_bytes_of_a_delta(
    redis_client: redis.Redis, flavour: Flavour, new_client: NewClient
) -> None:
    eu = Replica(redis_client, replica_id="eu")
    us = Replica(new_client(flavour), replica_id="us")
    names = [f"element {i:012}" for i in range(CHANGES)]
    us.or_set("set", str).update(names)
    report = eu.pull(us)
    # Two quotes, and a dot: 13 digits of milliseconds, the replica's id, its incarnation.
    assert report.bytes <= sum(map(len, names)) + 40 * CHANGES
