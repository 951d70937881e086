"""Servers that forget in ways that no process id shows; and what cannot be told apart is said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from redis_crdt import Replica, memory
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.core.clock import wall_clock
from redis_crdt.core.names import Keys
from redis_crdt.errors import AccessDenied, FeedTrimmed, ServerReadOnly
from redis_crdt.servers import Flavour as ServerFlavour
from redis_crdt.servers import Server
from redis_crdt.sync import Syncer
from tests.backends import Flavour, NewClient, NewServer

NewUrl = Callable[[ServerFlavour], str]


@contextmanager
def put_back(client: redis.Redis) -> Iterator[None]:
    """A backup is put into the running server once the block has ended."""
    backup: dict[bytes, Any] = {key: client.dump(key) for key in client.scan_iter()}
    yield
    client.flushdb()
    for key, value in backup.items():
        client.restore(key, 0, value)


def state(replica: Any) -> tuple[set[Any], int]:
    return replica.or_set("s").get_elements(), replica.g_counter("n").value()


def in_step(one: Any, *others: Any) -> None:
    for _ in range(3):
        for other in others:
            one.sync(other)


@pytest.mark.parametrize("writes_first", [True, False])
def test_a_backup_that_is_put_into_the_running_server(
    new_url: NewUrl, server_flavour: ServerFlavour, writes_first: bool
) -> None:
    eu = Replica.from_url(new_url(server_flavour), replica_id="eu")
    us = Replica.from_url(new_url(server_flavour), replica_id="us")
    eu.or_set("s").add("before")
    eu.g_counter("n").increment(5)
    eu.sync(us)
    with put_back(eu._client):
        eu.or_set("s").add("after")
        eu.g_counter("n").increment(10)
        us.pull(eu)
    if not writes_first:
        eu.pull(us)
    eu.or_set("s").add("later")
    eu.g_counter("n").increment(3)
    in_step(eu, us)
    assert state(eu) == state(us) == ({"before", "after", "later"}, 18)
    assert eu.verify(us) == []


def test_it_is_found_by_a_peer_where_no_program_could_know(
    new_url: NewUrl, server_flavour: ServerFlavour
) -> None:
    """All programs are new, and write before anybody looks. What cannot be told apart is said."""
    url = new_url(server_flavour)
    us = memory.Replica(replica_id="us")
    with Replica.from_url(url, replica_id="eu") as eu:
        eu.or_set("s").add("before")
        eu.g_counter("n").increment(5)
        us.pull(eu)
        with put_back(eu._client):
            eu.or_set("s").add("after")
            us.pull(eu)
    with Replica.from_url(url) as eu:
        assert eu.status().shards[0].doubtful is None
        eu.or_set("s").add("later")
        in_step(us, eu)
        assert state(eu) == state(us) == ({"before", "after", "later"}, 5)
        doubtful = eu.status().shards[0].doubtful
        assert doubtful is not None
        assert doubtful.startswith("eu#")
        assert not doubtful.startswith(eu.status().shards[0].incarnation)


def test_an_older_backup_beside_a_peer_that_was_filled_meanwhile(
    new_url: NewUrl, server_flavour: ServerFlavour
) -> None:
    """That peer has never heard of what was removed before it was filled."""
    eu, us, ap = (
        Replica.from_url(new_url(server_flavour), replica_id=r) for r in ("eu", "us", "ap")
    )
    eu.or_set("s").update(["x", "y"])
    in_step(eu, us)
    with put_back(us._client):
        eu.or_set("s").remove("x")
        in_step(eu, us)
        for replica in (eu, us):
            assert replica.gc_tombstones(older_than=0) == 1
        ap.pull(eu)
    us.or_set("s").add("new")
    in_step(ap, us)
    in_step(eu, ap, us)
    for replica in (eu, us, ap):
        assert replica.or_set("s").get_elements() == {"y", "new"}
    assert eu.verify(us) == eu.verify(ap) == []


def copy_of(copy: Any, server: Server) -> None:
    """Make a server a copy of another, and await that it is one."""
    copy.replicaof("127.0.0.1", server.tcp_url.rpartition(":")[2])
    while copy.info("replication")["master_link_status"] != "up":
        pass


@pytest.fixture
def two(new_server: NewServer, server_flavour: ServerFlavour) -> tuple[Server, Server]:
    """Two servers that may be copies of each other."""
    config = {"repl-diskless-sync-delay": 0}
    first, second = (new_server(server_flavour, config, tcp=True) for _ in range(2))
    return first, second


def test_fail_over_and_fail_back_of_an_idle_namespace(two: tuple[Server, Server]) -> None:
    """The old primary takes its old process id up again, on data that it has lost meanwhile."""
    first, second = two
    x = memory.Replica(replica_id="x")
    with first.client() as p, second.client() as r:
        a = Replica(p, replica_id="a")
        a.or_set("s").add("early")
        a.g_counter("n").increment(10)
        x.pull(a)
        copy_of(r, first)
        while r.dbsize() != p.dbsize():
            pass
        assert p.wait(1, 10_000) == 1
        r.replicaof("NO", "ONE")
        a.or_set("s").add("late")
        a.g_counter("n").increment(10)
        x.pull(a)
        copy_of(p, second)
        p.replicaof("NO", "ONE")
        assert state(a) == ({"early"}, 10)
        a.or_set("s").add("new")
        a.g_counter("n").increment(7)
        in_step(x, a)
        assert state(a) == state(x) == ({"early", "late", "new"}, 27)


def test_a_copy_that_takes_over_at_once(two: tuple[Server, Server]) -> None:
    """Within the moment in which nobody looks, by a client that has tried to write there before."""
    first, second = two
    with first.client() as p, second.client() as r:
        for attempt in range(5):
            for client in (r, p):
                client.replicaof("NO", "ONE")
                client.flushall()
            x = memory.Replica(replica_id="x")
            a = Replica(p, replica_id="a")
            done = a.g_counter("n")
            done.increment(10)
            x.pull(a)
            copy_of(r, first)
            b = Replica(r)
            with pytest.raises(ServerReadOnly):
                b.g_counter("n").increment()
            done.increment(1)
            assert p.wait(1, 10_000) == 1
            r.replicaof("NO", "ONE")
            done.increment(5)
            x.pull(a)
            b.g_counter("n").increment(3)
            in_step(x, b)
            assert x.g_counter("n").value() == b.g_counter("n").value() == 19, attempt


@pytest.mark.parametrize("how", ["renamed", "forbidden"])
def test_a_server_whose_info_is_not_to_be_had(
    new_server: NewServer, server_flavour: ServerFlavour, how: str
) -> None:
    config = {"rename-command": 'INFO ""'} if how == "renamed" else {}
    server = new_server(server_flavour, config)
    url = server.url
    if how == "forbidden":
        with server.client() as client:
            rights = ("on", ">pw", "~*", "&*", "+@all", "-info")
            client.execute_command("ACL", "SETUSER", "app", *rights)
        url = url.replace("unix://", "unix://app:pw@")
    with pytest.raises(AccessDenied, match=r"\+info"):
        Replica.from_url(url, replica_id="eu")

    async def awaited() -> None:
        async with AsyncReplica.from_url(url, replica_id="eu"):
            pass

    with pytest.raises(AccessDenied, match=r"\+info"):
        asyncio.run(awaited())


def test_info_that_is_taken_away_later(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    """A write that would have to look is refused as a whole; nothing is lost in silence."""
    server = new_server(server_flavour)
    with server.client() as client:
        rights = ("on", ">pw", "~*", "&*", "+@all")
        client.execute_command("ACL", "SETUSER", "app", *rights)
        url = server.url.replace("unix://", "unix://app:pw@")
        with Replica.from_url(url, replica_id="eu") as eu:
            eu.g_counter("n").increment()
            client.execute_command("ACL", "SETUSER", "app", "-info")
            with (
                pytest.raises(AccessDenied, match=r"\+info"),
                Replica.from_url(url) as again,
            ):
                again.g_counter("n").increment()
        assert Replica(client).g_counter("n").value() == 1


def test_a_watch_over_a_crash_after_which_the_clock_stands_behind(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour, {"dbfilename": "dump.rdb"})
    fast = memory.Replica(replica_id="fast", clock=lambda: wall_clock() + 20_000)
    fast.or_set("s").add("of a clock that is ahead")
    with Replica.from_url(server.url, replica_id="eu") as eu, server.client() as client:
        eu.or_set("s").add("before")
        client.save()
        eu.pull(fast)
        cursor = [change.cursor for change in eu.watch("0-0", timeout=0.05)][-1]
        server.kill()
        server.restart()
        eu.or_set("s").add("after the crash")
        eu.g_counter("n").increment()
        # It goes on from where the last writes were lost: the same life, another incarnation.
        changes = [change.key for change in eu.watch(cursor, timeout=0.1)]
        assert changes == ["after the crash", "eu"]
        newer = [change.cursor for change in eu.watch(cursor, timeout=0.1)][-1]
        assert list(eu.watch(newer, timeout=0.05)) == []


def test_a_watch_over_a_crash_that_left_nothing(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour)
    with Replica.from_url(server.url, replica_id="eu") as eu:
        eu.or_set("s").add("before")
        (change,) = eu.watch("0-0", timeout=0.05)
        server.kill()
        server.restart()
        eu.or_set("s").add("after")
        with pytest.raises(FeedTrimmed, match="begun anew"):
            list(eu.watch(change.cursor, timeout=0.05))


@pytest.mark.parametrize("how", ["restart", "FLUSHALL", "reset"])
async def test_a_target_that_is_emptied_under_a_running_syncer(
    new_server: NewServer, how: str
) -> None:
    """What a peer writes next is not applied to it as if it had all that came before."""
    here, there = new_server("valkey"), new_server("valkey")
    with Replica.from_url(here.url, replica_id="b") as b:
        a = Replica.from_url(there.url, replica_id="a")
        a.or_set("s").update(["x", *range(20)])
        b.sync(a)
        a.or_set("s").remove("x")
        in_step(b, a)
        assert a.gc_tombstones(older_than=0) == 1
        async with AsyncReplica.from_url(here.url) as target, AsyncReplica.from_url(there.url) as p:
            syncer = Syncer(target, [p], interval=30)
            running = asyncio.create_task(syncer.run())
            await syncer.in_step()
            if how == "restart":
                here.kill()
                here.restart()
            elif how == "FLUSHALL":
                with here.client() as client:
                    client.flushall()
            else:
                await asyncio.to_thread(b.reset)
            a.or_set("s").add("one more write of a peer")

            def size() -> int:
                with here.client() as client:
                    return int(client.hlen(Keys("default").live("or_set", b"s")))

            async with asyncio.timeout(20):
                while await asyncio.to_thread(size) < 21:  # noqa: ASYNC110 - it comes by itself
                    await asyncio.sleep(0.02)
            assert syncer.links[0].last_error in (None, "") or how == "restart"
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        b.or_set("s").add("of b")
        in_step(b, a)
        assert a.or_set("s").get_elements() == b.or_set("s").get_elements()
        assert a.or_set("s").get_elements() == {*range(20), "one more write of a peer", "of b"}
        a.close()


def test_a_dot_of_its_own_that_it_never_gave_out_tells_a_server_that_it_forgot(
    new_client: NewClient, flavour: Flavour
) -> None:
    """By a dump, too, which has no cursor."""
    client = new_client(flavour)
    eu = Replica(client, replica_id="eu")
    us = Replica(new_client(flavour), replica_id="us")
    eu.or_set("s").add("before")
    with put_back(client):
        eu.or_set("s").add("after")
        lost = eu.or_set("s").dump()
    eu = Replica(client)
    writer = eu.status().shards[0].incarnation
    eu.or_set("s").merge(lost)
    assert eu.status().shards[0].incarnation != writer
    eu.or_set("s").add("later")
    in_step(eu, us)
    assert us.or_set("s").get_elements() == eu.or_set("s").get_elements()
    assert us.or_set("s").get_elements() == {"before", "after", "later"}
