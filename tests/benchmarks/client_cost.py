"""What the library's Python costs per call: the same command on the same key, by hand and by us.

By the CPU time of this process, which other processes do not add to.
"""

from __future__ import annotations

import os
import subprocess
import sys
from asyncio import Runner
from collections.abc import Iterator
from functools import partial
from time import perf_counter, process_time
from typing import Any

from redis.asyncio import Redis as AsyncRedis

from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.cli.bench.figures import Figure
from redis_crdt.cli.bench.measure import Timed, awaited, blocking, by_turns
from redis_crdt.transport.witness import arguments
from tests.benchmarks.run import Run

CALLS = 100
TARGET = 15.0


def client_cost(run: Run) -> Iterator[Figure]:
    """Measure how many microseconds a call takes more than redis-py's own, and the import."""
    with run.ground() as ground, Runner() as runner:
        client, replica = ground.client, ground.replica("client")
        theirs = AsyncRedis.from_url(ground.url)
        awaiting = AsyncReplica.from_url(ground.url, namespace=ground.of("client"))
        tasks, status = replica.or_set("set", str), replica.lww_map("map", str)
        awaited_tasks = awaiting.or_set("set", str)
        tasks.add("a task")
        status.set("a key", "busy")
        script: Any = arguments(tasks._add("a task"))[1:]
        live: Any = tasks._live
        rows: list[tuple[str, Timed, str, Timed]] = [
            (
                "`in` an `ORSet`",
                _cpu(lambda _: "a task" in tasks),
                "`HEXISTS`",
                _cpu(lambda _: client.hexists(live, '"a task"')),
            ),
            (
                "`LWWMap.get`",
                _cpu(lambda _: status.get("a key")),
                "`HGET`",
                _cpu(lambda _: client.hget(status._live.decode(), "a key")),
            ),
            (
                "`ORSet.add`",
                _cpu(lambda _: tasks.add("a task")),
                "`EVALSHA`",
                _cpu(lambda _: client.evalsha(*script)),
            ),
            (
                "`await ORSet.contains`",
                awaited(runner, lambda _: awaited_tasks.contains("a task"), process_time),
                "`HEXISTS`",
                awaited(runner, lambda _: theirs.hexists(live, '"a task"'), process_time),
            ),
            (
                "`await ORSet.add`",
                awaited(runner, lambda _: awaited_tasks.add("a task"), process_time),
                "`EVALSHA`",
                awaited(runner, lambda _: theirs.evalsha(*script), process_time),
            ),
        ]
        try:
            for work, ours, command, reference in rows:
                found = by_turns(ours, reference, run.rounds, CALLS)
                yield Figure(
                    f"{work}: CPU that our Python adds",
                    f"the same {command}, by redis-py",
                    found.microseconds_more(CALLS),
                    TARGET,
                    unit="us",
                    note=found.medians(CALLS),
                )
        finally:
            runner.run(awaiting.close())
            runner.run(theirs.aclose())
    found = by_turns(
        _import("from redis_crdt import Replica"),
        _import("import redis.asyncio, pydantic.type_adapter, pydantic.main"),
        run.rounds,
    )
    yield Figure(
        "`from redis_crdt import Replica`",
        "import of redis and pydantic",
        found.ratio,
        1.15,
        note=found.medians(),
    )


_cpu = partial(blocking, clock=process_time)


def _import(code: str) -> Timed:
    # Compiled once, in the round before those that count.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}

    def timed(_first: int, _calls: int) -> float:
        began = perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)
        return perf_counter() - began

    return timed
