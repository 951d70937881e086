"""What the server spends beside writes: CPU per joined entry, and memory per entry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from redis_crdt.cli.bench.figures import Figure, Spread
from redis_crdt.cli.bench.ground import Ground
from tests.benchmarks.run import Run
from tests.benchmarks.write_cost import cpu_of, element

JOINED = 20_000
WRITTEN = 10_000
TARGET_JOIN, TARGET_MEMORY, TARGET_FEED = 6, 1.6, 40


def cpu(run: Run) -> Iterator[Figure]:
    """Measure the server's CPU per joined entry."""
    with run.ground() as ground:
        yield from _joins(ground, run)


def _joins(ground: Ground, run: Run) -> Iterator[Figure]:
    amounts = []
    for turn in range(max(3, run.few_rounds)):
        source, target = ground.replica(f"join-{turn}"), ground.other(f"join-{turn}")
        source.or_set("set", str).update(map(element, range(JOINED)))
        before = cpu_of(ground.peer)
        report = target.pull(source)
        amounts.append((cpu_of(ground.peer) - before) / report.changed * 1e6)
    yield Figure("server CPU per joined entry", "", Spread.of(amounts), TARGET_JOIN, unit="us")


def memory(run: Run) -> Iterator[Figure]:
    """Measure the bytes per entry beside a plain set and a plain hash, and those of the feed."""
    entries = run.many
    with run.ground() as ground:
        client, replica = ground.client, ground.replica("memory")
        tasks = replica.or_set("set", str)
        tasks.update(map(element, range(entries)))
        plain, hash_ = ground.raw("set"), ground.raw("hash")
        for first in range(0, entries, 500):
            elements = [element(i) for i in range(first, min(first + 500, entries))]
            client.sadd(plain, *elements)
            client.hset(hash_, mapping=dict.fromkeys(elements, ""))
        ours, of_set, of_hash = (
            _size(client, key) / entries for key in (tasks._live.decode(), plain, hash_)
        )
        work = f"bytes per entry of an `ORSet` of {entries:,} elements of 20 bytes"
        note = f"{ours:.0f} bytes against {of_set:.0f}"
        yield Figure(work, "a plain set", Spread.of([ours / of_set]), TARGET_MEMORY, note=note)
        note = f"{ours:.0f} bytes against {of_hash:.0f}"
        yield Figure(work, "a plain hash, no values", Spread.of([ours / of_hash]), note=note)
        for how, size in (("in batches", 500), ("one by one", 1)):
            yield _feed(ground, how, size)


def _size(client: Any, key: str) -> int:
    return int(client.memory_usage(key, samples=0))


def _feed(ground: Ground, how: str, size: int) -> Figure:
    replica = ground.replica(f"feed-{size}")
    tasks = replica.or_set("set", str)
    for first in range(0, WRITTEN, size):
        tasks.update(map(element, range(first, first + size)))
    feed = replica.keys(0).base[1].decode()
    each = Spread.of([_size(ground.client, feed) / WRITTEN])
    return Figure(
        f"bytes per reference in the feed, written {how}", "", each, TARGET_FEED, unit="B"
    )
