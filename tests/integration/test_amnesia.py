"""Servers that forget: what a peer has comes back, and what is written afterwards counts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from redis_crdt import Replica, memory
from redis_crdt.core.entries import MAX_HISTORY
from redis_crdt.core.names import Keys
from redis_crdt.operations import requests as ask
from redis_crdt.servers import Flavour as ServerFlavour
from redis_crdt.servers import Server
from tests.backends import NewClient, NewServer


@pytest.fixture
def server(new_server: NewServer, server_flavour: ServerFlavour) -> Server:
    """A server that saves when it is told to, each flavour in turn."""
    return new_server(server_flavour, {"dbfilename": "dump.rdb"})


@pytest.fixture
def eu(server: Server) -> Iterator[Replica]:
    """A replica on that server."""
    with Replica.from_url(server.url, replica_id="eu") as replica:
        yield replica


@pytest.fixture
def peer() -> memory.Replica:
    """A replica elsewhere, which forgets nothing."""
    return memory.Replica(replica_id="peer")


def crash(server: Server) -> None:
    """End the server without a chance to save, and start it on what it saved last."""
    server.kill()
    server.restart()


def test_what_a_peer_has_seen_comes_back(server: Server, eu: Replica, peer: memory.Replica) -> None:
    tasks, done = eu.or_set("tasks", str), eu.g_counter("done")
    tasks.update(["kept", "removed"])
    done.increment(10)
    with server.client() as client:
        client.save()
    tasks.remove("removed")
    tasks.add("forgotten")
    done.increment(5)
    peer.pull(eu)
    tasks.add("seen by nobody")
    crash(server)
    assert set(tasks) == {"kept", "removed"}
    assert done.value() == 10
    # What is written now must not hide behind the larger total that the peer remembers.
    done.increment(100)
    tasks.add("new")
    peer.sync(eu)
    assert set(tasks) == {"kept", "forgotten", "new"}
    assert set(tasks) == peer.or_set("tasks", str).get_elements()
    assert done.value() == peer.g_counter("done").value() == 115


def test_a_server_that_comes_back_empty(server: Server, eu: Replica, peer: memory.Replica) -> None:
    tasks, done = eu.or_set("tasks", str), eu.g_counter("done")
    tasks.update(["a", "b"])
    done.increment(3)
    peer.pull(eu)
    crash(server)
    assert len(tasks) == 0
    # The objects that the program holds go on as they are.
    tasks.add("c")
    done.increment(4)
    peer.sync(eu)
    assert set(tasks) == {"a", "b", "c"}
    assert done.value() == 7


def test_an_asynchronous_copy_that_takes_over(
    new_server: NewServer, server_flavour: ServerFlavour, peer: memory.Replica
) -> None:
    """A failover loses the last writes, and the copy is another process with the same state."""
    config = {"repl-diskless-sync-delay": 0}  # not to wait for further copies to feed at once
    first, second = (new_server(server_flavour, config, tcp=True) for _ in range(2))
    with first.client() as old, second.client() as new:
        eu = Replica(old, replica_id="eu")
        eu.g_counter("done").increment(10)
        new.replicaof("127.0.0.1", first.tcp_url.rpartition(":")[2])
        while new.info("replication")["master_link_status"] != "up" or not new.dbsize():
            pass
        new.replicaof("NO", "ONE")
        eu.g_counter("done").increment(5)
        peer.pull(eu)
        first.kill()
        after = Replica(new)
        assert after.replica_id == "eu"
        after.g_counter("done").increment(100)
        peer.sync(after)
        assert after.g_counter("done").value() == peer.g_counter("done").value() == 115


def test_scripts_that_are_forgotten(redis_client: redis.Redis) -> None:
    eu = Replica(redis_client, replica_id="eu")
    done = eu.g_counter("done")
    for _ in range(3):
        redis_client.script_flush()
        done.increment()
    assert done.value() == 3


def test_a_namespace_that_is_deleted(redis_client: redis.Redis) -> None:
    done = Replica(redis_client, replica_id="eu").g_counter("done")
    done.increment(5)
    redis_client.flushdb()
    assert done.value() == 0
    done.increment(2)
    assert done.value() == 2


@pytest.mark.parametrize("is_batch", [False, True])
def test_who_looks_and_has_nothing_to_write_notes_what_it_found(
    new_client: NewClient,
    server_flavour: ServerFlavour,
    monkeypatch: pytest.MonkeyPatch,
    is_batch: bool,
) -> None:
    """Nobody looks again over the same connection, if no time passes."""
    for name in ("PAUSE", "LOOK_EVERY"):
        monkeypatch.setattr(f"redis_crdt.transport.witness.{name}", 60.0)
    redis_client = new_client(server_flavour)
    eu = Replica(redis_client, replica_id="eu")
    tasks = eu.or_set("tasks", str)

    def write_nothing() -> None:
        if is_batch:
            with eu.batch() as batch:
                batch.on(tasks).remove("absent")
        else:
            tasks.discard("absent")

    tasks.add("saved")
    write_nothing()  # so that the server knows the script, and is not opened anew for that
    saved: dict[Any, Any] = {key: redis_client.dump(key) for key in redis_client.scan_iter()}
    tasks.add("lost")
    before = eu.execute(ask.knowledge(eu.keys(0), "test")._replace(witness=b"")).writer
    # Another server process, as far as the scripts can tell, with the state of then.
    eu.close()
    redis_client.flushdb()
    for key, value in saved.items():
        redis_client.restore(key, 0, value)
    meta: Any = Keys("default").base[0]
    redis_client.hset(meta, "run", "0ther")
    write_nothing()
    tasks.add("new")
    after = eu.execute(ask.knowledge(eu.keys(0), "test")._replace(witness=b"")).writer
    assert after != before
    assert tasks.dump().entries['"new"'].endswith(after.decode())


def test_past_incarnations_do_not_pile_up(
    new_client: NewClient, server_flavour: ServerFlavour
) -> None:
    """Of each replica the latest are known, and those before are forgotten many at a time."""
    redis_client = new_client(server_flavour)
    eu = Replica(redis_client, replica_id="eu")
    us = Replica(new_client(server_flavour), replica_id="us")
    ap = memory.Replica(replica_id="ap")
    done = eu.g_counter("done")
    times, known = 2 * MAX_HISTORY + 6, 0
    for i in range(times):
        # Another server process, as far as the scripts can tell.
        meta = {"run": f"{i}", "checked": 0}
        redis_client.hset(Keys("default").base[0], mapping=meta)  # type: ignore[arg-type]
        done.increment()
        for target, source in ((us, eu), (ap, us), (eu, ap)):
            # Where incarnations are forgotten, many at a time, all reconcile once.
            assert target.pull(source).full_scan is False or i + 1 >= 2 * MAX_HISTORY
            knowledge = target.execute(ask.knowledge(target.keys(0), "test"))
            known = max(known, sum(writer.startswith(b"eu#") for writer in knowledge.known))
    for replica in (us, ap):
        assert replica.g_counter("done").value() == times
        knowledge = replica.execute(ask.knowledge(replica.keys(0), "test"))
        assert sum(writer.startswith(b"eu#") for writer in knowledge.known) <= MAX_HISTORY + 6
    assert known <= 2 * MAX_HISTORY + 1
    assert us.pull(eu).entries == ap.pull(us).entries == 0
    assert us.pull(eu).entries == ap.pull(us).entries == 0  # and it ends where nothing is new


def test_a_copy_of_the_data_is_no_second_replica(
    server: Server, new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    """Restored from one backup, two servers still write under names of their own."""
    with server.client() as client:
        Replica(client, replica_id="eu").g_counter("done").increment(10)
        client.save()
        other = new_server(server_flavour)
        other.stop()
        shutil.copy(server.directory / "dump.rdb", other.directory)
        crash(server)
        other.restart()
        with other.client() as other_client:
            one = Replica(client, replica_id="eu").g_counter("done")
            two = Replica(other_client, replica_id="eu").g_counter("done")
            one.increment(1)
            two.increment(2)
            assert one.merge(two.dump()).value() == 13
