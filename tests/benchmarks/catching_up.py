"""A new region catches up: how fast, what other clients notice of it, and what the syncer needs.

The syncer is a process of its own, so that its memory can be told; a third process reads from the
source all the while.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, perf_counter, sleep

import redis

from redis_crdt import Replica
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.cli.bench.deltas import element
from redis_crdt.cli.bench.figures import Figure, Spread
from redis_crdt.cli.bench.measure import Pairs
from redis_crdt.servers import Server
from tests.benchmarks.run import Run

SPAWN = multiprocessing.get_context("spawn")


def catch_up(url: str, peer: str, done: Connection) -> None:
    """Be the new region's syncer.

    Tells for how many seconds it scanned, its memory in MB, and how many bytes of entries came.
    """

    async def run() -> None:
        began = monotonic()
        async with (
            AsyncReplica.from_url(url, replica_id="us") as replica,
            replica.keep_in_sync([peer]) as syncer,
        ):
            await syncer.in_step()
            spent = monotonic() - began
            done.send((spent, megabytes(), syncer.links[0].bytes))

    asyncio.run(run())


def megabytes() -> float:
    """Tell how much memory this process has needed at most."""
    # Not ru_maxrss, which begins with what the parent had.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def read_on(url: str, stop: Connection) -> None:
    """Read one key again and again; tells the sorted times in milliseconds."""
    client, times = redis.Redis.from_url(url), []
    while not stop.poll():
        began = perf_counter()
        client.get("k")
        times.append((perf_counter() - began) * 1000)
        sleep(0.001)
    stop.send(sorted(times))


@contextmanager
def reading(url: str, p99s: list[float]) -> Iterator[None]:
    """Let another client read all the while; adds its p99 in milliseconds."""
    ours, theirs = SPAWN.Pipe()
    reader = SPAWN.Process(target=read_on, args=(url, theirs), daemon=True)
    reader.start()
    try:
        yield
    finally:
        ours.send(None)
        times = ours.recv()
        reader.join()
    p99s.append(times[int(len(times) * 0.99)])


def caught_up(run: Run, source: Server, p99s: list[float], megabytes: list[float]) -> float:
    """Let a new region catch up; tells for how many seconds that went on."""
    with Server(run.binary) as target, reading(source.url, p99s):
        result, sender = SPAWN.Pipe()
        syncer = SPAWN.Process(target=catch_up, args=(target.url, source.url, sender), daemon=True)
        syncer.start()
        spent, memory, _ = result.recv()
        syncer.kill()
        syncer.join()
        megabytes.append(memory)
        with Replica.from_url(target.url) as us:
            assert len(us.or_set("set", str)) == run.entries
        return float(spent)


def copied(run: Run, source: Server, load: str) -> float:
    """Let a new server copy the same by replication; tells for how many seconds that went on.

    ``load`` is its ``repl-diskless-load``. Where that is off, as by default, what was received
    waits in a file until the server looks at it, which it does once per second.
    """
    config = {"repl-diskless-load": load}
    with Server(run.binary, config) as target, target.client() as client:
        began = monotonic()
        client.replicaof("127.0.0.1", source.tcp_url.rpartition(":")[2])
        while client.info("replication")["master_link_status"] != "up":
            sleep(0.001)
        return monotonic() - began


def catching_up(run: Run) -> Iterator[Figure]:
    """Measure by turns, each time with a new server."""
    found, directly = Pairs([], []), list[float]()
    p99s, megabytes = list[float](), list[float]()
    config: dict[str, str | int] = {"repl-diskless-sync": "yes", "repl-diskless-sync-delay": 0}
    with Server(run.binary, config, tcp=True) as source:
        with Replica.from_url(source.url, replica_id="eu", feed_limit=1000) as eu:
            eu.or_set("set", str).update(map(element, range(run.entries)))
        for _ in range(run.few_rounds):
            found.reference.append(copied(run, source, "disabled"))
            directly.append(copied(run, source, "swapdb"))
            found.ours.append(caught_up(run, source, p99s, megabytes))
    work = f"catching up {run.entries:,} entries"
    against = "`replicaof`'s initial copy of them"
    yield Figure(work, against, found.ratio, 8, note=found.medians())
    into_memory = Pairs(found.ours, directly)
    yield Figure(
        work, f"{against}, without a file", into_memory.ratio, 8, note=into_memory.medians()
    )
    rate = Spread.of(run.entries / spent for spent in found.ours)
    yield Figure(f"{work}: entries per second", "", rate, unit="/s")
    yield Figure(
        f"{work}: another client's `GET` meanwhile, p99", "", Spread.of(p99s), 10, unit="ms"
    )
    yield Figure(f"{work}: memory of the syncer", "", Spread.of(megabytes), 100, unit="MB")
