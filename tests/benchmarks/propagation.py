"""How long a write takes to be readable in another region, against Redis' own replication.

Both regions' syncers run, each in a process of its own, as do a primary and its replica. Each
write is followed by reads on the other side until it is there.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import NamedTuple

from redis_crdt import Replica
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.cli.bench.figures import Figure, Spread
from redis_crdt.servers import Server
from tests.benchmarks.run import Run

WRITES = 100
PAUSE = 0.001


class Way(NamedTuple):
    """How to write a number here, and whether it is there."""

    write: Callable[[int], object]
    is_there: Callable[[int], bool]

    def delays(self, first: int) -> list[float]:
        """Return the delays of some writes in milliseconds."""
        found = []
        for i in range(first, first + WRITES):
            began = perf_counter()
            self.write(i)
            while not self.is_there(i):
                pass
            found.append((perf_counter() - began) * 1000)
            sleep(PAUSE)
        return found


def sync(url: str, peer: str) -> None:
    """Be one region's syncer."""

    async def run() -> None:
        async with AsyncReplica.from_url(url) as replica, replica.keep_in_sync([peer]):
            await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def replicated(run: Run) -> Iterator[Way]:
    """A primary and its replica."""
    with Server(run.binary, tcp=True) as primary:
        port = primary.tcp_url.rpartition(":")[2]
        config = {"replicaof": f"127.0.0.1 {port}"}
        with (
            Server(run.binary, config) as copy,
            primary.client() as writer,
            copy.client() as reader,
        ):
            while reader.info("replication")["master_link_status"] != "up":
                sleep(0.05)
            yield Way(lambda i: writer.set("k", i), lambda i: reader.get("k") == b"%d" % i)


@contextmanager
def synced(run: Run) -> Iterator[Way]:
    """Two regions with a syncer each."""
    with Server(run.binary) as one, Server(run.binary) as other:
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
            yield Way(here.set, lambda i: there.get() == i)
        finally:
            for syncer in syncers:
                syncer.terminate()
                syncer.join()
            eu.close()
            us.close()


def propagation(run: Run) -> Iterator[Figure]:
    """Measure by turns; each ratio is that of one round of both."""
    ours: list[list[float]] = []
    raw: list[list[float]] = []
    with synced(run) as our_way, replicated(run) as raw_way:
        for turn in range(run.rounds):
            ours.append(our_way.delays(1 + turn * WRITES))
            raw.append(raw_way.delays(1 + turn * WRITES))
    for name, at, target in (("median", 0.5, 3), ("p99", 0.99, 12)):
        pairs = [(_at(a, at), _at(b, at)) for a, b in zip(ours, raw, strict=True)]
        ratio = Spread.of(a / b for a, b in pairs)
        a, b = (_at([delay for delays in side for delay in delays], at) for side in (ours, raw))
        note = f"{a:.2f} ms against {b:.2f} ms"
        yield Figure(
            f"a write's way to another region, {name}", "`replicaof`", ratio, target, note=note
        )


def _at(delays: list[float], part: float) -> float:
    return sorted(delays)[int(len(delays) * part)]
