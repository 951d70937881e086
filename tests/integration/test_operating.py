"""What an operator sees and does, on the command line and in code."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations
from time import sleep, time

import pytest

from redis_crdt import Replica, memory, namespaces, servers
from redis_crdt.cli.preflight import tried
from redis_crdt.core.clock import wall_clock
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Command, Procedure, drive
from redis_crdt.sync.link import Link
from redis_crdt.sync.settings import load_settings
from redis_crdt.sync.verify import Difference
from tests.backends import NewServer
from tests.integration.test_cli import one_line, redis_crdt
from tests.integration.test_syncer import until

NewUrl = Callable[[servers.Flavour], str]
MANY = 100_000


@pytest.fixture
def urls(server_flavour: servers.Flavour, new_url: NewUrl) -> tuple[str, str]:
    return new_url(server_flavour), new_url(server_flavour)


@pytest.fixture
def regions(urls: tuple[str, str]) -> tuple[Replica, Replica]:
    eu = Replica.from_url(urls[0], replica_id="eu")
    us = Replica.from_url(urls[1], replica_id="us")
    eu.or_set("tasks", str).update(["a", "b", "|c"])
    eu.or_set("tasks", str).remove("b")
    eu.g_counter("done").increment(5)
    eu.mv_register("owner", str).set("a|b")
    eu.lww_map("status", str).set("k", "x|y")
    eu.sync(us)
    return eu, us


def test_status(urls: tuple[str, str], regions: tuple[Replica, Replica]) -> None:
    regions[0].or_set("tasks", str).add("news")
    status = json.loads(redis_crdt("status", urls[0], "--json").stdout)
    assert status["replica_id"] == "eu"
    assert status["shards"][0]["incarnation"].startswith("eu#")
    assert status["shards"][0]["feed_references"] == 8
    (peer,) = status["peers"]
    assert (peer["peer"], peer["behind_entries"] >= 1) == ("us", True)
    tasks = next(c for c in status["collections"] if c["name"] == "tasks")
    assert (tasks["kind"], tasks["entries"], tasks["tombstones"]) == ("or_set", 3, 1)
    assert tasks["bytes"] > 0
    shown = redis_crdt("status", urls[0])
    assert shown.returncode == 0
    assert b"tasks" in shown.stdout
    assert b"us" in redis_crdt("peers", urls[0]).stdout


def test_of_many_collections_the_largest_are_shown_and_the_rest_is_summed(
    new_url: NewUrl,
) -> None:
    url = new_url("valkey")
    eu = Replica.from_url(url, replica_id="eu")
    for first in range(0, 1000, 250):
        with eu.batch() as batch:
            for i in range(first, first + 250):
                batch.on(eu.or_set(f"set-{i}", int)).add(i)
    eu.or_set("large", int).update(range(1000))
    eu.or_set("larger", int).update(range(2000))
    eu.or_set("larger", int).discard(7)
    shown = redis_crdt("status", url, "--limit", "2").stdout.decode().splitlines()
    assert len(shown) < 20
    rows = [line.strip("│").split("│") for line in shown if "or_set" in line or "smaller" in line]
    assert [[cell.strip() for cell in row][:4] for row in rows] == [
        ["large", "or_set", "1000", "0"],
        ["larger", "or_set", "1999", "1"],
        ["and 1000 smaller ones", "", "1000", "0"],
    ]
    told = json.loads(redis_crdt("status", url, "--json").stdout)
    assert len(told["collections"]) == 1002


def test_tables_are_whole_in_a_pipe_and_on_a_narrow_screen(new_url: NewUrl) -> None:
    url = new_url("valkey")
    eu = Replica.from_url(url, replica_id="eu")
    long = "[bold] name " * 12
    eu.or_set(long, str).add("\x1b[31m" + "ä" * 100)
    eu.lww_map("map", str).set("\x1b[31mred", "v")
    shown = redis_crdt("status", url).stdout.decode()
    assert long.strip() in shown
    assert "…" not in shown
    assert "ä" * 100 in redis_crdt("inspect", url, long).stdout.decode()
    # What others wrote is no command to a terminal.
    assert b"\\x1b[31mred" in redis_crdt("inspect", url, "map").stdout


def test_inspect(urls: tuple[str, str], regions: tuple[Replica, Replica]) -> None:
    shown = redis_crdt("inspect", urls[0], "tasks").stdout.decode()
    assert shown.startswith("or_set tasks")
    assert "tombstone" in shown
    assert "@eu#" in shown
    assert "no collection 'nothing'" in one_line(redis_crdt("inspect", urls[0], "nothing"))


def test_partitions(urls: tuple[str, str], regions: tuple[Replica, Replica]) -> None:
    eu, us = regions
    eu.or_set("big", int, partitions=4).update(range(100))
    us.pull(eu)
    shown = redis_crdt("inspect", urls[1], "big").stdout.decode()
    assert shown.startswith("or_set big in 4 partitions")
    assert "and 50 more" in shown
    us.or_set("big", int, partitions=4).add(100)
    assert eu.verify(us) == [Difference("big", "or_set", "100", False, True)]
    collections = {c.name: c.entries for c in eu.status().collections}
    assert sum(n for name, n in collections.items() if name.startswith("big\u241f")) == 100


def test_verify(urls: tuple[str, str], regions: tuple[Replica, Replica]) -> None:
    eu, us = regions
    assert redis_crdt("verify", *urls).stdout == b"equal\n"
    eu.gc_tombstones(older_than=0)
    assert eu.verify(us) == []  # tombstones are nothing that readers see
    eu.or_set("tasks", str).add("only-here")
    us.or_set("tasks", str).add("a")
    us.g_counter("more").increment()
    assert eu.verify(us) == [
        Difference("more", "g_counter", us.status().shards[0].incarnation, False, True),
        Difference("tasks", "or_set", '"a"', True, True),
        Difference("tasks", "or_set", '"only-here"', True, False),
    ]
    run = redis_crdt("verify", *urls)
    assert run.returncode == 1
    assert b"3 entries differ" in run.stdout
    run = redis_crdt("verify", *urls, "--json")
    assert run.returncode == 1
    ((_, found),) = json.loads(run.stdout)["differences"].items()
    assert [difference["collection"] for difference in found] == ["more", "tasks", "tasks"]
    assert "nowhere" in one_line(redis_crdt("verify", urls[0], "unix:///nowhere"), 2)


def test_check(new_url: NewUrl) -> None:
    eu_url, us_url = new_url("valkey"), new_url("valkey")
    us = Replica.from_url(us_url, replica_id="us")
    eu = Replica.from_url(eu_url, replica_id="eu")
    unknown = redis_crdt("check", eu_url)
    assert (unknown.returncode, unknown.stdout[:8]) == (2, b"UNKNOWN:")
    assert "nowhere" in one_line(redis_crdt("check", "unix:///nowhere"), 2)
    with eu.keep_in_sync([us_url]) as syncer:
        until(lambda: syncer.links[0].state == "following")
        until(lambda: eu.status().peers != [])
        good = redis_crdt("check", eu_url, "--max-lag", "30")
        assert good.returncode == 0, good
        assert good.stdout.startswith(b"GOOD: us following, 0.0 s behind")
    told = json.loads(redis_crdt("check", eu_url, "--json").stdout)
    assert (told["good"], told["peers"][0]["peer"]) == (True, "us")
    # As when the syncer has been gone for an hour.
    link = eu.status().peers[0].link
    assert link is not None
    link.told = link.last_contact = link.last_pull = time() - 3600
    drive(_told(eu, link))
    behind = redis_crdt("check", eu_url, "--max-lag", "30")
    assert behind.returncode == 1
    assert b"BEHIND: us gone, 35" in behind.stdout
    assert redis_crdt("check", eu_url, "--max-lag", "7200").returncode == 0
    us.close()


def _told(replica: Replica, link: Link) -> Procedure[None]:
    text = link.model_dump_json()
    yield replica, ask.report(replica.keys(0), link.peer, link.address, text, replica.about)


def test_sync_check(new_url: NewUrl) -> None:
    eu_url, us_url = new_url("valkey"), new_url("valkey")
    command = ("sync", "--check", "--json", "--url", eu_url, "--replica-id", "eu")
    Replica.from_url(us_url, replica_id="us").or_set("tasks", str).add("t1")
    run = redis_crdt(*command, "--peer", us_url)
    assert run.returncode == 0, run
    assert [trial["what"] for trial in json.loads(run.stdout)] == ["replica", "peer 1"]
    assert namespaces(eu_url) == []  # it was not even begun
    eu = Replica.from_url(eu_url, replica_id="eu")
    run = redis_crdt(*command, "--peer", us_url)
    assert "us can be read" in json.loads(run.stdout)[1]["told"]
    assert eu.collections() == []  # nothing was taken over
    run = redis_crdt(*command, "--peer", "unix:///nowhere", "--peer", eu_url, "--peer", us_url)
    assert run.returncode == 1
    told = json.loads(run.stdout)
    assert [trial["good"] for trial in told] == [True, False, False, True]
    assert "nowhere" in told[1]["told"]
    assert "same id" in told[2]["told"]


def test_sync_check_finds_what_would_be_refused(new_server: NewServer, new_url: NewUrl) -> None:
    eu_url = new_url("valkey")
    Replica.from_url(eu_url, replica_id="eu")
    server = new_server("valkey")
    us = Replica.from_url(server.url, replica_id="us")
    ahead: memory.LWWRegister[int] = memory.LWWRegister(
        int, replica_id="x", clock=lambda: wall_clock() + 50_000
    )
    ahead.set(1)
    us.lww_register("r", int).merge(ahead)
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "blind", "on", "nopass", "~*", "+@all", "-hscan")
    command = ("sync", "--check", "--json", "--url", eu_url, "--replica-id", "eu")
    run = redis_crdt(*command, "--max-drift", "5", "--peer", server.url)
    assert run.returncode == 1
    assert "ClockDrift" in json.loads(run.stdout)[1]["told"]
    run = redis_crdt(*command, "--peer", server.url + "?username=blind&password=x")
    assert run.returncode == 1
    assert "AccessDenied" in json.loads(run.stdout)[1]["told"]


def test_sync_check_finds_a_clock_that_is_off(
    new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {name: new_url("valkey") for name in ("eu", "us")}
    for name, url in urls.items():
        Replica.from_url(url, replica_id=name)

    def hour_ahead(replica: Replica, _: str) -> Procedure[float]:
        yield replica, Command(("TIME",))
        return time() + (3600 if replica.replica_id == "us" else 0)

    monkeypatch.setattr("redis_crdt.sync.preflight.read_clock", hour_ahead)
    _, peer = tried(load_settings(None, {"url": urls["eu"], "peers": [urls["us"]]}))
    assert (peer.good, "+3600.0 s ahead" in peer.told) == (False, True), peer


def test_namespaces(new_url: NewUrl) -> None:
    url = new_url("valkey")
    for name in ("a", "b"):
        Replica.from_url(url, replica_id="eu", namespace=name).g_counter("n").increment()
    assert redis_crdt("namespaces", url).stdout == b"a\nb\n"
    assert redis_crdt("namespaces", url, "--drop", "a", stdin=b"n\n").returncode == 1
    assert json.loads(redis_crdt("namespaces", url, "--json").stdout) == ["a", "b"]
    assert redis_crdt("namespaces", url, "--drop", "a", stdin=b"y\n").returncode == 0
    dropped = redis_crdt("namespaces", url, "--drop", "b", "--yes", "--json")
    assert json.loads(dropped.stdout) == {"dropped": "b"}
    assert "no namespace" in one_line(redis_crdt("namespaces", url, "--drop", "b", "--yes"))
    assert redis_crdt("namespaces", url).stdout == b""


def test_forget_gc_and_reset(urls: tuple[str, str], regions: tuple[Replica, Replica]) -> None:
    eu, us = regions
    us.pull(eu)  # and so eu hears how far us has come
    eu.or_set("tasks", str).remove("a")
    assert redis_crdt("gc", urls[0], "--older-than", "0").stdout == b"1 tombstones dropped\n"
    assert b"us is forgotten" in redis_crdt("forget", urls[0], "us").stdout
    assert "knows no peer" in one_line(redis_crdt("forget", urls[0], "ap"))
    assert redis_crdt("gc", urls[0], "--older-than", "0").stdout == b"1 tombstones dropped\n"
    assert redis_crdt("reset", urls[1], stdin=b"n\n").returncode == 1
    assert len(us.or_set("tasks", str)) == 2
    assert redis_crdt("reset", urls[1], "--yes").returncode == 0
    assert json.loads(redis_crdt("status", urls[1], "--json").stdout)["collections"] == []
    us.sync(eu)
    assert eu.verify(us) == []


def test_tasks_of_a_region_that_is_gone_are_taken_over(
    urls: tuple[str, str], regions: tuple[Replica, Replica]
) -> None:
    eu, us = regions
    for name in ("jobs", "chores"):
        us.work_queue(name, str).put(name)
    eu.pull(us)
    assert redis_crdt("takeover", urls[0], "us").stdout == b"2 tasks of us are taken over\n"
    assert json.loads(redis_crdt("takeover", urls[0], "us", "--json").stdout) == {"taken": 0}
    assert eu.work_queue("jobs", str).pending() == 1


def test_forgetting_one_whose_writes_were_not_read(new_url: NewUrl) -> None:
    urls = [new_url("valkey") for _ in range(3)]
    eu, us, ap = (
        Replica.from_url(url, replica_id=name)
        for url, name in zip(urls, ("eu", "us", "ap"), strict=True)
    )
    eu.or_set("tasks", str).add("t1")
    for replica in (us, ap):
        replica.or_set("tasks", str).add(replica.replica_id)
        replica.pull(eu)
    says = "nothing that 'us' wrote was ever read here"
    with pytest.warns(RuntimeWarning, match=f"{eu.address}.*{says}"):
        assert eu.forget("us")
    assert not eu.forget("us")  # nobody of whom anything could be known
    us.pull(eu)
    assert says in redis_crdt("forget", urls[0], "us").stderr.decode()
    eu.pull(ap)
    assert redis_crdt("forget", urls[0], "ap").stderr == b""
    ap.pull(eu)
    unread = Link(peer="ap", unread_since=1e9).model_dump_json()
    eu.execute(ask.report(eu.keys(0), "ap", "", unread, eu.about))
    with pytest.warns(RuntimeWarning, match="'ap' wrote since 2001-09-09 01:46:40"):
        assert eu.forget("ap")


def test_how_old_the_oldest_write_is_that_a_peer_has_not_read(
    regions: tuple[Replica, Replica],
) -> None:
    eu, us = regions
    us.pull(eu)
    (peer,) = eu.status().peers
    assert (peer.behind_entries, peer.behind_seconds) == (0, 0)
    sleep(1.1)
    eu.or_set("tasks", str).add("news")
    (peer,) = eu.status().peers
    assert peer.behind_entries == 1
    assert peer.behind_seconds < 1  # for so long nothing was written


def test_drop(urls: tuple[str, str], regions: tuple[Replica, Replica]) -> None:
    eu, us = regions
    us.lww_map("early", str).set("k", "v")
    eu.g_counter("early").increment()
    eu.sync(us)
    for url in urls:
        shown = redis_crdt("inspect", url, "early").stdout
        assert b"g_counter early" in shown
        assert b"lww_map early" in shown
    assert redis_crdt("drop", urls[0], "early", stdin=b"n\n").returncode == 1
    assert redis_crdt("drop", urls[0], "early", "--yes").stdout == b"early is dropped\n"
    assert "no collection 'early'" in one_line(redis_crdt("drop", urls[0], "early", "--yes"))
    eu.sync(us)
    for url in urls:
        assert "no collection 'early'" in one_line(redis_crdt("inspect", url, "early"))
    us.or_set("early", str).add("x")
    eu.sync(us)
    assert eu.or_set("early", str).get_elements() == {"x"}
    assert eu.verify(us) == []


def test_100_000_tombstones_go_once_all_have_seen_them(new_url: NewUrl) -> None:
    eu, us, ap = (Replica.from_url(new_url("valkey"), replica_id=r) for r in ("eu", "us", "ap"))
    tasks = eu.or_set("tasks", int)
    ap.pull(eu)
    tasks.update(range(MANY))
    ap.pull(eu)
    tasks.clear()
    for _ in range(2):
        us.pull(eu)
    assert len(tasks.removed) == MANY
    assert eu.gc_tombstones(older_than=0) == 0  # ap is not to be reached, and has not seen them
    for _ in range(2):
        ap.pull(eu)
    assert eu.gc_tombstones() == 0  # they are younger than the grace period
    assert eu.gc_tombstones(older_than=0) == MANY
    # A full scan brings tombstones along that were collected here; they go with the next round.
    replicas = (eu, us, ap)
    for _ in range(3):
        for target, source in [*permutations(replicas, 2)] * 2:
            target.pull(source)
        for replica in replicas:
            replica.gc_tombstones(older_than=0)
    assert [len(r.or_set("tasks").removed) for r in replicas] == [0, 0, 0]
    assert [len(r.or_set("tasks")) for r in replicas] == [0, 0, 0]


def test_a_replica_from_an_old_backup_is_reconciled(new_url: NewUrl) -> None:
    """What it had removed since, or others had, does not return; what only it has is kept."""
    eu_url, us_url = new_url("valkey"), new_url("valkey")
    eu, us = Replica.from_url(eu_url, replica_id="eu"), Replica.from_url(us_url, replica_id="us")
    eu.or_set("tasks", str).update(["a", "b", "c"])
    us.pull(eu)
    us.or_set("tasks", str).add("of us, pulled by none")
    with us._client as client:
        backup = {key: client.dump(key) for key in client.scan_iter()}
        eu.or_set("tasks", str).remove("a")
        us.or_set("tasks", str).remove("c")
        for _ in range(2):
            us.pull(eu)
        assert eu.gc_tombstones(older_than=0) == 1
        client.flushdb()
        for key, value in backup.items():
            client.restore(key, 0, value)
    us.or_set("tasks", str).add("written after the restore")
    for _ in range(2):
        eu.sync(us)
    expected = {"b", "c", "of us, pulled by none", "written after the restore"}
    assert us.or_set("tasks", str).get_elements() == expected
    assert eu.verify(us) == []
