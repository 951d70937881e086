"""Work queues where servers forget, and where syncers hand tasks over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from redis_crdt import Replica, memory
from redis_crdt.errors import Fenced, InvalidDump
from redis_crdt.servers import Server
from tests.backends import NewClient, NewServer
from tests.integration.refusals import refused
from tests.integration.test_amnesia import crash
from tests.integration.test_syncer import until


@pytest.fixture
def server(new_server: NewServer) -> Server:
    return new_server("valkey", {"dbfilename": "dump.rdb"})


@pytest.fixture
def eu(server: Server) -> Iterator[Replica]:
    with Replica.from_url(server.url, replica_id="eu") as replica:
        yield replica


@pytest.fixture
def us() -> memory.Replica:
    """A region that forgets nothing."""
    return memory.Replica(replica_id="us")


def save(server: Server) -> None:
    with server.client() as client:
        client.save()


def test_what_was_handed_over_and_forgotten_is_not_claimed(
    server: Server, eu: Replica, us: memory.Replica
) -> None:
    mine, theirs = eu.work_queue("q", str), us.work_queue("q", str)
    mine.put("one")
    eu.sync(us)
    save(server)
    assert theirs.claim("w") is None
    eu.sync(us)
    assert mine.share() == 1
    us.pull(eu)
    crash(server)
    assert mine.claim("w") is None  # it may have been handed over, and was
    assert mine.elsewhere() == 1
    held = theirs.claim("w")
    assert held is not None
    eu.pull(us)
    assert mine.claim("w") is None
    held.done()
    eu.pull(us)
    assert mine.elsewhere() == 0


def test_tasks_are_taken_up_once_all_others_were_read_and_leases_are_over(
    server: Server, eu: Replica, us: memory.Replica
) -> None:
    queue = eu.work_queue("q", str)
    for value in ("one", "two", "three"):
        queue.put(value)
    ended, left = queue.claim("a", lease=0.3), queue.claim("b", lease=0.3)
    assert ended is not None
    assert left is not None
    eu.sync(us)
    save(server)
    forgotten = queue.claim("c", lease=0.3)
    assert forgotten is not None
    crash(server)
    assert queue.claim("d") is None  # nobody has read anything
    ended.done()  # nothing that is known here speaks against it
    eu.sync(us)
    found = [queue.claim("d", timeout=30) for _ in range(2)]
    assert {claim.value for claim in found if claim} == {"two", "three"}
    assert all(claim.fence > forgotten.fence for claim in found if claim)
    for late in (left, forgotten):
        with pytest.raises(Fenced):
            late.done()
    assert queue.claim("d") is None


@pytest.mark.parametrize("by_id", [False, True])
def test_who_is_alone_waits_for_leases_only(server: Server, eu: Replica, by_id: bool) -> None:
    queue = eu.work_queue("q", str)
    id_ = queue.put("one")
    queue.put("two", priority=-1)
    first = queue.claim("a", lease=0.2)
    assert first is not None
    first.release()
    save(server)
    forgotten = queue.claim("a", lease=0.2)
    assert forgotten is not None
    crash(server)
    again = queue.claim("a", timeout=30, task_id=id_ if by_id else None)
    assert again is not None
    assert again.value == "one"
    assert again.fence > forgotten.fence
    again.done()


def test_an_operator_may_take_up_at_once_what_was_before(
    server: Server, eu: Replica, us: memory.Replica
) -> None:
    queue = eu.work_queue("q", str)
    queue.put("one")
    eu.sync(us)
    save(server)
    crash(server)
    assert queue.claim("a") is None
    assert queue.takeover("eu") == 1
    assert queue.claim("a") is not None


def test_syncers_hand_tasks_to_regions_that_have_none(new_client: NewClient) -> None:
    eu = Replica(new_client("valkey"), replica_id="eu")
    us = Replica(new_client("redis"), replica_id="us")
    with eu, us, eu.keep_in_sync([us]), us.keep_in_sync([eu]):
        mine, theirs = eu.work_queue("q", int), us.work_queue("q", int)
        for value in range(4):
            mine.put(value)
        claim = theirs.claim("w", timeout=30)
        assert claim is not None
        assert mine.pending() == 2
        claim.done()


def test_who_sends_what_is_no_id_is_refused(eu: Replica, server: Server) -> None:
    queue = eu.work_queue("q", str)
    queue.put("one")
    with server.client() as client:
        for bad in (b"one", b"?us", b"^eu#1", b"1795696203929-a0@eu"):
            with refused(client, InvalidDump, "no id of a task"):
                eu.execute(queue._script("work_queue/put", 0, 0, bad, b'"x"'))


def play(replica: Replica) -> None:
    """Claims and ends of all sorts, of which most are plain."""
    queue = replica.work_queue("q", str, max_attempts=2)
    for value, priority in [("a", 0), ("b", 2), ("c", 0), ("d", -3), ("e", 0)]:
        queue.put(value, priority)
    claims = [queue.claim(f"w{i}", lease=900 - 100 * (i % 2)) for i in range(3)]
    for claim in claims[:2]:
        assert claim is not None
        claim.done()
        with pytest.raises(Fenced):
            claim.done()
    assert claims[2] is not None
    claims[2].release()
    for _ in range(3):
        claim = queue.claim("late", lease=800)
        assert claim is not None
        claim.release()
    longer = queue.claim("longer", lease=5000)
    assert longer is not None
    with replica.batch() as batch:
        batch.on(queue).put("f")
        batch.on(queue).done(longer)
    left = queue.claim("last", lease=5000)
    assert left is not None
    left.extend(6000)


def written(replica: Replica, client: redis.Redis) -> tuple[Any, ...]:
    """What there is, but for times and names that tell the time."""
    writer = client.hget("crdt:{default:0}:meta", "writer")
    assert isinstance(writer, bytes)
    order: Any = client.zrange("crdt:{default:0}:work_queue-order:q", 0, -1, withscores=True)
    fields = {field: b"id %d" % i for i, field in enumerate(sorted(field for field, _ in order))}
    times = re.compile(rb"\d{13}(?:-\d+)?")
    dump = replica.work_queue("q", str).dump().entries
    entries = sorted(
        times.sub(b"T", entry.encode().replace(writer, b"W")) for entry in dump.values()
    )
    places = [
        (fields[field], place if place < 0 else int(place // 10**13)) for field, place in order
    ]
    feed: Any = client.xrange("crdt:{default:0}:feed")
    return entries, places, [len(refs) for _, refs in feed]


def test_plain_claims_and_ends_write_what_the_rest_would_have_written(
    new_client: NewClient,
) -> None:
    found = []
    for limit in (9_999, 1_000_000):  # to a small feed no write is plain
        client = new_client("valkey")
        with Replica(client, replica_id="eu", feed_limit=limit) as eu:
            play(eu)
            found.append(written(eu, client))
    assert found[0] == found[1]


def micros(client: redis.Redis) -> int:
    """The server's time."""
    seconds, rest = client.time()
    return seconds * 1_000_000 + rest


@pytest.mark.parametrize("why", ["left", "delayed", "delayed for long"])
def test_what_is_due_is_claimed_before_what_waits_if_it_is_better(
    new_client: NewClient, why: str
) -> None:
    """Also where the claim could be a plain one."""
    client = new_client("valkey")
    with Replica(client, replica_id="eu") as eu:
        queue = eu.work_queue("q", str)
        queue.put("first")
        assert queue.claim("long", lease=900) is not None
        queue.put("waits")
        if why == "left":
            queue.put("better", priority=1)
            assert queue.claim("lost", lease=0.001) is not None
        else:
            queue.put("better", priority=1, delay=0.001)
        if why == "delayed for long":
            queue.put("best", priority=2, delay=900)
        due = micros(client) + 2_000
        until(lambda: micros(client) > due)
        claims = [queue.claim("w", lease=5) for _ in range(2)]
        assert [claim and claim.value for claim in claims] == ["better", "waits"]


def test_with_syncers_a_restart_is_over_by_itself(
    server: Server, eu: Replica, new_client: NewClient
) -> None:
    """Though no region has anything new to tell."""
    us = Replica(new_client("redis"), replica_id="us")
    queue = eu.work_queue("q", str)
    with us, eu.keep_in_sync([us]), us.keep_in_sync([eu]):
        queue.put("one")
        until(lambda: us.work_queue("q", str).elsewhere() == 1)
        save(server)
        crash(server)
        claim = queue.claim("w", timeout=60)
        assert claim is not None
        claim.done()
