"""How long a write takes to be readable in another region, against Redis' own replication.

Both regions' syncers run, each in a process of its own, as do a primary and its replica. Each
write is followed by reads on the other side until it is there. ``python -m
tests.benchmarks.propagation``
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from time import perf_counter, sleep

from rich.console import Console
from rich.table import Table

from redis_crdt import Replica
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.servers import Server, find_binaries

WRITES = 2000
PAUSE = 0.001


def sync(url: str, peer: str) -> None:
    """Be one region's syncer."""

    async def run() -> None:
        async with AsyncReplica.from_url(url) as replica, replica.keep_in_sync([peer]):
            await asyncio.Event().wait()

    asyncio.run(run())


def delays(write: Callable[[int], object], is_there: Callable[[int], bool]) -> list[float]:
    """Return the sorted delays in milliseconds."""
    found = []
    for i in range(1, WRITES + 1):
        began = perf_counter()
        write(i)
        while not is_there(i):
            pass
        found.append((perf_counter() - began) * 1000)
        sleep(PAUSE)
    return sorted(found)


def replicated() -> list[float]:
    """Measure Redis' own replication."""
    binary = find_binaries()[0]
    with Server(binary, tcp=True) as primary:
        port = primary.tcp_url.rpartition(":")[2]
        config = {"replicaof": f"127.0.0.1 {port}"}
        with Server(binary, config) as copy, primary.client() as writer, copy.client() as reader:
            while reader.info("replication")["master_link_status"] != "up":
                sleep(0.05)
            return delays(lambda i: writer.set("k", i), lambda i: reader.get("k") == b"%d" % i)


def synced() -> list[float]:
    """Measure two regions with a syncer each."""
    binary = find_binaries()[0]
    with Server(binary) as one, Server(binary) as other:
        eu = Replica.from_url(one.url, replica_id="eu")
        us = Replica.from_url(other.url, replica_id="us")
        here, there = eu.lww_register("r", int), us.lww_register("r", int)
        ends = (one.url, other.url), (other.url, one.url)
        context = multiprocessing.get_context("spawn")
        syncers = [context.Process(target=sync, args=pair, daemon=True) for pair in ends]
        for syncer in syncers:
            syncer.start()
        try:
            here.set(0)
            while there.get() != 0:
                sleep(0.01)
            return delays(here.set, lambda i: there.get() == i)
        finally:
            for syncer in syncers:
                syncer.terminate()
                syncer.join()


def main() -> None:
    console = Console()
    raw, ours = replicated(), synced()
    table = Table("", "replicaof", "redis_crdt", "ratio", "at most")
    for name, at, aim in (("p50", 0.5, 6), ("p99", 0.99, 12)):
        a, b = raw[int(WRITES * at)], ours[int(WRITES * at)]
        table.add_row(name, f"{a:.2f} ms", f"{b:.2f} ms", f"{b / a:.1f}", f"{aim}")
    console.print(table)


if __name__ == "__main__":
    main()
