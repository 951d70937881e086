"""What calls cost: one at a time against raw redis-py, and many together against a pipeline."""

from __future__ import annotations

from asyncio import Runner
from collections.abc import Callable, Iterator
from functools import partial

from redis.asyncio import Redis as AsyncRedis

from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.cli.bench.figures import Figure
from redis_crdt.cli.bench.ground import Ground
from redis_crdt.cli.bench.measure import Timed, awaited, blocking, by_turns
from redis_crdt.replica.blocking import Replica

WRITE, READ = 1.2, 1.15
"""How many times as long as the raw command a write and a read may take."""

CALLS = 100
BATCH = 500


def single_calls(ground: Ground, rounds: int) -> Iterator[Figure]:
    """Measure each operation against the command that a program would use without us."""
    client, raw, replica = ground.client, ground.raw, ground.replica("calls")
    shared = ground.opened.enter_context(Replica(client, namespace=replica.namespace))
    of_client = shared.or_set("set", str)
    tasks, status = replica.or_set("set", str), replica.lww_map("map", str)
    done, config = replica.g_counter("counter"), replica.lww_register("register", str)
    element = "element {:012}".format
    pairs: list[tuple[str, float, Timed, str, Timed]] = [
        (
            "`ORSet.add`",
            WRITE,
            blocking(lambda i: tasks.add(element(i))),
            "`SADD`",
            blocking(lambda i: client.sadd(raw("set"), element(i))),
        ),
        (
            "`ORSet.add`, of a replica by the program's own client",
            WRITE,
            blocking(lambda i: of_client.add(element(-i - 1))),
            "`SADD`",
            blocking(lambda i: client.sadd(raw("set"), element(-i - 1))),
        ),
        (
            "`GCounter.increment`",
            WRITE,
            blocking(lambda _: done.increment()),
            "`HINCRBY`",
            blocking(lambda _: client.hincrby(raw("counter"), "eu")),
        ),
        (
            "`LWWRegister.set`",
            WRITE,
            blocking(lambda i: config.set(element(i))),
            "`SET`",
            blocking(lambda i: client.set(raw("register"), element(i))),
        ),
        (
            "`LWWMap.set`",
            WRITE,
            blocking(lambda i: status.set(element(i), "busy")),
            "`HSET`",
            blocking(lambda i: client.hset(raw("map"), element(i), "busy")),
        ),
        (
            "`in` an `ORSet`",
            READ,
            blocking(lambda i: element(i) in tasks),
            "`SISMEMBER`",
            blocking(lambda i: client.sismember(raw("set"), element(i))),
        ),
        (
            "`len` of an `ORSet`",
            READ,
            blocking(lambda _: len(tasks)),
            "`SCARD`",
            blocking(lambda _: client.scard(raw("set"))),
        ),
        (
            "`GCounter.value`",
            READ,
            blocking(lambda _: done.value()),
            "`HGETALL`",
            blocking(lambda _: client.hgetall(raw("counter"))),
        ),
        (
            "`LWWRegister.get`",
            READ,
            blocking(lambda _: config.get()),
            "`GET`",
            blocking(lambda _: client.get(raw("register"))),
        ),
        (
            "`LWWMap.get`",
            READ,
            blocking(lambda i: status.get(element(i))),
            "`HGET`",
            blocking(lambda i: client.hget(raw("map"), element(i))),
        ),
    ]
    for work, target, ours, against, reference in pairs:
        found = by_turns(ours, reference, rounds, CALLS)
        yield Figure(work, against, found.ratio, target, note=found.medians(CALLS))
    yield from _awaited_calls(ground, rounds)


def _awaited_calls(ground: Ground, rounds: int) -> Iterator[Figure]:
    element = "element {:012}".format
    with Runner() as runner:
        replica = AsyncReplica.from_url(ground.url, namespace=ground.of("calls"))
        client, raw = AsyncRedis.from_url(ground.url), ground.raw
        tasks = replica.or_set("set", str)
        pairs: list[tuple[str, float, Timed, str, Timed]] = [
            (
                "`await ORSet.add`",
                WRITE,
                awaited(runner, lambda i: tasks.add(element(i))),
                "`SADD`",
                awaited(runner, lambda i: client.sadd(raw("set"), element(i))),
            ),
            (
                "`await ORSet.contains`",
                READ,
                awaited(runner, lambda i: tasks.contains(element(i))),
                "`SISMEMBER`",
                awaited(runner, lambda i: client.sismember(raw("set"), element(i))),
            ),
        ]
        try:
            for work, target, ours, against, reference in pairs:
                found = by_turns(ours, reference, rounds, CALLS)
                yield Figure(work, against, found.ratio, target, note=found.medians(CALLS))
        finally:
            runner.run(replica.close())
            runner.run(client.aclose())


def batches(ground: Ground, rounds: int) -> Iterator[Figure]:
    """Measure many writes at once against a pipeline of as many raw ones."""
    client, raw, replica = ground.client, ground.raw, ground.replica("batches")
    tasks, status = replica.or_set("set", str), replica.lww_map("map", str)
    batched = replica.or_set("batched", str)

    def elements(i: int) -> list[str]:
        return [f"element {n:012}" for n in range(i * BATCH, (i + 1) * BATCH)]

    def sadd(name: str, i: int) -> None:
        pipeline = client.pipeline(transaction=False)
        for element in elements(i):
            pipeline.sadd(raw(name), element)
        pipeline.execute()

    def hset(i: int) -> None:
        pipeline = client.pipeline(transaction=False)
        for element in elements(i):
            pipeline.hset(raw("map"), element, "busy")
        pipeline.execute()

    def batch(i: int) -> None:
        with replica.batch() as writes:
            for element in elements(i):
                writes.on(batched).add(element)

    pairs: list[tuple[str, Callable[[int], object], str, Callable[[int], object]]] = [
        ("`ORSet.update`", lambda i: tasks.update(elements(i)), "`SADD`", partial(sadd, "set")),
        (
            "`LWWMap.update`",
            lambda i: status.update(dict.fromkeys(elements(i), "busy")),
            "`HSET`",
            hset,
        ),
        ("a batch of `add`", batch, "`SADD`", partial(sadd, "batched")),
    ]
    for work, ours, command, reference in pairs:
        found = by_turns(blocking(ours), blocking(reference), rounds)
        yield Figure(
            f"{work}, {BATCH} at once",
            f"a pipeline of {command}, by throughput",
            found.speed,
            0.5,
            at_least=True,
            note=found.medians(),
        )
