"""The rights that operators are told to give to each role are enough, and no more than needed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redis_crdt import Replica, servers
from redis_crdt.cli.preflight import tried
from redis_crdt.errors import AccessDenied
from redis_crdt.sync.settings import load_settings
from tests.backends import NewServer
from tests.integration.refusals import write_all
from tests.integration.test_syncer import until

README = Path(__file__).parents[2] / "redis_crdt/deploy/README.md"
RULES = re.findall(r"^user (\w+ on .+)$", README.read_text(), re.M)


def test_a_client_and_a_peer_have_what_they_need(
    server_flavour: servers.Flavour, new_server: NewServer
) -> None:
    servers_ = [new_server(server_flavour, tcp=True) for _ in range(2)]
    for server in servers_:
        with server.client() as admin:
            for rule in RULES:
                admin.execute_command("ACL", "SETUSER", *rule.split())

    def url(server: servers.Server, user: str) -> str:
        return server.tcp_url.replace("redis://", f"redis://{user}:{user.upper()}-SECRET@")

    eu = Replica.from_url(url(servers_[0], "client"), replica_id="eu", namespace="agents")
    us = Replica.from_url(url(servers_[1], "client"), replica_id="us", namespace="agents")
    write_all(eu)
    visitors = eu.cardinality("visitors", str)
    visitors.add(*"abc")
    assert visitors.count() == 3
    said = eu.log("said", str, max_len=2, max_age=60)
    said.extend("xyz")
    assert [entry.value for entry in said.range(newest_first=True)] == [*said][::-1] == ["z", "y"]
    sessions = eu.or_set("sessions", str)
    sessions.update("abc", ttl=1000)
    sessions.persist("a")
    assert sessions.remove("b")
    assert len(sessions) == 2
    jobs = eu.work_queue("chores", str)
    jobs.put("one")
    jobs.put("two", delay=60)
    job = jobs.claim("w")
    assert job is not None
    job.extend(60)
    job.release()
    assert jobs.claim("w") is not None
    assert jobs.claim("w") is None
    assert jobs.takeover("us") == jobs.share() == 0
    assert (jobs.pending(), jobs.claimed(), jobs.elsewhere(), jobs.dead()) == (1, 1, 0, [])
    scores, pool, money = eu.counter_map("scores"), eu.pn_counter("pool"), eu.budget("money")
    scores.increment("a", 2)  # which is there
    pool.reset()
    assert (scores.value("a"), pool.value()) == (4, 0)
    money.grant(10)
    money.spend(4, hold=60).settle(3)
    money.refund(1)
    assert money.available() == 8
    with us.keep_in_sync([url(servers_[0], "peer")]):
        until(lambda: not us.verify(eu))
    assert list(eu.watch("0-0", timeout=0.01))
    us.pull(eu)
    assert us.gc_tombstones(older_than=0) >= 0
    assert eu.gc_tombstones(older_than=0) >= 0
    assert us.forget("eu")
    assert eu.drop("owner")
    us.pull(eu)
    assert not us.verify(eu)
    us.reset()

    peer = Replica.from_url(url(servers_[0], "peer"), namespace="agents")
    assert len(eu.verify(us)) == len(us.verify(peer)) > 0
    own = {"url": url(servers_[1], "client"), "namespace": "agents", "replica_id": "us"}
    trials = tried(load_settings(None, {**own, "peers": [url(servers_[0], "peer")]}))
    assert [trial.good for trial in trials] == [True, True], trials
    with servers_[1].client() as admin:
        admin.execute_command("ACL", "SETUSER", "client", "-set")
    trials = tried(load_settings(None, {**own, "peers": [url(servers_[0], "client")]}))
    assert [trial.good for trial in trials] == [False, True], trials
    assert trials[0].told.startswith("AccessDenied")
    with pytest.raises(AccessDenied):
        peer.or_set("tasks", str).add("a peer's syncer only reads")
    with pytest.raises(AccessDenied):
        Replica.from_url(url(servers_[0], "client"), replica_id="eu", namespace="others")
