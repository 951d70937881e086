"""Many requests of a pull on their way at once: whatever becomes of them, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import redis

from redis_crdt import Replica, memory, servers
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.errors import CRDTError
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Landing, Script, Wait
from redis_crdt.operations.operation import drive as drive_blocking
from redis_crdt.sync.pull import Pull
from redis_crdt.sync.window import AT_FIRST, AT_MOST, AT_ONCE, Window
from redis_crdt.transport.awaiting import drive
from redis_crdt.transport.flight.flight import Flight
from tests.contract.seam import settled
from tests.contract.steps import Steps

ServerFlavour = servers.Flavour
NewClient = Callable[[ServerFlavour], redis.Redis]
NewUrl = Callable[[ServerFlavour], str]

COUNT = 1500
"""Entries, in batches of about forty: so many that a server keeps them in a table."""


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "BATCH", 40)


@pytest.fixture(params=[10, 100_000], ids=["scan", "delta"])
def source(
    request: pytest.FixtureRequest, new_client: NewClient, server_flavour: ServerFlavour
) -> Replica:
    """A replica that takes many batches to read, by a scan or a delta."""
    eu = Replica(new_client(server_flavour), replica_id="eu", feed_limit=request.param)
    tasks = eu.or_set("tasks", int)
    for first in range(0, COUNT, 10):
        tasks.update(range(first, first + 10))
    return eu


@pytest.fixture
def target(new_client: NewClient, server_flavour: ServerFlavour) -> Replica:
    us = Replica(new_client(server_flavour), replica_id="us")
    us.or_set("tasks", int).add(-1)
    return us


def client_of(replica: Replica) -> redis.Redis:
    client: redis.Redis = replica._client
    return client


def forget_readings(eu: Replica) -> None:
    for key in client_of(eu).scan_iter("*:reading:*"):
        client_of(eu).delete(key)


def put_readings_back(eu: Replica) -> None:
    """As a server does that was put back: its reading is where it was some replies before."""
    for key in client_of(eu).scan_iter("*:reading:*"):
        number, _, rest = bytes(client_of(eu).get(key)).partition(b" ")  # type: ignore[arg-type]
        client_of(eu).set(key, b"%d %b" % (int(number) - 2, rest), px=60_000)


def forget_scripts(eu: Replica) -> None:
    client_of(eu).script_flush()


def write_on(eu: Replica) -> None:
    eu.or_set("tasks", int).discard(0)
    eu.or_set("tasks", int).add(0)


@pytest.mark.parametrize("between", [forget_readings, put_readings_back, forget_scripts, write_on])
async def test_what_comes_between_requests(
    source: Replica, target: Replica, between: Callable[[Replica], None]
) -> None:
    steps = Steps(between=lambda number: between(source) if number % 7 == 0 else None)
    assert await steps.pull(target, source)
    target.pull(source)
    assert set(target.or_set("tasks", int)) == {*range(-1, COUNT)}
    assert target.pull(source).entries == 0


async def test_a_source_that_is_reset_meanwhile(source: Replica, target: Replica) -> None:
    def between(number: int) -> None:
        if number == 20:
            source.reset()
            source.or_set("tasks", int).add(COUNT)

    await Steps(between=between).pull(target, source)
    target.pull(source)
    source.pull(target)
    # What had arrived before stays, for none of it was removed; and it goes back.
    ours, theirs = set(target.or_set("tasks", int)), set(source.or_set("tasks", int))
    assert ours == theirs
    assert {-1, COUNT} <= ours <= {*range(-1, COUNT + 1)}


async def test_a_target_that_is_reset_meanwhile(source: Replica, target: Replica) -> None:
    """What was asked for by its former self is not taken for what it holds."""
    await Steps(between=lambda number: target.reset() if number == 20 else None).pull(
        target, source
    )
    target.pull(source)
    assert set(target.or_set("tasks", int)) == {*range(COUNT)}


def test_connections_that_break(source: Replica, target: Replica) -> None:
    """It is an error of ours, and the next pull goes on from where this one was."""

    def carry_out() -> None:
        procedure, reply, landed = Pull(target, source).run(), None, 0
        while True:
            executor, operation = procedure.send(reply)
            if isinstance(executor, Flight) and isinstance(operation, Landing):
                landed += 1
                if landed == 5:
                    client_of(source).client_kill_filter(_type="normal", skipme=True)
            reply = executor.execute(operation)

    with pytest.raises(CRDTError):
        carry_out()
    there = len(target.or_set("tasks", int))
    assert 1 < there < COUNT
    report = target.pull(source)
    assert set(target.or_set("tasks", int)) == {*range(-1, COUNT)}
    if not report.full_scan:
        assert report.entries <= COUNT - (there - 1) + ask.BATCH


def test_the_window_has_many_under_way_and_an_end(source: Replica, target: Replica) -> None:
    """As many as there is room for, and not many more than there is to read."""
    pull = Pull(target, source)
    procedure = pull.run()
    executor, operation = next(procedure)
    most = sent = 0
    try:
        while True:
            if isinstance(executor, Flight):
                most = max(most, len(executor.under_way))
                sent += getattr(operation, "name", "") in ("replica/delta", "replica/scan")
            executor, operation = procedure.send(executor.execute(operation))
    except StopIteration:
        pass
    assert AT_ONCE <= most <= AT_MOST
    assert COUNT // ask.BATCH - 3 <= sent <= 2 * COUNT // ask.BATCH
    assert pull.shards[0].window.under_way == 0


def test_two_pulls_for_one_pair(source: Replica, target: Replica) -> None:
    """Each has a reading of its own."""
    other = Replica(client_of(target), replica_id="us")
    procedures = [Pull(target, source).run(), Pull(other, source).run()]
    replies: list[Any] = [None, None]
    while procedures:
        for i, procedure in reversed(list(enumerate(procedures))):
            try:
                executor, operation = procedure.send(replies[i])
                replies[i] = executor.execute(operation)
            except StopIteration:
                del procedures[i], replies[i]
    assert set(target.or_set("tasks", int)) == {*range(-1, COUNT)}


def test_into_memory(source: Replica) -> None:
    there = memory.Replica(replica_id="m")
    there.pull(source)
    assert set(there.or_set("tasks", int)) == {*range(COUNT)}


async def test_a_pull_that_is_cancelled(source: Replica, new_url: NewUrl) -> None:
    """Its connection is closed, and its replica works on with as many connections as before."""
    async with (
        AsyncReplica.from_url(_url_of(source), max_connections=3) as eu,
        AsyncReplica.from_url(new_url("valkey"), replica_id="us") as us,
    ):
        for _ in range(20):
            pulling = asyncio.create_task(us.pull(eu))
            await until_some_came(pulling, us)
            pulling.cancel()
            await asyncio.gather(pulling, return_exceptions=True)
            await us.reset()
        await us.pull(eu)
        assert await us.or_set("tasks", int).get_elements() == {*range(COUNT)}


async def until_some_came(pulling: asyncio.Task[Any], us: AsyncReplica) -> None:
    """Nothing tells of it."""
    while not pulling.done() and await us.or_set("tasks", int).size() == 0:
        pass


def _url_of(replica: Replica) -> str:
    kwargs = client_of(replica).connection_pool.connection_kwargs
    return f"unix://{kwargs['path']}?db={kwargs.get('db') or 0}"


async def test_news_come_with_the_blocked_read(
    new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request for them is at the source before they are: then nothing is sent to get them."""
    monkeypatch.setattr("redis_crdt.sync.window.FAR", 0.0)
    async with (
        AsyncReplica.from_url(new_url("valkey"), replica_id="eu") as eu,
        AsyncReplica.from_url(new_url("valkey"), replica_id="us") as us,
    ):
        tasks, there = eu.or_set("tasks", int), us.or_set("tasks", int)
        await tasks.add(0)
        pull = Pull(us, eu)
        await drive(pull.run())
        flights: list[Any] = []
        procedure = pull.follow(0, 5.0)
        reply: Any = None
        while not await there.contains(1):
            executor, operation = procedure.send(reply)
            if isinstance(executor, Flight) and executor._replica is eu:
                flights.append(operation)
                if isinstance(operation, Landing) and not await tasks.contains(1):
                    sent = len(flights)
                    await tasks.add(1)
            reply = await executor.execute(operation)
        asked = [o for o in flights[:sent] if not isinstance(o, Landing)]
        assert [type(o) for o in asked] == [Wait, Script]
        # Until then only what waits for the next news was sent.
        assert [type(o) for o in flights[sent:] if not isinstance(o, Landing)] == [Wait, Script]
        procedure.close()


class Busy:
    """A flight that always has as much under way as there is room for."""

    def __init__(self, window: Window) -> None:
        self._window = window

    @property
    def under_way(self) -> range:
        return range(self._window.size - 1)


def test_a_size_that_follows_what_is_seen() -> None:
    """More where answers come as fast as ever, fewer where they wait."""
    window: Any = Window(memory.Replica(replica_id="m"), 0)
    window._flight = Busy(window)
    for _ in range(50):
        window._adapt(0.1)
    most = window.size
    assert most == AT_FIRST + 50
    window._adapt(1.0)  # one that is late says nothing
    assert window.size > most
    for _ in range(200):
        window._adapt(0.3)
    assert window.size < 10


def test_large_replies_leave_room_for_few() -> None:
    window = Window(memory.Replica(replica_id="m"), 0)
    window._weigh(2_000_000)
    assert window.size == 4
    window._weigh(100_000_000)
    assert window.size == AT_ONCE


async def test_a_link_that_was_found_broken_before_a_request(source: Replica) -> None:
    """It is an error of ours, like any broken link."""
    async with AsyncReplica.from_url(_url_of(source)) as eu:
        flight: Any = eu.flight(0)
        request = ask.knowledge(eu.keys(0), "test")
        await flight.execute(request)
        await flight._connection.disconnect(nowait=True)
        with pytest.raises(CRDTError):
            await flight.execute(request)
        assert await eu.or_set("tasks", int).size() == COUNT


def test_batches_that_are_lost_on_their_way_to_the_target(source: Replica, target: Replica) -> None:
    """They are read again, though the source was read on before that was known."""
    pull = Pull(target, source)
    procedure, reply, applied = pull.run(), None, 0

    def carry_out() -> None:
        nonlocal reply, applied
        while True:
            executor, operation = procedure.send(reply)
            if getattr(operation, "name", "") == "replica/apply":
                applied += 1
                assert isinstance(operation, Script)
                if applied == 5 and isinstance(executor, Flight):
                    executor.under_way.append(operation)
                    client_of(target).client_kill_filter(_type="normal", skipme=True)
                    reply = None
                    continue
            reply = executor.execute(operation)

    with pytest.raises(CRDTError):
        carry_out()
    procedure.close()
    pull.begin_anew()
    drive_blocking(pull.run())
    assert set(target.or_set("tasks", int)) == {*range(-1, COUNT)}


async def test_a_flight_has_the_server_look_as_rarely_as_writes_do(
    new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its first request, and then after some time."""
    monkeypatch.setattr("redis_crdt.transport.flight.flight.LOOK_EVERY", float("inf"))
    async with AsyncReplica.from_url(new_url("valkey"), replica_id="eu") as eu:
        request = ask.knowledge(eu.keys(0), "test")
        flight: Any = eu.flight(0)
        signs = []
        for _ in range(3):
            signs.append(flight._vouched(request).witness)
            await flight.execute(request)
            await flight.execute(Landing(None))
        monkeypatch.setattr("redis_crdt.transport.flight.flight.LOOK_EVERY", 0.0)
        signs.append(flight._vouched(request).witness)
        flight.abandon()
        signs.append(flight._vouched(request).witness)
    assert signs == [b"!", b".", b".", b"?", b"!"]


@pytest.mark.parametrize(("every", "told"), [(0.0, True), (float("inf"), False)])
async def test_that_there_was_nothing_is_not_told_each_time(
    new_url: NewUrl, monkeypatch: pytest.MonkeyPatch, every: float, told: bool
) -> None:
    """What the target itself had written comes back as nothing, with each write."""
    monkeypatch.setattr("redis_crdt.sync.pull.SAID_EVERY", every)
    async with (
        AsyncReplica.from_url(new_url("valkey"), replica_id="eu") as eu,
        AsyncReplica.from_url(new_url("valkey"), replica_id="us") as us,
    ):
        await eu.or_set("tasks", int).add(0)
        await us.pull(eu)
        pull = Pull(eu, us)
        await drive(pull.run())
        await eu.or_set("tasks", int).add(1)
        await us.pull(eu)
        asked: list[str] = []
        procedure, reply = pull.follow(0, 5.0), None
        with suppress(StopIteration):
            while True:
                executor, operation = procedure.send(reply)
                asked.append(getattr(operation, "name", ""))
                reply = await settled(executor.execute(operation))
        assert "replica/delta" in asked
        assert ("replica/apply" in asked) == told
        pull.give_up()
