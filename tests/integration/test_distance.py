"""Regions that are far apart: distance costs its delay once, and bad networks lose nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from time import monotonic

import pytest

from redis_crdt import Replica
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.operations import requests as ask
from redis_crdt.servers import Server
from tests.proxy import Distance, Proxy

NewServer = Callable[..., Server]

NETWORKS = {
    "jitter": Distance(delay=0.01, jitter=0.01, seed="jitter"),
    "narrow": Distance(delay=0.005, bandwidth=1_250_000),
    "connections that do not last": Distance(delay=0.003, lasts=150_000, seed="lasts"),
}


def far(server: Server, distance: Distance, opened: ExitStack) -> str:
    """Return the URL by which a server is far away."""
    path = Path(server.directory) / "redis.sock"
    return opened.enter_context(Proxy(str(path), distance)).url


@pytest.mark.parametrize("distance", NETWORKS.values(), ids=NETWORKS)
async def test_regions_converge_on_bad_networks(new_server: NewServer, distance: Distance) -> None:
    """In the midst of first fills and deltas, while both write; nothing is lost."""
    with ExitStack() as opened:
        here, there = new_server("valkey"), new_server("valkey")
        async with AsyncExitStack() as stack:
            eu = await stack.enter_async_context(
                AsyncReplica.from_url(here.url, replica_id="eu", feed_limit=2000)
            )
            us = await stack.enter_async_context(AsyncReplica.from_url(there.url, replica_id="us"))
            await eu.or_set("tasks", str).update(f"eu-{i:05d}-of-20-bytes" for i in range(5000))
            for replica, peer in ((eu, there), (us, here)):
                syncing = replica.keep_in_sync([far(peer, distance, opened)], interval=2.0)
                await stack.enter_async_context(syncing)
            for i in range(100):
                for replica in (eu, us):
                    name = replica.replica_id
                    await replica.or_set("tasks", str).update(
                        f"{name}-new-{20 * i + j}" for j in range(20)
                    )
                    await replica.or_set("tasks", str).discard(f"{name}-new-{20 * i}")
                    await replica.g_counter("done").increment()
                await asyncio.sleep(0.01)  # so that this goes on for a while
            async with asyncio.timeout(60):
                for replica in (eu, us):
                    while await replica.g_counter("done").value() < 200:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                while await eu.verify(us):
                    pass
            tasks = await us.or_set("tasks", str).get_elements()
            expected = {f"eu-{i:05d}-of-20-bytes" for i in range(5000)} | {
                f"{name}-new-{i}" for name in ("eu", "us") for i in range(2000) if i % 20
            }
            assert tasks == expected


def round_trips(
    new_server: NewServer, distance: Distance, feed_limit: int, entries: int
) -> tuple[float, float]:
    """Return how many seconds a pull takes nearby, and from afar."""
    seconds = []
    with ExitStack() as opened:
        source = new_server("valkey")
        eu = Replica.from_url(source.url, replica_id="eu", feed_limit=feed_limit)
        opened.enter_context(eu)
        eu.or_set("tasks", int).update(range(entries))
        for way in (Distance(), distance):
            target = opened.enter_context(
                Replica.from_url(new_server("valkey").url, replica_id="us")
            )
            peer = opened.enter_context(Replica.from_url(far(source, way, opened)))
            # It is open, and the scripts are there.
            peer.execute(ask.knowledge(peer.keys(0), "test"))
            target.or_set("tasks", int).add(-1)
            began = monotonic()
            assert target.pull(peer).entries >= entries
            seconds.append(monotonic() - began)
            assert len(target.or_set("tasks", int)) == entries + 1
    return seconds[0], seconds[1]


@pytest.mark.parametrize("feed_limit", [1000, 100_000], ids=["scan", "delta"])
def test_distance_costs_its_delay_once(new_server: NewServer, feed_limit: int) -> None:
    """Twenty batches take far fewer round trips than twenty."""
    distance = Distance(delay=0.1)
    near, away = round_trips(new_server, distance, feed_limit, 20 * ask.BATCH)
    assert (away - near) / distance.round_trip < 10
