"""Many watchers of one replica object: one connection, each woken by its own changes only."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from redis_crdt import Replica
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.core.names import Keys
from redis_crdt.errors import FeedTrimmed, ServerUnreachable
from redis_crdt.servers import Flavour as ServerFlavour
from redis_crdt.servers import Server
from redis_crdt.transport import tails
from tests.backends import NewServer
from tests.integration.test_forgetting import put_back

WATCHERS = 1000


def connections(server: Server) -> int:
    with server.client() as client:
        return int(client.info("clients")["connected_clients"]) - 1


def calls(server: Server, command: str) -> int:
    with server.client() as client:
        stats = client.info("commandstats").get(f"cmdstat_{command}", {})
        return int(stats.get("calls", 0))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for is not ours to tell of
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("max_connections", [4, 64])
async def test_a_thousand_watchers_take_one_connection(
    new_server: NewServer, max_connections: int
) -> None:
    server = new_server("valkey")
    woken = [0] * WATCHERS
    async with AsyncReplica.from_url(
        server.url, replica_id="eu", max_connections=max_connections
    ) as eu:

        async def watch(number: int) -> None:
            async for change in eu.or_set(f"set{number}", int).watch():
                assert change.key == 10 * number + woken[number]
                woken[number] += 1

        tasks = [asyncio.create_task(watch(number)) for number in range(WATCHERS)]
        (tail,) = await seated(eu, WATCHERS)
        before = connections(server)
        for turn in range(3):
            # Other calls are not kept waiting: the watchers use none of their connections.
            for number in range(0, WATCHERS, 100):
                await eu.or_set(f"set{number}", int).add(10 * number + turn)
            await until(lambda turn=turn: woken[900] == turn + 1)  # type: ignore[misc]
        await until(lambda: sum(woken) == 30)
        assert [number for number, count in enumerate(woken) if count] == [*range(0, 1000, 100)]
        # Beside those there are the one that calls share, and the blocked one.
        assert connections(server) == before <= max_connections + 2
        # As many reads as there were writes, and one a second, not one for each watcher.
        read = calls(server, "xread")
        await eu.or_set("set7", int).add(70)
        await until(lambda: woken[7] == 1)
        assert calls(server, "xread") - read < 10
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not tail._by_name
        assert not eu.tails


async def seated(replica: Any, count: int) -> list[tails.Tail]:
    """Wait until so many sit at the tails of a replica, and somebody leads."""

    def are_there() -> bool:
        found = replica.tails.values()
        return sum(len(tail._seats) for tail in found) == count and not any(
            tail._lead or any(seat.behind for seat in tail._seats) for tail in found
        )

    await until(are_there)
    return [*replica.tails.values()]


async def test_whoever_leaves_another_leads(server_url: str) -> None:
    async with AsyncReplica.from_url(server_url, replica_id="eu") as eu:
        numbers = eu.or_set("numbers", int)
        seen: list[list[int]] = [[] for _ in range(8)]

        async def watch(number: int) -> None:
            async for change in numbers.watch():
                seen[number].append(change.key)

        tasks = [asyncio.create_task(watch(number)) for number in range(8)]
        await seated(eu, 8)
        for number in range(7):
            leader = tasks[next(i for i in range(8) if not tasks[i].done())]
            leader.cancel()
            await asyncio.gather(leader, return_exceptions=True)
            await numbers.add(number)
            await until(lambda number=number: seen[7] == [*range(number + 1)])  # type: ignore[misc]
        tasks[7].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [len(one) for one in seen] == [*range(8)]


def test_threads_watch_side_by_side(server_url: str) -> None:
    with Replica.from_url(server_url, replica_id="eu", max_connections=2) as eu:
        numbers = eu.or_set("numbers", int)
        numbers.add(-1)
        ready = threading.Barrier(17)

        def watch(start: int) -> list[int]:
            seen: list[int] = []
            watching = numbers.watch("0-0")
            for change in watching:
                seen.append(change.key)
                if len(seen) == 1:
                    ready.wait()
                if change.key == 1000 + start:
                    break
            watching.close()  # type: ignore[attr-defined]
            return seen

        with ThreadPoolExecutor(16) as threads:
            watching = [threads.submit(watch, start) for start in range(16)]
            ready.wait()
            for number in range(1016):
                numbers.add(number)
            for start, seen in enumerate(watching):
                assert seen.result() == [*range(-1, 1001 + start)]
        assert not eu.tails


async def test_one_that_does_not_come_for_its_news_reads_them_itself(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "MAX_NEWS", 5)
    async with AsyncReplica.from_url(server_url, replica_id="eu") as eu:
        numbers = eu.or_set("numbers", int)
        await numbers.add(0)
        slow: Any
        quick: Any
        slow, quick = numbers.watch("0-0"), numbers.watch()
        assert (await anext(slow)).key == 0
        await numbers.add(1)
        assert (await anext(slow)).key == 1
        reading = asyncio.create_task(anext(quick))
        await seated(eu, 2)
        for number in range(2, 20):
            await numbers.add(number)
            assert (await reading).key == number
            reading = asyncio.create_task(anext(quick))
        assert [(await anext(slow)).key for _ in range(2, 20)] == [*range(2, 20)]
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await slow.aclose()
        await quick.aclose()


async def test_what_ends_the_one_who_leads_ends_all(new_server: NewServer) -> None:
    server = new_server("valkey")
    async with AsyncReplica.from_url(server.url, replica_id="eu") as eu:
        numbers = eu.or_set("numbers", int)
        watches: list[Any] = [numbers.watch() for _ in range(5)]
        watching = [asyncio.create_task(anext(watch)) for watch in watches]
        await seated(eu, 5)
        server.kill()
        for one in watching:
            with pytest.raises(ServerUnreachable):
                await one


async def test_all_look_for_themselves_where_the_feed_has_lost_something(
    server_url: str,
) -> None:
    async with AsyncReplica.from_url(server_url, replica_id="eu") as eu:
        numbers = eu.or_set("numbers", int)
        await numbers.add(0)
        watches: list[Any] = [numbers.watch() for _ in range(5)]
        watching = [asyncio.create_task(anext(watch)) for watch in watches]
        await seated(eu, 5)
        await eu.reset()
        await numbers.add(1)
        for one in watching:
            with pytest.raises(FeedTrimmed, match="begun anew"):
                await one


async def test_what_was_lost_is_told_once_however_many_have_seen_it(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    """Else each watcher would have the replica begin another incarnation."""
    server = new_server(server_flavour)
    async with (
        AsyncReplica.from_url(server.url, replica_id="eu") as eu,
        AsyncReplica.from_url(server.url) as elsewhere,
    ):
        numbers = eu.or_set("numbers", int)
        await numbers.add(0)
        watches: list[Any] = [numbers.watch("0-0") for _ in range(5)]
        watches += [elsewhere.or_set("numbers", int).watch("0-0") for _ in range(5)]
        for watch in watches:
            assert (await anext(watch)).key == 0
        with server.client() as client, put_back(client):
            await numbers.add(1)
            for watch in watches:
                assert (await anext(watch)).key == 1
        watching = [asyncio.create_task(anext(watch)) for watch in watches]
        await until(lambda: len(past(server)) == 1)
        await numbers.add(2)
        assert {(await one).key for one in watching} == {2}
        assert len(past(server)) == 1
        for watch in watches:
            await watch.aclose()


def past(server: Server) -> list[bytes]:
    with server.client() as client:
        history: Any = client.hget(Keys("default").base[0], "history")
        return list(history.split())
