"""All awaited calls of a replica share a connection: nobody pays for what becomes of others."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.connection import UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from redis_crdt.asyncio import Replica
from redis_crdt.errors import (
    CounterOverflow,
    CRDTError,
    InvalidValue,
    ServerReadOnly,
    ServerUnreachable,
    Unacknowledged,
)
from redis_crdt.servers import Flavour as ServerFlavour
from redis_crdt.transport.line import AT_ONCE
from tests.backends import NewServer
from tests.proxy import Proxy, ProxyProcess

PATIENT: Any = Retry(ConstantBackoff(0.01), 500)


def is_idle(eu: Replica) -> bool:
    line = eu._shared[None].line
    return not line.under_way and not line.waiting


def scripts_run(client: redis.Redis) -> int:
    stats = client.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("evalsha", "eval"))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.001)


# One connection -----------------------------------------------------------------------------


async def test_a_thousand_tasks_need_one_connection(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour)
    with server.client() as admin:
        async with Replica.from_url(server.url, replica_id="eu") as eu:
            tasks, status = eu.or_set("tasks", int), eu.lww_map("status", int)

            async def one(i: int) -> None:
                await tasks.add(i)
                assert await tasks.contains(i)
                assert not await tasks.contains(-1 - i)
                await status.set(f"k{i}", i)
                assert await status.get(f"k{i}") == i

            await asyncio.gather(*map(one, range(1000)))
            assert await tasks.size() == 1000
            # One was there to open the namespace, while another one was made for the calls.
            assert len(admin.client_list()) <= 1 + 2
            assert is_idle(eu)


@pytest.mark.parametrize("protocol", [2, 3])
async def test_protocols_and_decoding(server_url: str, protocol: int) -> None:
    client: Any = AsyncRedis.from_url(server_url, protocol=protocol, decode_responses=True)
    async with Replica(client, replica_id="eu") as eu:
        blobs, done, status = eu.or_set("blobs", bytes), eu.g_counter("done"), eu.lww_map("s", int)
        for _ in range(2):
            await asyncio.gather(blobs.add(b"\xff"), done.increment(2), status.set("a", 1))
        assert await asyncio.gather(
            *(blobs.contains(b"\xff"), blobs.contains(b"x"), done.by_replica(), status.to_dict())
        ) == [True, False, {"eu": 4}, {"a": 1}]
        assert await blobs.remove(b"\xff")
    await client.aclose()


async def test_cancelled_calls_shift_nobodys_reply(server_url: str) -> None:
    chance = random.Random(7)
    async with Replica.from_url(server_url, replica_id="eu") as eu:
        status = eu.lww_map("status", int)
        await status.update({f"k{i}": i for i in range(100)})
        wrong = []

        async def read(i: int) -> None:
            found = await status.get(f"k{i}")
            if found != i:
                wrong.append((i, found))

        for _ in range(50):
            tasks = [asyncio.create_task(read(i)) for i in range(100)]
            for _ in range(chance.randrange(6)):
                await asyncio.sleep(0)
            for task in chance.sample(tasks, 30):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert not wrong
        assert await status.get("k1") == 1
        await until(lambda: is_idle(eu))


async def test_a_large_reply_among_small_ones(server_url: str) -> None:
    async with Replica.from_url(server_url, replica_id="eu") as eu:
        large, status = eu.lww_map("large", str), eu.lww_map("status", int)
        for i in range(16):
            await large.set(f"k{i}", "x" * 1_000_000)
        await status.update({f"k{i}": i for i in range(100)})
        everything, *small = await asyncio.gather(
            large.to_dict(), *(status.get(f"k{i}") for i in range(100))
        )
        assert small == [*range(100)]
        assert [len(text) for text in everything.values()] == [1_000_000] * 16


# Writes together ----------------------------------------------------------------------------


async def test_writes_that_wait_together_are_few_scripts(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour)
    with server.client() as admin:
        async with Replica.from_url(server.url, replica_id="eu") as eu:
            tasks, done = eu.or_set("tasks", int), eu.g_counter("done")
            status, config = eu.lww_map("status", int), eu.lww_register("config", int)
            await asyncio.gather(tasks.add(0), done.increment(), status.set("a", 0), config.set(0))
            for first in (0, 100):  # by the text of the script, then by its name
                before = scripts_run(admin)
                calls: list[Awaitable[Any]] = []
                for i in range(first, first + 100):
                    calls += [tasks.add(i), done.increment(i), status.set(f"k{i}", i)]
                    calls += [config.set(i)]
                await asyncio.gather(*calls)
                assert scripts_run(admin) - before <= 5
            assert await tasks.get_elements() == {*range(200)}
            assert await done.value() == 1 + sum(range(200))
            assert await status.to_dict() == {"a": 0} | {f"k{i}": i for i in range(200)}
            assert await config.get() == 199  # who came last


async def test_of_those_who_remove_at_once_one_is_told_so(server_url: str) -> None:
    async with Replica.from_url(server_url, replica_id="eu") as eu:
        tasks, status = eu.or_set("tasks", str), eu.lww_map("status", str)
        await tasks.update("ab")
        await status.set("a", "busy")
        for _ in range(2):
            found = await asyncio.gather(
                *(tasks.remove("a") for _ in range(20)),
                *(status.delete("a") for _ in range(20)),
                *(tasks.remove("c") for _ in range(5)),
                tasks.add("d"),
                tasks.remove("b"),
            )
            assert sum(map(bool, found[:20])) == sum(map(bool, found[20:40])) == 1
            assert not any(found[40:45])
            assert (found[45], found[46]) == (None, True)
            await asyncio.gather(tasks.update("ab"), status.set("a", "busy"))
        assert await tasks.get_elements() == {"a", "b", "d"}


async def test_nobody_pays_for_anothers_fault(server_url: str) -> None:
    async with Replica.from_url(server_url, replica_id="eu") as eu:
        tasks, done, full = eu.or_set("tasks", str), eu.g_counter("done"), eu.g_counter("full")
        await full.increment(2**63 - 2)
        await asyncio.gather(tasks.add("first"), done.increment())
        for turn in range(3):
            found = await asyncio.gather(
                *(tasks.add(f"t{turn} {i}") for i in range(20)),
                *(done.increment() for _ in range(20)),
                full.increment(5),
                tasks.add("x" * 70_000),
                tasks.remove("nobody"),
                return_exceptions=True,
            )
            assert found[:40] == [None] * 40
            assert isinstance(found[40], CounterOverflow)
            assert isinstance(found[41], InvalidValue)
            assert found[42] is False
        assert await tasks.size() == 61
        assert await done.value() == 61
        assert await full.value() == 2**63 - 2


async def test_writes_to_a_server_that_was_emptied(server_url: str) -> None:
    """All find the namespace gone at once; it is made anew once, and each write is there."""
    async with (
        Replica.from_url(server_url, replica_id="eu") as eu,
        AsyncRedis.from_url(server_url) as admin,
    ):
        tasks, done = eu.or_set("tasks", int), eu.g_counter("done")
        await asyncio.gather(tasks.add(-1), done.increment())
        for empty in (admin.flushall, admin.script_flush):
            await empty()
            await asyncio.gather(
                *(tasks.add(i) for i in range(200)), *(done.increment() for _ in range(200))
            )
        assert await tasks.get_elements() == {*range(200)}
        assert await done.value() == 400
        assert len(await admin.client_list()) <= 1 + 3


# Connections that break ---------------------------------------------------------------------


async def test_a_break_leaves_writes_open_and_reads_are_sent_again(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour, tcp=True)
    with Proxy(server.port) as proxy:
        async with Replica.from_url(proxy.url, replica_id="eu", retry=PATIENT) as eu:
            tasks, done = eu.or_set("tasks", int), eu.g_counter("done")
            await asyncio.gather(tasks.add(1), done.increment())
            line = eu._shared[None].line
            server.pause()
            writes = [asyncio.create_task(done.increment()) for _ in range(20)]
            reads = [asyncio.create_task(tasks.contains(i)) for i in range(20)]
            await until(lambda: len(line.under_way) > 20 and not line.waiting)
            behind = [asyncio.create_task(tasks.contains(i)) for i in range(AT_ONCE)]
            late = asyncio.create_task(tasks.add(-1))
            await until(lambda: bool(line.waiting))
            await asyncio.to_thread(proxy.cut)
            found = await asyncio.gather(*writes, return_exceptions=True)
            assert {type(error) for error in found} == {Unacknowledged}
            server.resume()
            await asyncio.to_thread(proxy.heal)
            expected = [i == 1 for i in range(20)]
            assert await asyncio.gather(*reads) == expected
            assert (await asyncio.gather(*behind))[:2] == [False, True]
            await late  # it had not been sent
            assert 1 <= await done.value() <= 21
            assert await tasks.get_elements() == {1, -1}


async def test_without_a_server_nobody_waits_for_ever(new_server: NewServer) -> None:
    server = new_server("valkey")
    retry: Any = Retry(ConstantBackoff(0.001), 2)
    async with Replica.from_url(server.url, replica_id="eu", retry=retry) as eu:
        tasks = eu.or_set("tasks", int)
        await tasks.add(1)
        server.kill()
        await until(lambda: eu._shared[None]._link is None)
        found = await asyncio.gather(
            *(tasks.add(i) for i in range(10)),
            *(tasks.contains(i) for i in range(10)),
            return_exceptions=True,
        )
        assert {type(error) for error in found} == {ServerUnreachable}


async def test_a_server_that_is_silent_for_too_long(new_server: NewServer) -> None:
    server = new_server("valkey")
    async with Replica.from_url(
        server.url, replica_id="eu", socket_timeout=0.5, retry=PATIENT
    ) as eu:
        tasks = eu.or_set("tasks", int)
        await tasks.add(1)
        server.pause()
        read = asyncio.create_task(tasks.contains(1))
        with pytest.raises(Unacknowledged, match=r"0\.5 s"):
            async with asyncio.timeout(30):
                await tasks.add(2)
        server.resume()
        assert await read
        await tasks.add(3)


async def test_a_connection_that_was_idle_is_tried_before_a_write_is_risked(
    new_server: NewServer,
) -> None:
    server = new_server("valkey", tcp=True)
    with Proxy(server.port) as proxy:
        async with Replica.from_url(
            proxy.url,
            replica_id="eu",
            health_check_interval=0.2,
            socket_timeout=1.0,
            retry=PATIENT,
        ) as eu:
            done = eu.g_counter("done")
            await done.increment()
            await done.increment()
            await asyncio.sleep(0.25)
            await asyncio.to_thread(proxy.stall)  # nothing tells that the connection is dead
            counting = asyncio.gather(*(done.increment() for _ in range(10)))
            await until(lambda: eu._shared[None]._link is None)
            await asyncio.to_thread(proxy.heal)
            await counting
            assert await done.value() == 12


async def test_a_server_that_takes_no_writes_is_left(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    """Where another one has taken over, whoever connects anew is led to it."""
    server, primary = new_server(server_flavour), new_server(server_flavour, tcp=True)
    with server.client() as admin:
        async with Replica.from_url(server.url, replica_id="eu") as eu:
            tasks = eu.or_set("tasks", int)
            await tasks.add(1)
            link = eu._shared[None]._link
            admin.replicaof("127.0.0.1", primary.port)
            found = await asyncio.gather(*(tasks.add(i) for i in range(10)), return_exceptions=True)
            assert {type(error) for error in found} == {ServerReadOnly}
            await until(lambda: eu._shared[None]._link is not link)
            admin.replicaof("no", "one")
            await tasks.add(2)
            assert await tasks.contains(2)


async def test_closing_tells_who_has_a_call_under_way(new_server: NewServer) -> None:
    server = new_server("valkey")
    eu = await Replica.from_url(server.url, replica_id="eu").open()
    done = eu.g_counter("done")
    await done.increment()
    server.pause()
    write, read = asyncio.create_task(done.increment()), asyncio.create_task(done.value())
    await until(lambda: bool(eu._shared[None].line.under_way))
    await eu.close()
    server.resume()
    with pytest.raises(Unacknowledged, match="was closed"):
        await write
    assert await read in (1, 2)  # over a new connection
    await eu.close()


# Who shares what ----------------------------------------------------------------------------


class ConnectionOfItsOwn(UnixDomainSocketConnection):
    """Made in a way of the program's own."""

    made = 0

    async def _connect(self) -> None:
        ConnectionOfItsOwn.made += 1
        await super()._connect()  # type: ignore[no-untyped-call]


async def test_connections_of_a_programs_own_making_carry_a_call_each(
    new_server: NewServer,
) -> None:
    server = new_server("valkey")
    client: Any = AsyncRedis.from_url(server.url)
    client.connection_pool.connection_class = ConnectionOfItsOwn
    async with Replica(client, replica_id="eu") as eu:
        tasks = eu.or_set("tasks", int)
        await asyncio.gather(*(tasks.add(i) for i in range(10)))
        assert await tasks.size() == 10
        assert not eu._shared
    assert ConnectionOfItsOwn.made > 1
    await client.aclose()


@pytest.mark.filterwarnings("ignore")  # of the connection that redis-py has kept for others
async def test_a_replica_that_nobody_needs_is_gone_with_its_connection(
    new_server: NewServer,
) -> None:
    server = new_server("valkey")
    with server.client() as admin:
        eu = await Replica.from_url(server.url, replica_id="eu").open()
        await eu.g_counter("done").increment()
        await eu.g_counter("done").value()
        assert len(admin.client_list()) > 1
        del eu
        gc.collect()
        await until(lambda: len(admin.client_list()) == 1)


async def test_a_fork_in_the_midst_of_calls(server_url: str) -> None:
    async with Replica.from_url(server_url, replica_id="eu") as eu:
        done = eu.g_counter("done")
        await asyncio.gather(*(done.increment() for _ in range(5)))
        await asyncio.gather(*(eu.status() for _ in range(5)))  # over connections of their own

        async def elsewhere() -> None:
            await asyncio.gather(*(done.increment(1000) for _ in range(5)))
            assert await done.value() % 1000 > 0
            gc.collect()
            await eu.close()

        for count in (20, 0, 20, 0, 20):
            calls = [asyncio.create_task(done.increment()) for _ in range(count)]
            await asyncio.sleep(0)
            context = multiprocessing.get_context("fork")
            child = context.Process(target=lambda: asyncio.run(elsewhere()))
            child.start()
            await asyncio.gather(*calls)
            await asyncio.to_thread(child.join)
            assert child.exitcode == 0
            async with asyncio.timeout(4):  # less than it takes to find a connection dead
                await asyncio.gather(*(eu.status() for _ in range(5)))
        assert await done.value() == 25_000 + 65


# All at once --------------------------------------------------------------------------------

TASKS = 50_000


async def test_a_storm(new_server: NewServer) -> None:
    """50,000 tasks, a tenth of them cancelled, with the connection cut again and again."""
    chance = random.Random(20)
    server = new_server("valkey", tcp=True)
    with ProxyProcess(server.port) as proxy:
        async with Replica.from_url(proxy.url, replica_id="eu", retry=PATIENT) as eu:
            done, seen = eu.g_counter("done"), eu.or_set("seen", int)
            numbers = eu.lww_map("numbers", int)
            await numbers.update({f"k{i}": i for i in range(1000)})
            acknowledged, unknown, lost, read = 0, 0, 0, 0
            added: set[int] = set()

            async def one(i: int) -> None:
                nonlocal acknowledged, unknown, lost, read
                try:
                    if i % 3 == 0:
                        unknown += 1
                        await done.increment()
                        unknown -= 1
                        acknowledged += 1
                    elif i % 3 == 1:
                        await seen.add(i)
                        added.add(i)
                    else:
                        assert await numbers.get(f"k{i % 1000}") == i % 1000
                        read += 1
                except Unacknowledged:
                    lost += 1

            is_over = asyncio.Event()
            cuts = 0

            async def cutting() -> None:
                nonlocal cuts
                while not is_over.is_set():
                    await asyncio.sleep(0.02)
                    await asyncio.to_thread(proxy.become, "cut")
                    await asyncio.to_thread(proxy.become, "open")
                    cuts += 1

            async def cancelling(tasks: list[asyncio.Task[None]]) -> None:
                for task in chance.sample(tasks, len(tasks) // 10):
                    task.cancel()
                    if chance.random() < 0.05:
                        await asyncio.sleep(0)

            cutter = asyncio.create_task(cutting())
            outcomes: list[CRDTError | BaseException | None] = []
            for first in range(0, TASKS, 5000):
                tasks = [asyncio.create_task(one(i)) for i in range(first, first + 5000)]
                await asyncio.sleep(0)
                await cancelling(tasks)
                outcomes += await asyncio.gather(*tasks, return_exceptions=True)
            is_over.set()
            await cutter
            left = [o for o in outcomes if o and not isinstance(o, asyncio.CancelledError)]
            assert not left
            assert cuts > 10
            assert lost > 100
            assert acknowledged <= await done.value() <= acknowledged + unknown
            assert added <= await seen.get_elements() <= {*range(1, TASKS, 3)}
            assert acknowledged > TASKS / 6
            assert read > TASKS / 4
            await until(lambda: is_idle(eu))
