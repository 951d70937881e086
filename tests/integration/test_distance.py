"""Regions that are far apart: they converge, and pay for the distance as seldom as can be.

How long something takes is told in round trips, beyond what the same takes without distance.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from time import monotonic, sleep

import pytest

from redis_crdt import Replica, servers
from redis_crdt.errors import CRDTError, ServerUnreachable
from tests.proxy import NEAR, Distance, Proxy, ProxyProcess

NewUrl = Callable[[servers.Flavour], str]
PATIENCE = 60

RTT = 0.1
FAR = Distance(delay=RTT / 2)


def until(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline, "it did not come about"
        sleep(0.002)


def element(i: int) -> str:
    """Return an element of 20 bytes."""
    return f"element {i:012}"


OLD = 5000
"""How many elements a region has before the first contact."""

SEED = 1225
"""By which the first connections break early, in the first fill, and the later ones late."""

Reach = Callable[[str, Distance], tuple[str, ProxyProcess]]


def through(proxy: Proxy | ProxyProcess, url: str) -> str:
    """Return how to reach a database by way of a network."""
    return f"{proxy.url}?{url.partition('?')[2]}"


def socket_of(url: str) -> str:
    return url.removeprefix("unix://").partition("?")[0]


# That they converge -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "distance",
    [
        Distance(delay=0.02, jitter=0.02),
        Distance(delay=0.01, bandwidth=1e6),
        Distance(delay=0.005, lasts=300_000),
        Distance(delay=0.01, jitter=0.01, bandwidth=2e6, lasts=300_000),
    ],
    ids=["jitter", "narrow", "breaking", "all"],
)
def test_regions_converge_while_both_write(distance: Distance, new_url: NewUrl) -> None:
    """From the first contact on, which takes all entries of either side."""
    chance = random.Random("writes")
    urls = new_url("valkey"), new_url("valkey")
    with ExitStack() as opened:
        eu, us = (
            opened.enter_context(Replica.from_url(url, replica_id=name))
            for url, name in zip(urls, ("eu", "us"), strict=True)
        )
        networks = [
            opened.enter_context(Proxy(socket_of(url), replace(distance, seed=f"{SEED} {i}")))
            for i, url in enumerate(urls)
        ]
        sides = [(replica, replica.replica_id) for replica in (eu, us)]
        for replica, name in sides:
            replica.or_set("old", str).update(f"{name} {element(i)}" for i in range(OLD))
        to_eu, to_us = (through(*pair) for pair in zip(networks, urls, strict=True))
        syncers = [
            opened.enter_context(eu.keep_in_sync([to_us], interval=1.0)),
            opened.enter_context(us.keep_in_sync([to_eu], interval=1.0)),
        ]
        written = 0

        def write(at_once: int) -> None:
            nonlocal written
            for replica, name in sides:
                replica.g_counter("done").increment()
                replica.or_set("tasks", str).update(f"{name} {written} {i}" for i in range(at_once))
                contested = replica.or_set("contested", int)
                field = chance.randrange(20)
                contested.add(field) if chance.random() < 0.6 else contested.discard(field)
                replica.lww_map("status", int).set(f"{field}", written)
                replica.or_set("old", str).discard(f"{name} {element(written)}")
            written += 1
            sleep(0.03)  # no faster than it can be read from afar

        def broken() -> int:
            return sum(network.carried().broken for network in networks)

        def is_filled() -> bool:
            return all(syncer.links[0].pulls > 0 for syncer in syncers)

        deadline = monotonic() + PATIENCE
        while not is_filled() or written < 20:
            write(2)
            assert monotonic() < deadline
        while_filling = broken()
        more = written + 20
        while written < more or (distance.lasts and broken() < while_filling + 3):
            write(200)
            assert monotonic() < deadline
        assert not distance.lasts or while_filling > 0
        until(lambda: eu.g_counter("done").value() == us.g_counter("done").value() == 2 * written)
        until(lambda: eu.verify(us) == [])
        for replica, _ in sides:
            assert len(replica.or_set("old", str)) == 2 * (OLD - written)
            tasks = set(replica.or_set("tasks", str))
            assert {f"{name} {i} 0" for _, name in sides for i in range(written)} <= tasks
        assert eu.lww_map("status").dump() == us.lww_map("status").dump()
        assert eu.or_set("contested").dump() == us.or_set("contested").dump()


def test_deltas_that_break_off_go_on_where_they_stopped(
    server_flavour: servers.Flavour, new_url: NewUrl
) -> None:
    url, other_url = new_url(server_flavour), new_url(server_flavour)
    with (
        Replica.from_url(url, replica_id="eu") as eu,
        Replica.from_url(other_url, replica_id="us") as us,
        Proxy(socket_of(url), Distance(delay=0.002, lasts=120_000)) as network,
        Replica.from_url(through(network, url), replica_id="eu") as seen,
    ):
        tasks = eu.or_set("tasks", str)
        us.pull(eu)
        tasks.update(map(element, range(10_000)))
        failed = 0
        report = None
        while report is None:
            try:
                report = us.pull(seen)
            except ServerUnreachable:
                failed += 1
                assert failed < 100
                tasks.add(f"while it was broken {failed}")
                us.g_counter("done").increment()
        assert failed > 0
        assert not report.full_scan
        assert report.entries < 10_000
        assert set(us.or_set("tasks", str)) == set(tasks)
        assert us.g_counter("done").value() == failed
        eu.sync(us)
        assert eu.verify(us) == []


def test_what_breaks_is_an_error_of_ours(new_url: NewUrl) -> None:
    """Wherever a connection breaks: in a first contact, a pull, or a sync both ways."""
    url = new_url("valkey")
    with (
        Replica.from_url(url, replica_id="eu") as eu,
        Replica.from_url(new_url("valkey"), replica_id="us") as us,
    ):
        eu.or_set("tasks", str).update(map(element, range(2000)))
        broken = 0
        for seed in range(40):
            us.or_set("tasks", str).add(f"{seed}")
            distance = Distance(lasts=20_000, seed=f"{seed}")
            with Proxy(socket_of(url), distance) as network:
                try:
                    with Replica.from_url(through(network, url)) as seen:
                        us.sync(seen)
                except CRDTError:
                    broken += 1
        assert broken > 0
        us.sync(eu)
        assert len(eu.or_set("tasks")) == len(us.or_set("tasks")) == 2040
        assert eu.verify(us) == []


# What it costs ----------------------------------------------------------------------------------


@pytest.fixture
def reach() -> Iterator[Reach]:
    """Lays a network to a database; returns how to reach that, and the network."""
    with ExitStack() as opened:

        def lay(url: str, distance: Distance) -> tuple[str, ProxyProcess]:
            network = opened.enter_context(ProxyProcess(socket_of(url), distance))
            return through(network, url), network

        yield lay


def deltas(
    changes: int, rounds: int, distance: Distance, new_url: NewUrl, reach: Reach
) -> Iterator[tuple[float, int]]:
    """Pull so many changes in each round; yields for how many seconds, and how many bytes."""
    url = new_url("valkey")
    seen_url, network = reach(url, distance)
    with (
        Replica.from_url(url, replica_id="eu") as eu,
        Replica.from_url(new_url("valkey"), replica_id="us") as us,
        Replica.from_url(seen_url, replica_id="eu") as seen,
    ):
        tasks = eu.or_set("tasks", str)
        tasks.update(map(element, range(2 * changes)))
        us.pull(seen)
        for _ in range(rounds):
            tasks.update(map(element, range(changes)))
            before = network.carried()
            report = us.pull(seen)
            carried = network.carried() - before
            assert (report.changed, report.full_scan) == (changes, False)
            yield report.seconds, carried.requests + carried.replies


def round_trips(near: Iterator[float], far: Iterator[float]) -> float:
    """Tell how many round trips the quickest of the far ones took more than one that is near."""
    return (min(far) - min(near)) / RTT


def fill(entries: int, distance: Distance, new_url: NewUrl, reach: Reach) -> tuple[float, int]:
    """Let a syncer fill a new region; tells for how many seconds, and how many bytes crossed."""
    url = new_url("valkey")
    seen_url, network = reach(url, distance)
    with (
        Replica.from_url(url, replica_id="eu", feed_limit=100) as eu,
        Replica.from_url(new_url("valkey"), replica_id="us") as us,
    ):
        eu.or_set("tasks", str).update(map(element, range(entries)))
        began = monotonic()
        with us.keep_in_sync([seen_url], interval=1.0) as syncer:
            until(lambda: syncer.links[0].pulls > 0)
            spent, carried = monotonic() - began, network.carried()
        assert len(us.or_set("tasks")) == entries
    return spent, carried.replies


def ways(
    writes: int, distance: Distance, new_url: NewUrl, reach: Reach, chance: random.Random
) -> list[float]:
    """Write now and then; tells after how many seconds each can be read in the other region."""
    url, other_url = new_url("valkey"), new_url("valkey")
    with (
        Replica.from_url(url, replica_id="eu") as eu,
        Replica.from_url(other_url, replica_id="us") as us,
        us.keep_in_sync([reach(url, distance)[0]], interval=5.0) as syncer,
        eu.keep_in_sync([reach(other_url, distance)[0]], interval=5.0) as other,
    ):
        until(lambda: syncer.links[0].pulls > 0 and other.links[0].pulls > 0)
        here, there = eu.lww_register("r", int), us.lww_register("r", int)
        found = []
        for i in range(writes):
            sleep(chance.uniform(0, 3 * RTT))
            began = monotonic()
            here.set(i)
            while there.get() != i:
                sleep(0.001)
            found.append(monotonic() - began)
        return sorted(found)


def test_a_small_delta_takes_one_round_trip(new_url: NewUrl, reach: Reach) -> None:
    near, far = (deltas(10, 5, distance, new_url, reach) for distance in (NEAR, FAR))
    taken = round_trips((seconds for seconds, _ in near), (seconds for seconds, _ in far))
    assert 0.9 < taken < 2.5


def test_a_delta_of_10_000_changes_takes_few_round_trips(new_url: NewUrl, reach: Reach) -> None:
    near, far = (deltas(10_000, 3, distance, new_url, reach) for distance in (NEAR, FAR))
    taken = round_trips((seconds for seconds, _ in near), (seconds for seconds, _ in far))
    assert taken <= 7


def test_a_new_region_is_filled_in_few_round_trips(new_url: NewUrl, reach: Reach) -> None:
    """Those in which connections come about are among them."""
    near, far = (fill(20_000, distance, new_url, reach)[0] for distance in (NEAR, FAR))
    assert (far - near) / RTT <= 30


def test_a_change_is_there_in_little_more_than_a_round_trip(new_url: NewUrl, reach: Reach) -> None:
    near, far = (
        ways(20, distance, new_url, reach, random.Random("pauses")) for distance in (NEAR, FAR)
    )
    assert far[0] >= RTT / 2
    assert (far[10] - near[10]) / RTT <= 1.4


def test_the_bytes_that_cross_in_a_delta(new_url: NewUrl, reach: Reach) -> None:
    ((_, size),) = deltas(10_000, 1, NEAR, new_url, reach)
    assert size / 10_000 <= 40


def test_the_bytes_that_cross_to_a_new_region(new_url: NewUrl, reach: Reach) -> None:
    _, size = fill(20_000, NEAR, new_url, reach)
    assert size / 20_000 <= 36
