"""A replica's connections are its own, whoever made its client; and nobody waits there for ever."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.connection import AbstractConnection as Connection

from redis_crdt import Replica
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.errors import WrongEventLoop
from redis_crdt.transport.connections.awaited import Connections as AwaitedConnections
from redis_crdt.transport.connections.blocking import Connections
from tests.backends import Flavour, NewClient, NewServer


def fill(eu: Replica) -> None:
    eu.g_counter("done").increment(2)
    eu.or_set("tasks", str).add("t1")
    eu.lww_map("status", str)["a"] = "busy"


def nonsense(*_: Any, **__: Any) -> str:
    return "what the program makes of it"


@pytest.mark.parametrize("protocol", [2, 3])
def test_what_the_program_makes_of_replies_is_not_for_us(
    flavour: Flavour, new_client: NewClient, protocol: int
) -> None:
    client = new_client(flavour, protocol=protocol)
    for command in [*client.response_callbacks, "HEXISTS", "HLEN", "HGET", "HMGET", "XREAD"]:
        client.set_response_callback(command, nonsense)
    eu = Replica(client, replica_id="eu")
    fill(eu)
    assert eu.g_counter("done").by_replica() == {"eu": 2}
    assert set(eu.or_set("tasks", str)) == {"t1"}
    assert eu.lww_map("status", str).to_dict() == {"a": "busy"}
    assert "a" in eu.lww_map("status", str)
    assert len([*eu.watch("0-0", timeout=0.01)]) == 3
    assert client.hgetall("anything") == nonsense()  # type: ignore[comparison-overlap]


async def test_neither_where_replies_are_awaited(server_url: str) -> None:
    client: Any = AsyncRedis.from_url(server_url)
    for command in [*client.response_callbacks, "HEXISTS", "HLEN"]:
        client.set_response_callback(command, nonsense)
    async with AsyncReplica(client, replica_id="eu") as eu:
        await eu.g_counter("done").increment(2)
        assert await eu.g_counter("done").by_replica() == {"eu": 2}
        await eu.lww_map("status", str).set("a", "busy")
        assert await eu.lww_map("status", str).to_dict() == {"a": "busy"}
    await client.aclose()


def test_a_client_of_the_programs_own_lends_no_connection(server_url: str) -> None:
    with redis.Redis.from_url(server_url) as client:
        with Replica(client, replica_id="eu") as eu:
            fill(eu)
            assert not client.connection_pool.get_connection_count()[0][0]
            assert len(eu._servers[None]._idle) == 1
        assert client.ping()  # it is left open


async def test_one_who_is_cancelled_while_he_waits_keeps_nobody_waiting(server_url: str) -> None:
    async with AsyncReplica.from_url(server_url, replica_id="eu", max_connections=2) as eu:
        numbers = eu.or_set("numbers", int)
        for _ in range(100):
            tasks = [asyncio.create_task(numbers.add(i)) for i in range(5)]
            while not tasks[0].done():  # noqa: ASYNC110 - one step of the loop at a time
                await asyncio.sleep(0)
            tasks[2].cancel()  # as it is given the connection, or has just been
            async with asyncio.timeout(30):
                await asyncio.gather(*tasks, return_exceptions=True)
        assert {0, 1, 3, 4} <= await numbers.get_elements() <= {*range(5)}
        assert not eu._shared[None].line.under_way


async def test_a_cancellation_that_redis_py_swallows_is_heeded(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``asyncio.wait_for`` may do where it comes just as a command was sent."""
    send = Connection.send_packed_command
    watching: list[asyncio.Task[Any]] = []
    swallowed: list[asyncio.Task[Any]] = []

    async def sent_as_cancelled(self: Connection, *args: Any, **options: Any) -> None:
        await send(self, *args, **options)
        task = asyncio.current_task()
        if task and task in watching and not task.cancelling():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
            swallowed.append(task)

    async def watch() -> None:
        async for _ in numbers.watch():
            pass

    monkeypatch.setattr(Connection, "send_packed_command", sent_as_cancelled)
    async with AsyncReplica.from_url(server_url, replica_id="eu") as eu:
        numbers = eu.or_set("numbers", int)
        await numbers.add(1)
        watching += [asyncio.create_task(watch()), asyncio.create_task(numbers.dump())]
        async with asyncio.timeout(30):
            await asyncio.wait(watching)
        assert swallowed
        assert all(task.cancelled() for task in swallowed)


async def test_who_cleans_up_after_a_cancellation_may_ask(server_url: str) -> None:
    async with AsyncReplica.from_url(server_url, replica_id="eu") as eu:
        numbers = eu.or_set("numbers", int)
        await numbers.add(1)
        found = []

        async def clean_up() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                found.append(await numbers.dump())

        task = asyncio.create_task(clean_up())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert found


async def test_time_limits_of_some_are_nothing_to_others(server_url: str) -> None:
    async with AsyncReplica.from_url(server_url, replica_id="eu", max_connections=8) as eu:
        done = eu.g_counter("done")

        async def one(number: int) -> bool:
            try:
                async with asyncio.timeout(0.002 if number % 2 else None):
                    await done.increment()
            except TimeoutError:
                return False
            return True

        counted = 0
        for _ in range(20):
            async with asyncio.timeout(30):
                counted += sum(await asyncio.gather(*map(one, range(100))))
        assert counted >= 1000
        assert counted <= await done.value() <= 2000


def test_threads_wait_for_each_others_connections(new_server: NewServer) -> None:
    server = new_server("valkey")
    with Replica.from_url(server.url, replica_id="eu", max_connections=3) as eu:
        done = eu.g_counter("done")
        with ThreadPoolExecutor(16) as threads:
            for _ in threads.map(lambda _: done.increment(), range(2000)):
                pass
        assert done.value() == 2000
        with server.client() as client:
            assert client.info("clients")["connected_clients"] <= 3 + 1


def test_what_an_interrupted_caller_lost_is_not_waited_for(server_url: str) -> None:
    with redis.Redis.from_url(server_url, max_connections=1) as client:
        connections = Connections(client.connection_pool)
        lost = connections.borrow()
        del lost
        gc.collect()
        connections.give_back(connections.borrow())


def test_a_fork_among_busy_threads(server_url: str) -> None:
    with Replica.from_url(server_url, replica_id="eu", max_connections=2) as eu:
        done, numbers = eu.g_counter("done"), eu.or_set("numbers", int)
        done.increment()
        is_over = threading.Event()

        def work() -> None:
            while not is_over.is_set():
                done.increment()

        def watch() -> None:
            for _ in numbers.watch():
                return

        def child() -> None:
            done.increment(1_000_000)
            assert [change.key for change in numbers.watch("0-0", timeout=0.01)] == []
            os._exit(0)

        watching = threading.Thread(target=watch)
        watching.start()
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                process = multiprocessing.get_context("fork").Process(target=child)
                process.start()
                process.join(30)
                assert process.exitcode == 0
        finally:
            is_over.set()
            for thread in threads:
                thread.join()
            numbers.add(1)
            watching.join()
        assert done.value() // 1_000_000 == 20


LOOPS = """
import asyncio, sys
from redis.asyncio import Redis
from redis_crdt.asyncio import Replica
url, shards, own = sys.argv[1:]
if own == "True":
    eu = Replica.from_url(url, replica_id="eu", shards=int(shards))
else:
    eu = Replica(Redis.from_url(url), replica_id="eu", shards=int(shards))

async def work():
    done = eu.g_counter("done")
    await asyncio.gather(*(done.increment() for _ in range(10)))
    assert [change async for change in eu.watch(timeout=0.01)] == []
    print(await done.value())

for _ in range(3):
    asyncio.run(work())
asyncio.run(eu.close())
"""


def one_loop_after_another(url: str, shards: int, own: bool) -> None:
    """Use a replica in several loops; in a process of its own, for that closes nothing."""
    command = [sys.executable, "-c", LOOPS, url, str(shards), str(own)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.split(), done.stderr) == (["10", "20", "30"], "")


@pytest.mark.parametrize("own", [True, False], ids=["from_url", "a client of the program's own"])
def test_one_loop_after_another(server_url: str, own: bool) -> None:
    one_loop_after_another(server_url, 1, own)


async def test_two_loops_at_once(server_url: str) -> None:
    async with AsyncReplica.from_url(server_url, replica_id="eu") as eu:
        await eu.g_counter("done").increment()

        def elsewhere() -> None:
            with pytest.raises(WrongEventLoop, match="make one for each loop"):
                asyncio.run(eu.g_counter("done").value())

        await asyncio.to_thread(elsewhere)
        assert await eu.g_counter("done").value() == 1


async def test_a_connection_that_is_lent_while_all_are_closed(server_url: str) -> None:
    client = AsyncRedis.from_url(server_url, max_connections=1)
    connections = AwaitedConnections(client.connection_pool)
    lent = await connections.borrow()
    await connections.close()
    connections.give_back(lent)
    assert not lent.is_connected
    again = await connections.borrow()
    assert again is not lent
    connections.discard(again)
    await client.aclose()
