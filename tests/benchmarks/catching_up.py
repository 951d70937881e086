"""A new region catches up: how fast, what other clients notice of it, and what the syncer needs.

The syncer is a process of its own, so that its memory can be told; a third process reads from the
source all the while. ``python -m tests.benchmarks.catching_up [ENTRIES]``
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, perf_counter, sleep

import redis
from rich.console import Console
from rich.table import Table

from redis_crdt import Replica
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.servers import Server, find_binaries

ENTRIES = 1_000_000


def catch_up(url: str, peer: str, done: Connection) -> None:
    """Be the new region's syncer; tells for how many seconds it scanned, and its memory in MB."""

    async def run() -> float:
        began = monotonic()
        async with (
            AsyncReplica.from_url(url, replica_id="us") as replica,
            replica.keep_in_sync([peer]) as syncer,
        ):
            await syncer.in_step()
            return monotonic() - began

    seconds = asyncio.run(run())
    # Not ru_maxrss, which begins with what the parent had.
    status = Path("/proc/self/status").read_text()
    done.send((seconds, int(status.partition("VmHWM:")[2].split()[0]) / 1024))


def read_on(url: str, stop: Connection) -> None:
    """Read one key again and again; tells the sorted times in milliseconds."""
    client, times = redis.Redis.from_url(url), []
    while not stop.poll():
        began = perf_counter()
        client.get("k")
        times.append((perf_counter() - began) * 1000)
        sleep(0.001)
    stop.send(sorted(times))


def main() -> None:
    console = Console()
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    binary = find_binaries()[0]
    context = multiprocessing.get_context("spawn")
    with Server(binary) as one, Server(binary) as other:
        eu = Replica.from_url(one.url, replica_id="eu", feed_limit=1000)
        eu.or_set("tasks", str).update(f"element {i:012}" for i in range(entries))
        ours, theirs = context.Pipe()
        reader = context.Process(target=read_on, args=(one.url, theirs), daemon=True)
        reader.start()
        result, sender = context.Pipe()
        syncer = context.Process(target=catch_up, args=(other.url, one.url, sender), daemon=True)
        syncer.start()
        seconds, megabytes = result.recv()
        ours.send(None)
        times = ours.recv()
        us = Replica.from_url(other.url)
        assert len(us.or_set("tasks", str)) == entries
        assert not eu.verify(us)
    table = Table(f"full scan of {entries} entries", "", "at most")
    table.add_row("entries per second", f"{entries / seconds:.0f}", "at least 100000")
    p99 = times[int(len(times) * 0.99)]
    table.add_row("another client's GET, p99", f"{p99:.2f} ms", "10 ms")
    table.add_row("memory of the syncer", f"{megabytes:.0f} MB", "100 MB")
    console.print(table)


if __name__ == "__main__":
    main()
