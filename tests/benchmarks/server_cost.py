"""What the server spends: CPU per write and per joined entry, and memory per entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from redis_crdt.cli.bench.figures import Figure, Spread
from redis_crdt.cli.bench.ground import Ground
from redis_crdt.cli.bench.measure import Timed, by_turns
from redis_crdt.operations.operation import Script
from redis_crdt.replica.blocking import Replica
from tests.benchmarks.run import Run

WRITES = 1_000
JOINED = 20_000
WRITTEN = 10_000
TARGET_WRITE, TARGET_JOIN, TARGET_MEMORY, TARGET_FEED = 6, 6, 1.6, 40


# The commands that an add carries out, without any decision: what it costs at least as one script.
BARE_ADD = """
redis.call('HMGET', KEYS[1], 'writer', 'checked', 'feed_limit', 'alias')
redis.call('TIME')
redis.call('HGET', KEYS[2], 'set')
redis.call('HGET', KEYS[3], ARGV[1])
redis.call('HGET', KEYS[4], ARGV[1])
redis.call('XADD', KEYS[5], '*', 'set', ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], '12345678a-10')
return 1
"""


def element(i: int) -> str:
    return f"element {i:012}"


def _cpu(client: Any) -> float:
    used = client.info("cpu")
    return float(used["used_cpu_user"] + used["used_cpu_sys"])


def _pipelined(client: Any, command: Callable[[int], tuple[Any, ...]]) -> Timed:
    """Time by the server's CPU, commands sent many at once."""

    def timed(first: int, calls: int) -> float:
        pipeline = client.pipeline(transaction=False)
        for i in range(first, first + calls):
            pipeline.execute_command(*command(i))
        before = _cpu(client)
        pipeline.execute()
        return _cpu(client) - before

    return timed


def _script(
    replica: Replica, make: Callable[[int], Script[Any]]
) -> Callable[[int], tuple[Any, ...]]:
    replica.execute(make(0))  # loads it
    return lambda i: replica.evaluating(make(i)).args


def cpu(run: Run) -> Iterator[Figure]:
    """Measure the server's CPU per write, under a pipelined client, and per joined entry."""
    with run.ground() as ground:
        client, raw, replica = ground.client, ground.raw, ground.replica("cpu")
        tasks, done = replica.or_set("set", str), replica.g_counter("counter")
        status = replica.lww_map("map", str)
        rows: list[tuple[str, Callable[[int], Script[Any]], str, Callable[[int], Any]]] = [
            (
                "`ORSet.add`",
                lambda i: tasks._add(element(i)),
                "`SADD`",
                lambda i: ("SADD", raw("set"), element(i)),
            ),
            (
                "`GCounter.increment`",
                lambda _: done._increment(1),
                "`HINCRBY`",
                lambda _: ("HINCRBY", raw("counter"), "eu", 1),
            ),
            (
                "`LWWMap.set`",
                lambda i: status._set(element(i), "busy"),
                "`HSET`",
                lambda i: ("HSET", raw("map"), element(i), "busy"),
            ),
        ]
        for work, make, command, reference in rows:
            found = by_turns(
                _pipelined(client, _script(replica, make)),
                _pipelined(client, reference),
                run.rounds,
                WRITES,
            )
            note = found.medians(WRITES)
            yield Figure(
                f"server CPU of {work}, pipelined", command, found.ratio, TARGET_WRITE, note=note
            )
        yield _bare_add(ground, run)
        yield from _joins(ground, run)


def _bare_add(ground: Ground, run: Run) -> Figure:
    client, raw = ground.client, ground.raw
    digest = client.script_load(BARE_ADD)
    keys = [raw(f"bare-{name}") for name in ("meta", "kinds", "live", "removed", "feed")]
    found = by_turns(
        _pipelined(client, lambda i: ("EVALSHA", digest, len(keys), *keys, element(i))),
        _pipelined(client, lambda i: ("SADD", raw("bare-set"), element(i))),
        run.rounds,
        WRITES,
    )
    work = "server CPU of the commands in `ORSet.add` as a bare script, pipelined"
    return Figure(work, "`SADD`", found.ratio, note=found.medians(WRITES))


def _joins(ground: Ground, run: Run) -> Iterator[Figure]:
    amounts = []
    for turn in range(max(3, run.few_rounds)):
        source, target = ground.replica(f"join-{turn}"), ground.other(f"join-{turn}")
        source.or_set("set", str).update(map(element, range(JOINED)))
        before = _cpu(ground.peer)
        report = target.pull(source)
        amounts.append((_cpu(ground.peer) - before) / report.changed * 1e6)
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
