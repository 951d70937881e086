"""Each recipe does what it says, in two regions that are cut apart and healed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from redis_crdt import Replica, memory, servers
from tests.backends import NewClient
from tests.examples.recipes.feature_flags import Feature
from tests.examples.recipes.leaderboard import Leaderboard
from tests.examples.recipes.presence import Presence
from tests.examples.recipes.rate_limit import RateLimit
from tests.examples.recipes.sessions import Session, Sessions
from tests.examples.recipes.shared_memory import Memory
from tests.examples.recipes.task_queue import Summaries, Worker
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


def test_rate_limit(regions: Regions) -> None:
    eu, us = regions
    here, there = RateLimit(eu, "search"), RateLimit(us, "search")
    eu.sync(us)
    here.allow(10)
    here.give(4, "us")
    assert not there.is_allowed()  # before it has heard of that
    eu.sync(us)
    assert [here.is_allowed() for _ in range(8)] == [True] * 6 + [False] * 2
    assert (there.is_allowed(5), there.is_allowed(4), there.is_allowed()) == (False, True, False)
    eu.sync(us)
    assert (here.is_allowed(), there.is_allowed()) == (False, False)


def test_a_rate_limit_allows_the_same_anew(regions: Regions) -> None:
    eu, us = regions
    eu.sync(us)
    RateLimit(eu, "search").allow(4)
    RateLimit(eu, "search").give(2, "us")
    eu.sync(us)
    for replica in regions:
        limit = RateLimit(replica, "search", seconds=0.3)
        assert limit.is_allowed(2)
        until(partial(limit.is_allowed, 2))
        assert not limit.is_allowed(3)


@pytest.fixture
def summaries() -> Iterator[Summaries]:
    with closing(sqlite3.connect(":memory:")) as database:
        yield Summaries(database)


def test_task_queue(regions: Regions, summaries: Summaries) -> None:
    eu, us = regions
    here, there = (Worker(each, each.replica_id, summaries) for each in regions)
    done: list[tuple[str, str]] = []

    def works(worker: Worker, region: str) -> bool:
        def summarize(page: str) -> str:
            done.append((region, page))
            return page.upper()

        return worker.work(summarize)

    for page in ("one", "two", "three", "four"):
        here.put(page)
    here.put("five", urgent=True)
    eu.sync(us)
    assert not works(there, "us")  # which knows of all of them: they are the other region's
    there.put("six")  # and now they are cut apart
    while works(here, "eu") and len(done) < 3:
        pass
    while works(there, "us"):
        pass
    assert done == [("eu", "five"), ("eu", "one"), ("eu", "two"), ("us", "six")]
    eu.sync(us)  # healed: who has none has asked, and is handed half, as syncers do all the time
    assert eu.work_queue("pages", str).share() == 1
    eu.sync(us)
    while works(here, "eu"):
        pass
    while works(there, "us"):
        pass
    assert sorted(page for _, page in done[4:]) == ["four", "three"]
    assert [region for region, _ in done[4:]] == ["eu", "us"]
    eu.sync(us)
    for replica in regions:
        queue = replica.work_queue("pages", str)
        assert (queue.pending(), queue.claimed(), queue.elsewhere()) == (0, 0, 0)


def test_a_worker_that_is_too_slow_writes_nothing(regions: Regions, summaries: Summaries) -> None:
    eu, _ = regions
    slow, quick = Worker(eu, "slow", summaries, lease=0.05), Worker(eu, "quick", summaries)
    slow.put("page")

    def takes_too_long(_: str) -> str:
        until(lambda: quick.work(lambda _: "by quick"))
        return "by slow"

    assert slow.work(takes_too_long)
    assert summaries.texts() == ["by quick"]
    assert not slow.work(takes_too_long)


def test_what_nobody_can_do_is_given_up(regions: Regions, summaries: Summaries) -> None:
    worker = Worker(regions[0], "ann", summaries)
    worker.put("page")
    tried = []

    def fails(page: str) -> str:
        tried.append(page)
        raise ValueError(page)

    until(lambda: worker.work(fails) and len(tried) == 3)
    until(lambda: not worker.work(fails) and worker.given_up() == ["page"])
    assert tried == ["page"] * 3
    assert summaries.texts() == []


WORKERS = """
import sys, time
from celery.contrib.testing.worker import start_worker
from tests.examples.recipes.worker import app, fulfil_next, place, to_fulfil

app.conf.broker_transport_options = {"polling_interval": 0.01}  # of the broker in memory
orders = to_fulfil()  # so the replica is open as the processes of the pool are made
with start_worker(app, pool="prefork", concurrency=3, perform_ping_check=False):
    for order in sys.argv[1:]:
        place(order)
        fulfil_next.delay()  # a message that was given out twice
    while orders.pending() or orders.claimed():
        time.sleep(0.02)
"""


def workers_of(region: str, url: str, orders: list[str]) -> subprocess.Popen[bytes]:
    """Have Celery's workers of a region fulfil orders, and what it had before."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKERS, *orders],
        env={**os.environ, "REDIS_URL": url, "REGION": region},
        cwd=Path(__file__).parents[3],
    )


def test_workers(new_url: Callable[[servers.Flavour], str]) -> None:
    """One region has been told of the other's orders, and is then cut off from it."""
    urls = {"eu": new_url("valkey"), "us": new_url("redis62")}
    with (
        Replica.from_url(urls["eu"], replica_id="eu") as eu,
        Replica.from_url(urls["us"], replica_id="us") as us,
    ):
        eu.work_queue("{orders}:to-fulfil", str).put("eu first")
        eu.sync(us)
        placed = {region: [f"{region} {i}" for i in range(6)] for region in urls}
        pools = [workers_of(region, url, placed[region]) for region, url in urls.items()]
        assert [pool.wait(timeout=120) for pool in pools] == [0, 0]
        assert sorted(us.log("{orders}:fulfilled", str)) == sorted(placed["us"])
        eu.sync(us)
        everything = sorted(["eu first", *placed["eu"], *placed["us"]])
        for replica in (eu, us):
            assert sorted(replica.log("{orders}:fulfilled", str)) == everything
            queue = replica.work_queue("{orders}:to-fulfil", str)
            assert (queue.pending(), queue.claimed(), queue.elsewhere()) == (0, 0, 0)
