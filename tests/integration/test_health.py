"""What a syncer tells of itself: logs, metrics, ``/healthz`` and ``/readyz``, exit codes."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep, time
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import redis

from redis_crdt import Replica, servers
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.cli.sync import call_on
from redis_crdt.errors import (
    ClockDrift,
    CRDTError,
    InvalidSetting,
    ServerError,
    ServerFull,
    ServerUnreachable,
)
from redis_crdt.operations.operation import Command
from redis_crdt.servers import Server
from redis_crdt.sync import Syncer
from redis_crdt.sync.health import health
from redis_crdt.sync.link import Failures
from redis_crdt.sync.own_replica import OwnReplica
from tests.backends import NewServer
from tests.integration.test_syncer import PATIENCE, sync_process, until
from tests.proxy import Proxy

NewUrl = Callable[[servers.Flavour], str]


def free_port() -> str:
    with Proxy(1) as any_free_port:
        return any_free_port.url.rpartition(":")[2]


def address(url: str) -> str:
    """How a server's URL names a link."""
    where, _, query = url.partition("://")[2].rpartition("@")[2].partition("?")
    return f"{where}/{query.removeprefix('db=') or 0}"


class Page:
    """What a syncer serves."""

    def __init__(self, port: str) -> None:
        self._at = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text; 0 where nobody listens yet."""
        try:
            with urlopen(f"{self._at}{path}") as page:
                return page.status, page.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metrics(self) -> dict[str, float]:
        """Return all series without ``redis_crdt_``."""
        lines = [line for line in self.get("/metrics")[1].splitlines() if line[0] != "#"]
        series = (line.rsplit(" ", 1) for line in lines)
        return {name.removeprefix("redis_crdt_"): float(value) for name, value in series}

    def is_ready(self) -> bool:
        return self.get("/readyz")[0] == 200


@contextmanager
def syncing(url: str, *peers: str, **env: str) -> Iterator[tuple[Page, subprocess.Popen[str]]]:
    """A syncer of its own process, and what it serves."""
    port = free_port()
    given = [part for peer in peers for part in ("--peer", peer)]
    with sync_process("--url", url, *given, "--metrics-port", port, **env) as process:
        page = Page(port)
        until(lambda: page.get("/healthz")[0] == 200 or process.poll() is not None)
        yield page, process


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = (r.getMessage().partition(" ")[0] for r in caplog.records)
    return [event for event in found if event.startswith(("replica.", "peer."))]


# What is served -----------------------------------------------------------------------------


def test_metrics(new_url: NewUrl) -> None:
    urls = new_url("valkey"), new_url("valkey")
    eu, us = (Replica.from_url(u, replica_id=r) for u, r in zip(urls, ("eu", "us"), strict=True))
    us.or_set("tasks").update(["t1", "t2"])
    us.or_set("tasks").remove("t1")
    nobody = "redis://127.0.0.1:1"
    with syncing(urls[0], urls[1], nobody, REDIS_CRDT_INTERVAL="0.2") as (page, _):
        until(lambda: len(eu.or_set("tasks")) == 1)
        until(lambda: page.metrics().get("tombstones") == 1)
        until(lambda: f'round_trip_seconds{{peer="{address(urls[1])}"}}' in page.metrics())
        text, found = page.get("/metrics")[1], page.metrics()
        status, why = page.get("/readyz")
    assert (status, why.count("\n")) == (503, 1)
    assert why.startswith("peer 127.0.0.1:1/0: read never, failing: ServerUnreachable")
    us_, nobody_ = f'peer="{address(urls[1])}"', 'peer="127.0.0.1:1/0"'
    assert found[f"received_entries_total{{{us_}}}"] == 2
    assert found[f"changed_entries_total{{{us_}}}"] == 2
    assert found[f"received_bytes_total{{{us_}}}"] > 0
    assert found[f"pulls_total{{{us_}}}"] >= 1
    assert found[f"lag_seconds{{{us_}}}"] == 0
    assert found[f"lag_seconds{{{nobody_}}}"] > 0
    assert found[f"link_behind_seconds{{{us_}}}"] == 0
    assert found[f'link_info{{{us_},replica_id="us"}}'] == 1
    assert found[f'link_state{{{us_},state="following"}}'] == 1
    assert found[f'link_state{{{us_},state="failing"}}'] == 0
    assert found[f'link_state{{{nobody_},state="failing"}}'] == 1
    assert abs(found[f"link_last_success_timestamp_seconds{{{us_}}}"] - time()) < PATIENCE
    assert f"link_last_success_timestamp_seconds{{{nobody_}}}" not in found
    assert found[f'errors_total{{kind="ServerUnreachable",{nobody_}}}'] > 0
    assert found[f"pull_seconds_count{{{us_}}}"] >= 1
    assert found[f'pull_seconds_bucket{{le="+Inf",{us_}}}'] == found[f"pull_seconds_count{{{us_}}}"]
    assert abs(found[f"clock_drift_seconds{{{us_}}}"]) < 60
    assert found['collection_entries{collection="tasks",kind="or_set"}'] == 1
    assert found['collection_tombstones{collection="tasks",kind="or_set"}'] == 1
    assert found["entries"] == 1
    assert found["replica_up"] == 1
    assert any(name.startswith("build_info{") for name in found)
    assert found["process_resident_memory_bytes"] > 0
    assert "_created" not in text
    # One name for each link, its address, whichever metric it is.
    peers = set(re.findall(r'redis_crdt_(?!peer_)\w+\{[^}]*peer="([^"]*)"', text))
    assert peers == {address(urls[1]), "127.0.0.1:1/0"}


def test_metrics_without_collections(new_url: NewUrl) -> None:
    urls = new_url("valkey"), new_url("valkey")
    eu, us = (Replica.from_url(u, replica_id=r) for u, r in zip(urls, ("eu", "us"), strict=True))
    us.or_set("tasks").add("t1")
    env = {"REDIS_CRDT_METRICS_COLLECTIONS": "no", "REDIS_CRDT_INTERVAL": "0.2"}
    with syncing(*urls, **env) as (page, _):
        until(lambda: "t1" in eu.or_set("tasks"))
        until(lambda: page.metrics().get("entries") == 1)
        assert "collection=" not in page.get("/metrics")[1]
        assert page.get("/other")[0] == 404


def test_every_metric_is_in_the_table(new_url: NewUrl) -> None:
    from redis_crdt.sync import metrics

    urls = new_url("valkey"), new_url("valkey")
    for name, url in zip(("eu", "us"), urls, strict=True):
        Replica.from_url(url, replica_id=name).or_set("tasks").add("t1")
    with syncing(*urls, REDIS_CRDT_INTERVAL="0.2") as (page, _):
        until(lambda: page.metrics().get("entries") == 1)
        families = re.findall(r"# TYPE (redis_crdt_\w+)", page.get("/metrics")[1])
    listed = re.findall(r"^``(redis_crdt_\w+)``.*\n    ", str(metrics.__doc__), re.M)
    assert sorted(families) == sorted(listed)


def test_it_is_ready_while_all_is_well(new_server: NewServer, new_url: NewUrl) -> None:
    urls = new_url("valkey"), new_url("valkey")
    own = new_server("valkey", {"appendonly": "yes"}, tcp=True)
    Replica.from_url(own.tcp_url, replica_id="eu")
    Replica.from_url(urls[0], replica_id="us").or_set("tasks").add("t1")
    with syncing(own.tcp_url, urls[0], REDIS_CRDT_INTERVAL="0.2") as (page, process):
        until(page.is_ready)
        own.kill()
        until(lambda: not page.is_ready())
        assert "replica: ServerUnreachable" in page.get("/readyz")[1]
        assert page.get("/healthz") == (200, "ok\n")
        assert page.metrics()["replica_up"] == 0
        own.restart()
        until(page.is_ready)
        assert page.metrics()["replica_up"] == 1
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGCONT)
        assert page.get("/healthz")[0] == 200


# What starts not at all -----------------------------------------------------------------------


def test_settings_that_cannot_work_end_it(new_server: NewServer, new_url: NewUrl) -> None:
    url, peer = new_url("valkey"), new_url("valkey")
    Replica.from_url(url, replica_id="eu")
    locked = new_server("valkey", {"requirepass": "opensesame"}, tcp=True)
    wrong = locked.tcp_url.replace("opensesame", "wrongsesame")
    for own, more, says in (
        (url, ("--replica-id", "us"), "this server is replica 'eu'"),
        (peer, (), "new here"),
        (wrong, ("--replica-id", "eu"), "does not take this user name and password"),
    ):
        with sync_process("--url", own, "--peer", peer, *more) as process:
            _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode == 2
        assert says in told
        assert address(own) in told
        assert "Traceback" not in told
        assert "sesame" not in told


def test_a_server_that_is_not_there_yet_is_waited_for(
    new_server: NewServer, new_url: NewUrl
) -> None:
    own = new_server("valkey", tcp=True)
    own.stop()
    peer = new_url("valkey")
    Replica.from_url(peer, replica_id="us").or_set("tasks").add("t1")
    with syncing(own.tcp_url, peer, REDIS_CRDT_REPLICA_ID="eu") as (page, _):
        until(lambda: page.metrics()["replica_up"] == 0)
        own.restart()
        until(page.is_ready)
    assert "t1" in Replica.from_url(own.tcp_url).or_set("tasks")


# Whose trouble it is --------------------------------------------------------------------------


def full(server: Server, client: Any) -> None:
    client.config_set("maxmemory", 1)


def read_only(server: Server, client: Any) -> None:
    client.execute_command("REPLICAOF", "127.0.0.1", 1)


def locked(server: Server, client: Any) -> None:
    client.config_set("requirepass", "changed")
    client.client_kill_filter(_type="normal", skipme=False)


def dead(server: Server, client: Any) -> None:
    server.kill()


@pytest.mark.parametrize("trouble", [full, read_only, locked, dead])
def test_trouble_of_its_own_server_is_no_peers(
    trouble: Callable[[Server, Any], None],
    new_server: NewServer,
    new_url: NewUrl,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO, "redis_crdt.sync")
    found: list[CRDTError] = []
    note = OwnReplica.failed

    def failed(own: OwnReplica, error: CRDTError) -> None:
        found.append(error)
        note(own, error)

    monkeypatch.setattr(OwnReplica, "failed", failed)
    own = new_server("valkey", {"appendonly": "yes", "appendfsync": "always"})
    peers = [Replica.from_url(new_url("valkey"), replica_id=name) for name in ("us", "ap")]
    with (
        own.client() as client,
        Replica.from_url(own.url, replica_id="eu") as eu,
        eu.keep_in_sync(peers, interval=0.2) as syncer,
    ):
        for peer in peers:
            peer.pull(eu)
        until(lambda: all(link.state == "following" for link in syncer.links))
        trouble(own, client)
        for peer in peers:
            peer.or_set("tasks", str).add(peer.replica_id)
        until(lambda: syncer.own.error is not None)
        until(lambda: all(link.state == "starting" for link in syncer.links))
        until(lambda: len(found) > 6)
        assert not [link for link in syncer.links if link.last_error]
        if trouble is dead:
            own.restart()
        elif trouble is full:
            client.config_set("maxmemory", 0)
        elif trouble is read_only:
            client.execute_command("REPLICAOF", "NO", "ONE")
        else:
            with own.client(password="changed") as known:
                known.config_set("requirepass", "")
        until(lambda: syncer.own.error is None)
        until(lambda: set(eu.or_set("tasks", str)) == {"us", "ap"})
    told = [event for event in events(caplog) if event != "peer.following"]
    assert told.count("replica.failed") in (1, 2)  # once for each way in which it failed
    assert told.count("replica.recovered") == 1
    assert set(told) == {"replica.failed", "replica.recovered"}
    (first, *_) = [r for r in caplog.records if r.getMessage().startswith("replica.failed")]
    assert first.levelno == logging.ERROR
    assert f"address={address(own.url)} " in first.getMessage()


# What peers are told of -----------------------------------------------------------------------


def test_a_peer_that_is_not_set_up_yet_is_waited_for(
    new_url: NewUrl, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "redis_crdt.sync")
    eu, url = Replica.from_url(new_url("valkey"), replica_id="eu"), new_url("valkey")
    with eu.keep_in_sync([url], interval=0.2) as syncer:
        until(lambda: syncer.links[0].state == "waiting")
        until(lambda: [p.link.state for p in eu.status().peers if p.link] == ["waiting"])
        Replica.from_url(url, replica_id="us").or_set("tasks", str).add("t1")
        until(lambda: syncer.links[0].state == "following")
        until(lambda: "t1" in eu.or_set("tasks", str))
    assert events(caplog) == ["peer.waiting", "peer.following"]
    assert not [r for r in caplog.records if r.levelno > logging.INFO]


def test_one_way_peering_is_told(new_url: NewUrl, caplog: pytest.LogCaptureFixture) -> None:
    eu = Replica.from_url(new_url("valkey"), replica_id="eu")
    us = Replica.from_url(new_url("valkey"), replica_id="us")
    with eu.keep_in_sync([us], interval=0.05) as syncer:
        link = syncer.links[0]
        until(lambda: link.one_way)
        until(lambda: any(p.link and p.link.one_way for p in eu.status().peers))
        us.pull(eu)
        until(lambda: not link.one_way)
        for _ in range(4):
            pulls = link.pulls
            until(lambda: link.pulls > pulls)  # noqa: B023 - called at once
        assert not link.one_way
    told = [r.getMessage() for r in caplog.records if "peer.one_way" in r.getMessage()]
    assert len(told) == 1
    assert "peer=us" in told[0]


def test_how_old_the_oldest_unread_write_is(new_server: NewServer, new_url: NewUrl) -> None:
    """Not how long nothing was written before: the feed's last entry is read, and a minute old."""
    own = new_server("valkey")
    with own.client() as client, Replica.from_url(own.url, replica_id="eu") as eu:
        us = Replica.from_url(new_url("valkey"), replica_id="us")
        us.or_set("tasks", str).add("t1")
        with eu.keep_in_sync([us]) as syncer:
            link = syncer.links[0]
            until(lambda: link.state == "following")
            assert link.behind_seconds == 0
            sleep(1.5)
            client.config_set("maxmemory", 1)
            written = us.execute(Command(("TIME",), float_time))
            us.or_set("tasks", str).add("t2")
            until(lambda: link.unread_since is not None)
            assert link.unread_since is not None
            assert abs(link.unread_since - written) < 1
            us.or_set("tasks", str).add("t3")
            sleep(1.2)  # it is looked up again
            assert abs(link.unread_since - written) < 1
            assert link.behind_seconds > 1
            assert link.lag_seconds > 0
            client.config_set("maxmemory", 0)
            until(lambda: link.state == "following")
            assert link.behind_seconds == link.lag_seconds == 0
            assert "t3" in eu.or_set("tasks", str)


def float_time(reply: list[bytes]) -> float:
    return int(reply[0]) + int(reply[1]) / 1e6


def test_a_peer_that_is_written_faster_than_it_is_read(
    new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then a pull leaves the rest to the next, and not all was read until there is no more."""
    monkeypatch.setattr("redis_crdt.sync.pull.MAX_CHASE", 0)
    eu = Replica.from_url(new_url("valkey"), replica_id="eu")
    us = Replica.from_url(new_url("valkey"), replica_id="us")
    numbers, theirs = us.or_set("numbers", int), eu.or_set("numbers", int)
    with eu.keep_in_sync([us], interval=1000) as syncer:
        link = syncer.links[0]
        until(lambda: link.state == "following")
        last = 0

        def write() -> bool:
            nonlocal last
            numbers.update(range(last, last + 2000))
            last += 2000
            return link.behind_entries > 0 and link.pulls > 1

        until(write)
        until(lambda: len(theirs) == last)
        until(lambda: not link.behind_entries)
        before = time()
        until(lambda: (link.last_pull or 0) > before)
        assert link.behind_seconds == 0


def test_contact_is_contact_though_nothing_is_new(new_url: NewUrl) -> None:
    eu = Replica.from_url(new_url("valkey"), replica_id="eu")
    us = Replica.from_url(new_url("valkey"), replica_id="us")
    with eu.keep_in_sync([us], interval=1000) as syncer:
        link = syncer.links[0]
        until(lambda: link.last_pull is not None)
        first = link.last_pull
        until(lambda: link.last_pull != first)
        assert link.pulls == 1
        assert link.last_contact == link.last_pull


# What changes while it runs -------------------------------------------------------------------


@pytest.mark.parametrize("how", ["reset", "flushed"])
def test_a_replica_that_lost_all_is_filled_again_at_once(
    how: str, new_url: NewUrl, caplog: pytest.LogCaptureFixture
) -> None:
    url = new_url("valkey")
    eu = Replica.from_url(url, replica_id="eu")
    us = Replica.from_url(new_url("valkey"), replica_id="us")
    us.or_set("tasks", int).update(range(1000))
    with eu.keep_in_sync([us], interval=10_000) as syncer:
        until(lambda: syncer.links[0].state == "following")
        until(lambda: b"us" in syncer.own.knows())
        if how == "reset":
            eu.reset()
        else:
            with redis.Redis.from_url(url) as client:
                client.flushdb()
        until(lambda: len(eu.or_set("tasks", int)) == 1000)
    assert events(caplog) == ["replica.refilling"]


def test_peers_are_read_anew_on_sighup(new_url: NewUrl, tmp_path: Path) -> None:
    urls = [new_url("valkey") for _ in range(3)]
    eu, us, ap = (
        Replica.from_url(url, replica_id=name)
        for url, name in zip(urls, ("eu", "us", "ap"), strict=True)
    )
    us.or_set("tasks").add("us")
    ap.or_set("tasks").add("ap")
    file, port = tmp_path / "eu.toml", free_port()

    def configure(*peers: str) -> None:
        listed = ", ".join(f'"{peer}"' for peer in peers)
        file.write_text(f'url = "{urls[0]}"\npeers = [{listed}]\nmetrics_port = {port}\n')

    configure(urls[1])
    page = Page(port)
    with sync_process("--config", os.fspath(file)) as process:
        until(lambda: "us" in eu.or_set("tasks"))
        configure(urls[2])
        process.send_signal(signal.SIGHUP)
        until(lambda: "ap" in eu.or_set("tasks"))
        until(page.is_ready)
        assert address(urls[1]) not in page.get("/metrics")[1]
        until(lambda: [p.peer for p in eu.status().peers if p.link] == ["ap"])
        configure()
        process.send_signal(signal.SIGHUP)
        configure(urls[2])
        process.send_signal(signal.SIGHUP)
        us.or_set("tasks").add("unread")
        ap.or_set("tasks").add("read")
        until(lambda: "read" in eu.or_set("tasks"))
        assert "unread" not in eu.or_set("tasks")
        process.terminate()
        _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "peer.removed peer=us" in told
    assert f"peer.added address={address(urls[2])}" in told


def test_a_peer_is_followed_once(new_url: NewUrl) -> None:
    urls = new_url("valkey"), new_url("valkey")
    eu, us = (Replica.from_url(u, replica_id=r) for u, r in zip(urls, ("eu", "us"), strict=True))
    with pytest.raises(InvalidSetting, match=f"{address(urls[1])} is among them twice"):
        Syncer(eu, [us, Replica.from_url(urls[1])])


# Smaller things --------------------------------------------------------------------------------


def test_what_goes_on_failing_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = Failures()
    assert failures.is_news(ServerFull("full"))
    assert failures.is_news(ServerUnreachable("gone"))
    assert not failures.is_news(ServerFull("full"))
    monkeypatch.setattr("redis_crdt.sync.link.REPEATED_AFTER", 0.0)
    assert failures.is_news(ServerFull("full"))
    monkeypatch.undo()
    failures.forget()
    assert failures.is_news(ServerFull("full"))


def test_a_loop_that_is_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redis_crdt.sync.health.PATIENCE", 0.05)
    loop = asyncio.new_event_loop()
    assert health(loop)[0].startswith("503")
    loop.close()


def test_whose_error_it_is(new_url: NewUrl) -> None:
    eu = Replica.from_url(new_url("valkey"), replica_id="eu")
    own = Syncer(eu, []).own
    assert own.is_cause_of(ServerFull("full").at(eu.address))
    assert not own.is_cause_of(ServerFull("full").at("elsewhere:6379/0"))
    assert not own.is_cause_of(ClockDrift("a peer's").at(eu.address))
    assert not own.is_cause_of(ServerError("by what a peer sent, perhaps").at(eu.address))


async def test_without_signal_handlers_of_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, which has not all signals, either."""

    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(type(asyncio.get_running_loop()), "add_signal_handler", refuse)
    before, called = signal.getsignal(signal.SIGTERM), asyncio.Event()
    try:
        call_on(("SIGTERM", "SIGNONE"), called.set)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(called.wait(), PATIENCE)
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_peers_change_while_a_task_keeps_in_step(new_url: NewUrl) -> None:
    urls = [new_url("valkey") for _ in range(3)]
    async with (
        AsyncReplica.from_url(urls[0], replica_id="eu") as eu,
        AsyncReplica.from_url(urls[1], replica_id="us") as us,
        AsyncReplica.from_url(urls[2], replica_id="ap") as ap,
        eu.keep_in_sync([us]) as syncer,
    ):
        await syncer.in_step()
        (stays,) = syncer.links
        await syncer.set_peers([ap, us])
        await syncer.in_step()
        assert [link.peer for link in syncer.links] == ["us", "ap"]
        assert syncer.links[0] is stays
        with pytest.raises(InvalidSetting, match="twice"):
            await syncer.set_peers([ap, AsyncReplica.from_url(urls[2])])
        await syncer.set_peers([])
        assert syncer.links == []
        assert [peer for peer in (await eu.status()).peers if peer.link] == []
