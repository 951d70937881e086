"""Callers that share a replica: tasks on a Cluster, and threads."""

from __future__ import annotations

from asyncio import Runner
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

from redis.asyncio.cluster import RedisCluster

from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.cli.bench.figures import Figure
from redis_crdt.cli.bench.many_tasks import CALLS, FEW, many_tasks, of_tasks
from redis_crdt.cli.bench.measure import Timed, by_turns
from redis_crdt.servers import Cluster
from redis_crdt.transport.witness import arguments
from tests.benchmarks.run import Run

SHARDS = 12
THREADS = 16
ON_A_CLUSTER, OF_THREADS = 4.0, 1.0

element = "element {:012}".format


def tasks(run: Run) -> Iterator[Figure]:
    """Measure tasks that share a replica of one server."""
    with run.ground(tcp=True) as ground:
        yield from many_tasks(ground, run.rounds // 4)


def tasks_on_a_cluster(run: Run) -> Iterator[Figure]:
    """Measure tasks that share a replica on three nodes."""
    with Cluster(run.binary) as cluster, Runner() as runner:
        replica = AsyncReplica.from_url(cluster.url, replica_id="eu", shards=SHARDS)
        client: Any = RedisCluster.from_url(cluster.url.replace("+cluster", ""))
        runner.run(client.initialize())
        sets = [replica.or_set(f"set {number}", str) for number in range(SHARDS)]
        rows: list[tuple[str, Callable[[int], Any], str, Callable[[int], Any]]] = [
            (
                "`await ORSet.contains`",
                lambda i: sets[i % SHARDS].contains(element(i)),
                "`SISMEMBER`",
                lambda i: client.sismember(f"set {i % SHARDS}", element(i)),
            ),
            (
                "`await ORSet.add`",
                lambda i: sets[i % SHARDS].add(element(i)),
                "`SADD`",
                lambda i: client.sadd(f"set {i % SHARDS}", element(i)),
            ),
        ]
        try:
            for work, ours, command, reference in rows:
                mine, theirs = (of_tasks(runner, call, FEW) for call in (ours, reference))
                found = by_turns(mine, theirs, run.rounds // 4, CALLS)
                yield Figure(
                    f"{work} on 3 nodes of a Cluster, {FEW} tasks: calls a second",
                    f"{command}, by redis.asyncio.cluster",
                    found.speed,
                    ON_A_CLUSTER,
                    at_least=True,
                    note=found.medians(CALLS),
                )
        finally:
            runner.run(replica.close())
            runner.run(client.aclose())


def threads(run: Run) -> Iterator[Figure]:
    """Measure threads that share a blocking replica."""
    with run.ground() as ground, ThreadPoolExecutor(THREADS) as pool:
        client: Any = ground.client
        replica, key = ground.replica("threads"), ground.raw("threads")
        members = replica.or_set("set", str)
        members.add(element(0))
        rows: list[tuple[str, Callable[[int], Any], str, Callable[[int], Any]]] = [
            (
                "`in` an `ORSet`",
                lambda i: element(i) in members,
                "`SISMEMBER`",
                lambda i: client.sismember(key, element(i)),
            ),
            (
                "`ORSet.add`",
                lambda i: members.add(element(i)),
                "the same `EVALSHA`",
                lambda i: client.execute_command(*arguments(members._add(element(i)))),
            ),
        ]
        for work, ours, command, reference in rows:
            mine, theirs = (_of_threads(pool, call) for call in (ours, reference))
            found = by_turns(mine, theirs, run.rounds // 4, CALLS)
            yield Figure(
                f"{work}, {THREADS} threads: calls a second",
                f"{command}, by redis-py",
                found.speed,
                OF_THREADS,
                at_least=True,
                note=found.medians(CALLS),
            )


def _of_threads(pool: ThreadPoolExecutor, call: Callable[[int], object]) -> Timed:
    def timed(first: int, calls: int) -> float:
        numbers = iter(range(first, first + calls))

        def thread(_: int) -> None:
            for i in numbers:
                call(i)

        began = perf_counter()
        for _ in pool.map(thread, range(THREADS)):
            pass
        return perf_counter() - began

    return timed
