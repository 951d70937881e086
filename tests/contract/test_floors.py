"""One clock stands for past incarnations, so what is known does not grow with restarts."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from redis_crdt import Replica, memory
from redis_crdt.core.clock import new_writer, replica_of, wall_clock
from redis_crdt.core.floors import is_floor
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import drive
from tests.backends import NewClient

PREFIX = "crdt:{default:0}:"
META, FEED = PREFIX + "meta", PREFIX + "feed"
HOUR = 3_600_000


@pytest.fixture
def clients(flavour: Any, new_client: NewClient) -> list[redis.Redis]:
    if flavour == "fakeredis":
        pytest.skip("fakeredis is no server that begins new incarnations")
    return [new_client(flavour) for _ in range(3)]


def begin_incarnation(client: redis.Redis, hours_ago: float) -> str:
    """Have the server go on under a name that tells that it began so long ago."""
    found: Any = client.hgetall(META)
    meta = {key.decode(): value.decode() for key, value in found.items()}
    last: Any = client.xrevrange(FEED, count=1)
    cut = last[0][0].decode() if last else "0-0"
    name = new_writer(meta["replica"], wall_clock() - round(hours_ago * HOUR))
    alias = f"z{round(10 * hours_ago)}"
    history = f"{meta['history']}{meta['writer']}@{cut} "
    news: dict[Any, Any] = {
        "writer": name,
        "history": history,
        "alias": alias,
        f"#{alias}": name,
        name: alias,
    }
    client.hset(META, mapping=news)
    return name


def known_of(replica: Any) -> dict[str, str]:
    """What a replica knows."""

    def asking() -> Any:
        return (yield replica, ask.knowledge(replica.keys(0), "test"))

    return {w.decode(): c.decode() for w, c in drive(asking()).known.items()}


def of(replica_id: str, known: dict[str, str]) -> list[str]:
    return sorted(writer for writer in known if replica_of(writer) == replica_id)


def test_known_is_one_clock_for_all_past_incarnations(clients: list[redis.Redis]) -> None:
    a, b, away = (
        Replica(client, replica_id=name) for client, name in zip(clients, "abc", strict=True)
    )
    inside = memory.Replica(replica_id="m")
    sets = [replica.or_set("s", str) for replica in (a, b, away, inside)]
    past = []
    for hours_ago in (5.0, 4.0, 3.0, 2.0):
        past.append(begin_incarnation(clients[0], hours_ago))
        sets[0].add(f"from {hours_ago}")
        away.pull(a)
    for reader in (b, inside):
        reader.pull(a)
    sets[1].discard("from 5.0")
    a.pull(b)
    a.pull(inside)
    a.gc_tombstones(older_than=0)
    assert not any(map(is_floor, known_of(a)))  # it may have forgotten what this peer has
    with pytest.warns(RuntimeWarning, match="'c'"):
        a.forget("c")
    a.gc_tombstones(older_than=0)
    assert [w for w in of("a", known_of(a)) if is_floor(w)] == [past[2].replace("#", "#0")]
    assert not set(past[:3]) & known_of(a).keys()
    sets[0].add("later")
    b.pull(a)
    inside.pull(b)
    for reader in (b, inside):
        assert of("a", known_of(reader)) == of("a", known_of(a))
        reader.gc_tombstones(older_than=0)
    # Whoever was away holds what was removed; nobody takes it, and it learns that it is gone.
    for reader in (a, b, inside):
        reader.pull(away)
    away.pull(inside)
    for elements in sets:
        assert set(elements) == {"from 4.0", "from 3.0", "from 2.0", "later"}
    assert of("a", known_of(away)) == of("a", known_of(a))


def test_no_floor_is_laid_before_all_were_heard_of(clients: list[redis.Redis]) -> None:
    a, b = (Replica(client, replica_id=name) for client, name in zip(clients, "ab", strict=False))
    behind = 6 * HOUR
    inside = memory.Replica(replica_id="m", clock=lambda: wall_clock() - behind)
    inside.or_set("s").add("x")
    b.or_set("s").add("x")
    a.pull(inside)
    a.pull(b)
    for hours_ago in (5.0, 4.0):
        begin_incarnation(clients[0], hours_ago)
        a.or_set("s").add(hours_ago)
    a.gc_tombstones(older_than=0)
    assert not any(map(is_floor, known_of(a)))
    behind = 0
    inside.or_set("s").add("y")
    a.pull(inside)
    a.gc_tombstones(older_than=0)
    assert any(map(is_floor, known_of(a)))
