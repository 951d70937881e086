"""Big collections: read as they are asked for, and cleared without keeping others waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

import pytest
import redis

from redis_crdt import Replica, servers
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.types.base.collection.operations import CLEARED
from tests.backends import require_binary
from tests.integration.test_syncer import until
from tests.slots import Slots

MANY = 20_000


@pytest.fixture
def url(server_flavour: servers.Flavour, new_url: Callable[[servers.Flavour], str]) -> str:
    return new_url(server_flavour)


@pytest.fixture
def eu(url: str) -> Iterator[Replica]:
    with Replica.from_url(url, replica_id="eu", shards=2) as replica:
        yield replica


def calls(client: Any, command: str) -> int:
    """How often a server was given a command."""
    found = client.info("commandstats").get(f"cmdstat_{command}", {})
    return int(found.get("calls", 0))


@pytest.mark.parametrize("partitions", [1, 4])
async def test_reading_goes_page_by_page(url: str, eu: Replica, partitions: int) -> None:
    big = eu.or_set("big", int, partitions=partitions)
    table = eu.lww_map("table", int, partitions=partitions)
    big.update(range(MANY))
    table.update({str(i): i for i in range(MANY)})
    with redis.Redis.from_url(url) as client:
        for whole in (big, table, table.items(), table.values()):
            before = calls(client, "hscan")
            iterator = iter(whole)
            for _ in range(500):
                next(iterator)
            assert calls(client, "hscan") <= before + 2
        async with AsyncReplica.from_url(url, shards=2) as awaited:
            theirs = awaited.or_set("big", int, partitions=partitions)
            before = calls(client, "hscan")
            async for _ in theirs:
                break
            assert calls(client, "hscan") == before + 1
            assert sorted([i async for i in theirs]) == list(range(MANY))
        before = calls(client, "hscan")
        assert isinstance(eu.or_set("big", int, partitions=partitions).pop(), int)
        assert calls(client, "hscan") == before
    assert sorted(table.items()) == sorted((str(i), i) for i in range(MANY))


def test_nothing_comes_twice_nor_is_missed_while_the_set_shrinks_and_grows(eu: Replica) -> None:
    """The hash is rebuilt in the meantime, and servers then tell of some entries again."""
    big = eu.or_set("big", int)
    for attempt in range(8):
        big.update(range(4000))
        seen = []
        for i, element in enumerate(big):
            seen.append(element)
            if i == 1500 + 50 * attempt:
                big.remove_all(range(400, 4000))
        assert set(range(400)) <= set(seen)
        assert len(seen) == len(set(seen))
        seen = []
        for i, element in enumerate(big):
            seen.append(element)
            if i == 100:
                big.update(range(1000 * attempt, 1000 * attempt + 4000))
        assert set(range(400)) <= set(seen)
        assert len(seen) == len(set(seen))


def test_others_are_served_while_a_set_is_cleared(url: str, eu: Replica) -> None:
    """It goes in some two hundred batches, and others come in between."""
    big, table = eu.or_set("big", int), eu.lww_map("table", int)
    big.update(range(MANY))
    table.update({str(i): i for i in range(MANY)})
    for clear in (big.clear, table.clear):
        clearing = Thread(target=clear)
        with redis.Redis.from_url(url) as client:
            served = 0
            clearing.start()
            while clearing.is_alive():
                client.ping()
                served += 1
        clearing.join()
        assert served > MANY // CLEARED / 4
    assert len(big) == len(table) == 0
    assert len(big.removed) == MANY


def test_reading_and_clearing_begin_anew_where_the_slot_has_moved() -> None:
    """A cursor of one server means nothing to another, which would leave elements out."""
    with (
        servers.Cluster(require_binary("valkey")) as cluster,
        Replica.from_url(cluster.url, replica_id="eu") as eu,
        Slots(cluster) as slots,
    ):
        big = eu.or_set("big", int)
        big.update(range(MANY))
        slot = slots.of(0)
        for at in (600, MANY // 2, MANY - 600):
            iterator = iter(big)
            seen = {next(iterator) for _ in range(at)}
            slots.move(slot, (slots.node_of(slot) + 1) % 3)
            seen.update(iterator)
            assert seen == set(range(MANY))
        with ThreadPoolExecutor(1) as thread:
            clearing = thread.submit(big.clear)
            until(lambda: len(big) < MANY)
            slots.move(slot, (slots.node_of(slot) + 1) % 3)
            assert not clearing.done()
        assert len(big) == 0
