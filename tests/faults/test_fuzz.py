"""A short run of the fuzzer, drawn by Hypothesis; and what it has found, by itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redis_crdt import Replica, memory
from redis_crdt.core.clock import Time
from redis_crdt.core.names import Keys
from redis_crdt.errors import CRDTError, InvalidDump, InvalidName
from redis_crdt.operations import requests as ask
from redis_crdt.operations.bodies import Group, body_of
from tests.backends import NewClient
from tests.faults.fuzz import Targets
from tests.faults.hostile import PAYLOADS, plant

TARGETS = ("deltas", "peers", "sockets", "dumps", "files", "names", "values", "settings")


@pytest.fixture
def targets(new_client: NewClient) -> Iterator[Targets]:
    """What is tried, with a server of its own."""
    targets = Targets(new_client("valkey"))
    yield targets
    targets.close()


@pytest.mark.parametrize("target", TARGETS)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# What replicas are called is chance, too, so the same choices need not do the same twice.
@given(chance=st.randoms(use_true_random=True))
def test_only_exceptions_of_ours(targets: Targets, target: str, chance: random.Random) -> None:
    targets.all[target](chance)


def test_all_targets_are_tried(targets: Targets) -> None:
    assert set(targets.all) == set(TARGETS)
    for name, target in targets.all.items():
        for number in range(100):
            target(random.Random(f"{name} {number}"))


def a_map(*items: tuple[bytes, bytes]) -> Group:
    return Group(b"c", "lww_map", b"", b"", list(items))


@pytest.mark.parametrize(
    "groups",
    [
        (a_map((b"k", b"1@a#1\n1")), a_map((b"k", b"2@a#1\n2"))),
        (Group(b"c", "or_set", b"0", b"", []), Group(b"c", "lww_map", b"1", b"", [])),
        (a_map((b"\xed\xa0\x80", b"1@a#1\n1")),),
        (a_map((b"\xf4\x90\x80\x80", b"1@a#1\n1")),),
        (a_map((b"\xe0\x80\x80", b"1@a#1\n1")),),
        (a_map((b"\xc3\xf0\x90\x80\x80\xa9", b"1@a#1\n1")),),
        (Group(b"c", "counter_map", b"0", b"", [(b"x", b"a#1")]),),
    ],
    ids=[
        "a collection twice",
        "two generations",
        "a surrogate",
        "past the last",
        "overlong",
        "one within another",
        "a tally of nothing",
    ],
)
def test_batches_that_were_taken_once(redis_client: redis.Redis, groups: tuple[Group, ...]) -> None:
    body = body_of(groups)
    for replica in (Replica(redis_client, replica_id="z"), memory.Replica(replica_id="z")):
        request: Any = ask.merge(replica.keys(0), 60.0, Time(0), "", body, "test")
        with pytest.raises(InvalidDump):
            replica.execute(request)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_a_hostile_peer_has_is_left_out(new_client: NewClient, payload: str) -> None:
    """Whether its server still tells of it or not; and nothing of it is passed on."""
    theirs, ours = new_client("valkey"), new_client("valkey")
    mallory, eu = Replica(theirs, replica_id="mallory"), Replica(ours, replica_id="eu")
    us = memory.Replica(replica_id="us")
    eu.or_set("tasks", str).add("x")
    eu.g_counter("done").increment()
    plant(theirs, mallory, payload)
    for _ in range(2):
        try:
            report = eu.pull(mallory)
        except CRDTError:
            continue
        assert "mallory" in eu.or_set("fine", str).dump().entries['"of mallory"']
        assert report.refused or payload == "nothing"
    us.pull(eu)
    assert eu.or_set("tasks", str).get_elements() == {"x"}
    assert eu.g_counter("done").value() == us.g_counter("done").value() == 1
    names = {collection.name for collection in eu.status().collections}
    assert names <= {"tasks", "done", "fine"}


def test_a_peer_whose_directory_is_hostile(
    redis_client: redis.Redis, new_client: NewClient
) -> None:
    """What is no text there ends no syncer, which expects errors of ours only."""
    theirs = new_client("fakeredis")
    us = Replica(theirs, replica_id="us", feed_limit=1)
    for element in "abcdef":
        us.or_set("tasks", str).add(element)
    eu = Replica(redis_client, replica_id="eu")
    theirs.hset(Keys("default").base[2], b"\xff", b"\xff")
    for field, value in (("history", b"\xff@\xff "), ("reach", "x"), ("writer", b"\xff#1")):
        with pytest.raises(CRDTError):
            eu.pull(us)
        theirs.hset(Keys("default").base[0], field, value)
    theirs.hset(Keys("default").base[0], "replica", b"\xff")
    with pytest.raises(InvalidDump):
        Replica(theirs)
    theirs.hset(Keys("default").base[0], "replica", "a b")
    with pytest.raises(InvalidName):
        Replica(theirs)
    assert len(eu.or_set("tasks")) == 0
