"""Each recipe does what it says, in two regions that are cut apart and healed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from redis_crdt import Replica, memory, servers
from tests.backends import NewClient
from tests.examples.recipes.feature_flags import Feature
from tests.examples.recipes.leaderboard import Leaderboard
from tests.examples.recipes.presence import Presence
from tests.examples.recipes.sessions import Session, Sessions
from tests.examples.recipes.shared_memory import Memory
from tests.examples.recipes.web import make_app

Regions = tuple[Any, Any]


@pytest.fixture(params=["memory", "fakeredis", "redis62", "valkey"])
def regions(request: pytest.FixtureRequest, new_client: NewClient) -> Regions:
    """Two replicas, on each backend in turn."""
    names = ("eu", "us")
    if request.param == "memory":
        eu, us = (memory.Replica(replica_id=name) for name in names)
        return eu, us
    return (
        Replica(new_client(request.param), replica_id="eu"),
        Replica(new_client(request.param), replica_id="us"),
    )


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    for _ in range(500):
        if holds():
            return
        time.sleep(0.02)
    pytest.fail("it never came to be")


def _is_gone(stored: Any, key: str) -> bool:
    return stored.get(key) is None


def test_sessions(regions: Regions) -> None:
    eu, us = regions
    here, there = Sessions(eu), Sessions(us)
    token = here.begin("ann")
    eu.sync(us)
    session = there.find(token)
    assert session == Session(user="ann")
    there.change(token, Session(user="ann", cart=("a book",)))
    eu.sync(us)
    assert here.find(token) == Session(user="ann", cart=("a book",))
    here.end(token)
    eu.sync(us)
    assert there.find(token) is None


def test_sessions_end_and_are_kept_alive(regions: Regions) -> None:
    eu, us = regions
    kept, left = (
        Sessions(eu, lifetime=400.0).begin("kept"),
        Sessions(eu, lifetime=0.2).begin("left"),
    )
    eu.sync(us)
    assert Sessions(us, lifetime=1000.0).find(kept)  # a request that comes after half of the time
    eu.sync(us)
    for replica in regions:
        stored = replica.lww_map("sessions", Session)
        assert stored.ttl(kept) > 900
        until(partial(_is_gone, stored, left))
        assert Sessions(replica).find(left) is None


def test_leaderboard(regions: Regions) -> None:
    eu, us = regions
    here, there = Leaderboard(eu, "autumn"), Leaderboard(us, "autumn")
    here.score("ann", 3)
    here.score("ben", 5)
    there.score("ann", 4)
    eu.sync(us)
    assert here.first(2) == there.first(2) == [("ann", 7), ("ben", 5)]
    assert (here.place("ben"), here.place("cem")) == (2, None)
    here.disqualify("ann")
    there.score("ann", 1)
    eu.sync(us)
    assert here.first(2) == there.first(2) == [("ben", 5), ("ann", 1)]


def test_presence(regions: Regions) -> None:
    eu, us = regions
    here, there = Presence(eu), Presence(us)
    here.beat("ann", "reading")
    there.beat("ben", "writing")
    Presence(us, lifetime=0.2).beat("cem", "thinking")
    eu.sync(us)
    assert here.present().keys() >= {"ann", "ben"}
    until(lambda: "cem" not in here.present())
    until(lambda: "cem" not in there.present())
    there.leave("ben")
    eu.sync(us)
    assert here.present() == there.present() == {"ann": "reading"}


def test_feature_flags(regions: Regions) -> None:
    eu, us = regions
    here, there = Feature(eu, "search"), Feature(us, "search")
    assert not here.is_on("ann")
    here.allowed.enable()
    eu.sync(us)
    assert there.is_on("ann")
    here.allowed.enable()
    there.allowed.disable()  # at the same time
    eu.sync(us)
    assert not here.is_on("ann")
    here.allowed.enable()
    here.stopped.disable()
    there.stopped.enable()  # at the same time
    eu.sync(us)
    assert not here.is_on("ann")
    there.stopped.disable()
    users = [f"u{i}" for i in range(100)]
    there.roll_out(20)
    eu.sync(us)
    some = [user for user in users if here.is_on(user)]
    assert 5 < len(some) < 40
    assert some == [user for user in users if there.is_on(user)]
    here.roll_out(60)
    assert {*some} < {user for user in users if here.is_on(user)}


def test_shared_memory(regions: Regions) -> None:
    eu, us = regions
    ann, ben = Memory(eu, "ann"), Memory(us, "ben")
    ann.hear()
    ann.remember("paris", "the museum is closed on Tuesdays")
    ben.remember("paris", "the museum is free on Sundays")
    ann.remember("paris", "it never rains")
    ann.say("who looks for hotels?")
    ben.say("I do")
    ann.propose("go by train")
    ben.propose("go by bus")
    eu.sync(us)
    ben.retract("paris", "it never rains")
    eu.sync(us)
    for each in (ann, ben):
        assert each.recall("paris") == [
            "the museum is closed on Tuesdays",
            "the museum is free on Sundays",
        ]
        assert sorted(each.plans()) == ["go by bus", "go by train"]
    assert ann.hear() == [("ben", "I do")]
    assert ann.hear() == []
    ben.propose("go by train, back by bus")
    ben.say("agreed?")
    eu.sync(us)
    assert ann.plans() == ["go by train, back by bus"]
    again = Memory(eu, "ann", ann.cursor)  # after a restart
    assert again.hear() == [("ben", "agreed?")]


def test_web(new_url: Callable[[servers.Flavour], str]) -> None:
    urls = {"eu": new_url("valkey"), "us": new_url("redis62")}
    eu = make_app(urls["eu"], "eu", [urls["us"]])
    us = make_app(urls["us"], "us", [urls["eu"]])
    with TestClient(eu) as here, TestClient(us) as there:
        assert here.post("/pages/home/like").json() == {"likes": 1}
        there.post("/pages/home/like")
        until(lambda: here.get("/pages/home").json() == {"likes": 2})
        until(lambda: there.get("/pages/home").json() == {"likes": 2})


WORKERS = """
from multiprocessing import get_context
from tests.examples.recipes.worker import fulfil, place, replica

orders = [f"o{i}" for i in range(40)]
for order in orders:
    place(order)  # so the replica is open as the process is copied
with get_context("fork").Pool(3) as workers:
    print(sum(workers.map(fulfil, orders * 3, chunksize=5)))
"""


def test_workers(new_url: Callable[[servers.Flavour], str]) -> None:
    url = new_url("valkey")
    ran = subprocess.run(
        [sys.executable, "-c", WORKERS],
        env={**os.environ, "REDIS_URL": url, "REGION": "eu"},
        cwd=Path(__file__).parents[3],
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == ["40"]
    with Replica.from_url(url) as replica:
        assert replica.g_counter("{orders}:fulfilled").value() == 40
        assert len(replica.or_set("{orders}:open", str)) == 0
