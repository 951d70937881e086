"""Hundreds of tasks of one event loop at once, beside redis.asyncio's client with as many."""

from __future__ import annotations

from asyncio import Event, Runner, gather, sleep
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import NamedTuple

from redis.asyncio import Redis as AsyncRedis

from redis_crdt.cli.bench.figures import Figure
from redis_crdt.cli.bench.ground import Ground
from redis_crdt.cli.bench.measure import Pairs, Timed, by_turns
from redis_crdt.replica.awaited import Replica as AsyncReplica

FEW, MANY = 100, 1000
CALLS = 2000
"""Of each round."""

BEST = (10, 100)
"""With so many tasks redis.asyncio is at its best."""

READS, WRITES, PATIENCE = 8.0, 6.0, 0.5
"""How many times as fast calls are to be, and how long the slowest may take."""

WRITES_OF_MANY = 4.0

Call = Callable[[int], Awaitable[object]]


class Work(NamedTuple):
    """What is done, and what a program would do without us."""

    work: str
    ours: Call
    command: str
    reference: Call
    target: float
    target_of_many: float


def of_tasks(runner: Runner, call: Call, tasks: int, latencies: list[float] | None = None) -> Timed:
    """Time calls that so many tasks share; how long each takes is noted, too, if asked for."""

    async def run(first: int, calls: int) -> float:
        numbers, start = iter(range(first, first + calls)), Event()

        async def task() -> None:
            await start.wait()
            for i in numbers:
                began = perf_counter()
                await call(i)
                if latencies is not None:
                    latencies.append(perf_counter() - began)

        waiting = gather(*(task() for _ in range(tasks)))
        await sleep(0)  # all wait: tasks that are made anew are no part of it
        began = perf_counter()
        start.set()
        await waiting
        return perf_counter() - began

    return lambda first, calls: runner.run(run(first, calls))


def slowest(runner: Runner, call: Call, tasks: int) -> Timed:
    """Tell, for the time of a round, within which time 99 of 100 of its calls were answered."""

    def timed(first: int, calls: int) -> float:
        latencies: list[float] = []
        of_tasks(runner, call, tasks, latencies)(first, calls)
        return sorted(latencies)[len(latencies) * 99 // 100]

    return timed


def many_tasks(ground: Ground, rounds: int) -> Iterator[Figure]:
    """Measure calls of many tasks against those of redis.asyncio's client."""
    with Runner() as runner, _both(runner, ground) as both:
        for one in both:
            mine = of_tasks(runner, one.ours, FEW)
            found = by_turns(mine, of_tasks(runner, one.reference, FEW), rounds, CALLS)
            yield _speed(one, FEW, f"{one.command}, by redis.asyncio", found, one.target)
            mine = of_tasks(runner, one.ours, MANY)
            best = _fastest([of_tasks(runner, one.reference, tasks) for tasks in BEST])
            found = by_turns(mine, best, rounds, CALLS)
            against = f"{one.command}, by redis.asyncio at its best"
            yield _speed(one, MANY, against, found, one.target_of_many)
            mine, theirs = (slowest(runner, call, FEW) for call in (one.ours, one.reference))
            found = by_turns(mine, theirs, rounds, CALLS)
            yield Figure(
                f"{one.work}, {FEW} tasks: p99",
                f"{one.command}, by redis.asyncio",
                found.ratio,
                PATIENCE,
                note=found.medians(),
            )


def _speed(one: Work, tasks: int, against: str, found: Pairs, target: float) -> Figure:
    work, note = f"{one.work}, {tasks} tasks: calls a second", found.medians(CALLS)
    return Figure(work, against, found.speed, target, at_least=True, note=note)


def _fastest(each: list[Timed]) -> Timed:
    return lambda first, calls: min(timed(first, calls) for timed in each)


@contextmanager
def _both(runner: Runner, ground: Ground) -> Iterator[list[Work]]:
    element = "element {:012}".format
    ground.replica("tasks").or_set("set", str).add(element(0))
    replica = AsyncReplica.from_url(ground.url, namespace=ground.of("tasks"))
    client, key = AsyncRedis.from_url(ground.url, max_connections=MANY), ground.raw("tasks")
    tasks = replica.or_set("set", str)
    reading, writing = "`await ORSet.contains`", "`await ORSet.add`"
    try:
        yield [
            Work(
                *(reading, lambda i: tasks.contains(element(i))),
                *("`SISMEMBER`", lambda i: client.sismember(key, element(i))),
                *(READS, READS),
            ),
            Work(
                *(writing, lambda i: tasks.add(element(i))),
                *("`SADD`", lambda i: client.sadd(key, element(i))),
                *(WRITES, WRITES_OF_MANY),
            ),
        ]
    finally:
        runner.run(replica.close())
        runner.run(client.aclose())
