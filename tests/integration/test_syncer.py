"""Syncers: changes cross by themselves, through cuts and crashes, and nobody sees a password."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import permutations
from time import monotonic, sleep, time

import pytest
import redis

from redis_crdt import Replica, servers
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.errors import InvalidSetting
from redis_crdt.sync import Syncer
from redis_crdt.sync.follower import LAST_DELAY
from redis_crdt.transport.awaited import PEER_TIMEOUT
from tests.backends import NewServer
from tests.proxy import Proxy

NewUrl = Callable[[servers.Flavour], str]
PATIENCE = 60


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another process or thread brings about."""
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline, "it did not come about"
        sleep(0.005)


@contextmanager
def sync_process(*args: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """``redis-crdt sync`` in a process of its own."""
    command = [sys.executable, "-m", "redis_crdt", "sync", *args]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, **env}
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_changes_cross_while_a_thread_keeps_in_step(
    server_flavour: servers.Flavour, new_url: NewUrl
) -> None:
    eu_url, us_url = new_url(server_flavour), new_url(server_flavour)
    eu = Replica.from_url(eu_url, replica_id="eu")
    us = Replica.from_url(us_url, replica_id="us")
    tasks, theirs = eu.or_set("tasks", str), us.or_set("tasks", str)
    with eu.keep_in_sync([us_url]), us.keep_in_sync([eu], interval=1.0):
        for i in range(20):
            tasks.add(f"eu-{i}")
            theirs.add(f"us-{i}")
        until(lambda: len(tasks) == len(theirs) == 40)
    assert eu.verify(us) == []
    tasks.add("after")
    assert "after" not in theirs


async def test_changes_cross_while_a_task_keeps_in_step(
    server_url: str, server_flavour: servers.Flavour, new_url: NewUrl
) -> None:
    other_url = new_url(server_flavour)
    async with (
        AsyncReplica.from_url(server_url, replica_id="eu") as eu,
        AsyncReplica.from_url(other_url, replica_id="us") as us,
    ):
        tasks = us.or_set("tasks", str)
        async with us.keep_in_sync([server_url]) as syncer:
            await syncer.in_step()
            await eu.or_set("tasks", str).add("t1")
            async for change in us.watch("0-0", timeout=PATIENCE):
                assert (change.collection, change.key, change.source) == ("tasks", "t1", "eu")
                break
            assert await tasks.contains("t1")
            assert [link.peer for link in syncer.links] == ["eu"]
            assert syncer.links[0].state == "following"
        assert await eu.verify(us) == []


async def test_a_change_is_seen_though_its_wake_up_was_lost(
    server_url: str, new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> bool:
        await asyncio.sleep(0.05)
        return False

    monkeypatch.setattr("redis_crdt.sync.follower._wait", lambda *args: args)
    real = sys.modules["redis_crdt.sync.follower"].drive
    monkeypatch.setattr(
        "redis_crdt.sync.follower.drive",
        lambda procedure: never() if isinstance(procedure, tuple) else real(procedure),
    )
    async with (
        AsyncReplica.from_url(new_url("valkey"), replica_id="eu") as eu,
        AsyncReplica.from_url(new_url("valkey"), replica_id="us") as us,
        us.keep_in_sync([eu], interval=0.2) as syncer,
    ):
        await syncer.in_step()
        await eu.g_counter("done").increment()
        async for change in us.watch("0-0", timeout=PATIENCE):
            assert change.collection == "done"
            break


@pytest.mark.parametrize("how", ["cut", "stalled"])
def test_a_partition_of_10_000_writes_heals(
    how: str, new_server: NewServer, new_url: NewUrl, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "redis_crdt.sync")
    far = new_server("valkey", tcp=True)
    eu = Replica.from_url(new_url("valkey"), replica_id="eu")
    us = Replica.from_url(far.url, replica_id="us")
    port = int(far.tcp_url.rpartition(":")[2])
    with Proxy(port) as network:
        reached = Replica.from_url(network.url, socket_timeout=1.0, socket_connect_timeout=1.0)
        with eu.keep_in_sync([reached], interval=5.0) as syncer:
            link = syncer.links[0]
            until(lambda: link.state == "following")
            network.cut() if how == "cut" else network.stall()
            for i in range(5000):
                for side, replica in (("eu", eu), ("us", us)):
                    replica.g_counter("done").increment()
                    replica.or_set("tasks", str).add(f"{side}-{i}")
            until(lambda: link.state == "failing")
            failed = [r for r in caplog.records if r.getMessage().startswith("peer.failed")]
            until(lambda: link.failures > 2)
            assert len(failed) <= 2  # once for each way in which it fails, not for each try
            pulls = link.pulls
            network.heal()
            until(lambda: link.state == "following")
            assert link.pulls == pulls + 1
            # One round was enough.
            assert eu.g_counter("done").value() == 10_000
            assert len(eu.or_set("tasks", str)) == 10_000
        us.pull(eu)
        assert us.g_counter("done").value() == 10_000
        assert eu.verify(us) == []
        reached.close()


TOPOLOGIES = {
    "mesh": lambda n: [(i, j) for i, j in permutations(range(n), 2)],
    "chain": lambda n: [(i, j) for i, j in permutations(range(n), 2) if abs(i - j) == 1],
    "star": lambda n: [(i, j) for i, j in permutations(range(n), 2) if 0 in (i, j)],
    "ring": lambda n: [(i, j) for i, j in permutations(range(n), 2) if (i - j) % n in (1, n - 1)],
}


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_five_replicas_converge_while_their_syncers_are_killed(
    topology: str, new_url: NewUrl
) -> None:
    chance = random.Random(topology)
    urls = [new_url("valkey") for _ in range(5)]
    replicas = [Replica.from_url(url, replica_id="abcde"[i]) for i, url in enumerate(urls)]
    links = TOPOLOGIES[topology](5)

    def start(i: int, running: ExitStack) -> subprocess.Popen[str]:
        peers = [part for a, b in links if a == i for part in ("--peer", urls[b])]
        return running.enter_context(sync_process("--url", urls[i], *peers, "--interval", "2"))

    with ExitStack() as running:
        syncers = [start(i, running) for i in range(5)]
        for i in range(600):
            replica = chance.choice(replicas)
            replica.g_counter("done").increment()
            task = f"t{chance.randrange(50)}"
            tasks = replica.or_set("tasks", str)
            tasks.add(task) if chance.random() < 0.6 else tasks.discard(task)
            replica.lww_map("status", int).set(task, i)
            if i % 100 == 50:
                victim = chance.randrange(5)
                syncers[victim].kill()
                syncers[victim].wait()
                syncers[victim] = start(victim, running)
            sleep(0.002)
        until(lambda: all(r.g_counter("done").value() == 600 for r in replicas))
        until(lambda: all(replicas[0].verify(other) == [] for other in replicas[1:]))
    dumps = [
        [replica.or_set("tasks", str).dump(), replica.lww_map("status", int).dump()]
        for replica in replicas
    ]
    assert dumps.count(dumps[0]) == 5


@pytest.mark.parametrize("seed", range(5))
def test_in_a_mesh_a_change_crosses_no_link_to_one_who_has_it(seed: int, new_url: NewUrl) -> None:
    """Of 20 links 4 have to carry it. That one has it by way of a third, a source is told late."""
    replicas = [Replica.from_url(new_url("valkey"), replica_id=name) for name in "abcde"]
    pairs = list(permutations(replicas, 2))
    for _ in range(2):
        for target, source in pairs:
            target.pull(source)
    replicas[0].or_set("tasks", str).add("t1")
    random.Random(seed).shuffle(pairs)
    sent = sum(target.pull(source).entries for target, source in pairs)
    assert 4 <= sent <= 6
    assert sum(target.pull(source).entries for _ in range(3) for target, source in pairs) <= 1
    assert all("t1" in replica.or_set("tasks") for replica in replicas)


def test_it_stops_on_sigterm_and_tells_no_password(new_server: NewServer, new_url: NewUrl) -> None:
    peer = new_server("valkey", {"requirepass": "opensesame"}, tcp=True)
    url = new_url("valkey")
    eu = Replica.from_url(url, replica_id="eu")
    us = Replica.from_url(peer.tcp_url, replica_id="us")
    us.or_set("tasks").add("t1")
    other = new_server("valkey", {"requirepass": "opensesame"}, tcp=True)
    wrong = other.tcp_url.replace("opensesame", "wrongsesame")
    env = {"REDIS_CRDT_PEERS": f"{peer.tcp_url},{wrong}", "REDIS_CRDT_URL": url}
    with sync_process("--metrics-port", "0", **env) as process:
        until(lambda: "t1" in eu.or_set("tasks"))
        until(lambda: len(eu.status().peers) > 1)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    events = [line.split()[3] for line in told.splitlines()]
    assert events[0] == "sync.started"
    assert events[-1] == "sync.stopped"
    assert {"peer.following", "peer.failed"} <= set(events)
    assert "AuthenticationFailed" in told
    assert "sesame" not in told
    assert "sesame" not in eu.status().model_dump_json()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('peers = ["redis://u:opensesame@h"]', "url: missing"),
        ('url = "redis://h"\npeers = ["redis://h2"]\ninterval = -1', "interval"),
        (
            'url = "redis://:opensesame@h"\npeers = ["redis://h2"]\nintervall = 1',
            "did you mean interval",
        ),
        ("url = ", "settings.toml"),
    ],
)
def test_settings_that_are_wrong_are_named(
    text: str, named: str, tmp_path: os.PathLike[str]
) -> None:
    from redis_crdt.sync.settings import load_settings

    file = os.path.join(tmp_path, "settings.toml")
    with open(file, "w") as out:
        out.write(text)
    with pytest.raises(InvalidSetting, match=named) as caught:
        load_settings(file, {})
    assert "sesame" not in str(caught.value)


def test_settings_of_a_syncer_are_checked(new_url: NewUrl) -> None:
    eu = Replica.from_url(new_url("valkey"), replica_id="eu")
    with pytest.raises(InvalidSetting, match="interval"):
        Syncer(eu, [], interval=0)
    with pytest.raises(InvalidSetting, match="older_than"):
        Syncer(eu, [], grace=-1)


def test_a_failing_link_is_told_again_to_a_server_that_has_forgotten_it(new_url: NewUrl) -> None:
    """The syncer has no news then: it still fails with the same error."""
    url = new_url("valkey")
    us = Replica.from_url(url, replica_id="us")
    other = Replica.from_url(new_url("valkey"), replica_id="eu", shards=2)

    def told() -> str:
        links = [peer.link for peer in us.status().peers if peer.link]
        return str(links[0].last_error) if links else ""

    with us.keep_in_sync([other], interval=0.1) as syncer:
        until(lambda: "ReplicaMismatch" in told())
        # It waits for longer and longer, and need not tell more often than once a second.
        until(lambda: syncer.links[0].failures > 4)
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        us.or_set("tasks", str).add("t1")
        until(lambda: "ReplicaMismatch" in told())


async def test_a_syncer_that_waits_to_try_again_does_not_seem_to_be_gone(new_url: NewUrl) -> None:
    async with AsyncReplica.from_url(new_url("valkey"), replica_id="us") as us:
        link = Syncer(us, [us], interval=0.1).links[0]
        link.told = time() - LAST_DELAY - 2 * PEER_TIMEOUT
        assert not link.is_silent


async def test_a_new_region_fills_itself_though_its_syncer_has_crashed(new_url: NewUrl) -> None:
    """It reads all of it again, and what is there already changes nothing."""
    eu = Replica.from_url(new_url("valkey"), replica_id="eu", feed_limit=100)
    eu.or_set("tasks", int).update(range(20_000))
    for i in range(30):
        eu.or_set(f"small-{i}", int).add(i)
    async with AsyncReplica.from_url(new_url("valkey"), replica_id="us") as us:
        async with us.keep_in_sync([eu]) as syncer:
            while syncer.links[0].scanned < 5000:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            assert syncer.links[0].state == "scanning"
            assert syncer.links[0].to_scan == 20_030
        async with us.keep_in_sync([eu]) as syncer:
            await syncer.in_step()
            # But for a batch or two that were under way, and counted, as it crashed.
            assert syncer.links[0].changed <= 16_030
        assert await us.verify(eu) == []


def test_a_new_region_fills_itself_from_peers_that_have_collected(
    new_url: NewUrl, caplog: pytest.LogCaptureFixture
) -> None:
    """From one after the other; and no peer calls it stale in the meantime."""
    replicas = [
        Replica.from_url(new_url("valkey"), replica_id=name, feed_limit=100) for name in "abc"
    ]
    replicas[0].or_set("tasks", int).update(range(3000))
    for replica in replicas:
        replica.or_set(replica.replica_id, int).add(1)
    for _ in range(2):
        for target, source in permutations(replicas, 2):
            target.pull(source)
    for i, replica in enumerate(replicas):
        replica.or_set("tasks", int).remove(i)
    for _ in range(3):
        for target, source in permutations(replicas, 2):
            target.pull(source)
    for replica in replicas:
        assert replica.gc_tombstones(older_than=0) == 3
    new = Replica.from_url(new_url("valkey"), replica_id="new")
    with new.keep_in_sync(replicas) as syncer:
        until(lambda: all(link.state == "following" for link in syncer.links))
    for replica in replicas:
        assert new.verify(replica) == []
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]
