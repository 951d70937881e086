"""Single calls of the later types, beside the raw command of a program without other regions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from redis_crdt.cli.bench.figures import Figure
from redis_crdt.cli.bench.ground import Ground
from redis_crdt.cli.bench.measure import blocking, by_turns
from redis_crdt.types.work_queue.blocking import Claim
from tests.benchmarks.run import Run

CALLS = 20
FULL = 1_000
"""How many entries there are of what is read."""

TARGET_WRITE, TARGET_READ = 1.3, 1.15

Call = Callable[[int], object]


class Row(NamedTuple):
    work: str
    against: str
    ours: Call
    raw: Call
    target: float
    ready: tuple[Call, Call] | None = None
    """What is done before each call, and not measured."""


def write(work: str, against: str, ours: Call, raw: Call, *ready: Call) -> Row:
    before = (ready[0], ready[1]) if ready else None
    return Row(work, against, ours, raw, TARGET_WRITE, before)


def read(work: str, against: str, ours: Call, raw: Call) -> Row:
    return Row(work, against, ours, raw, TARGET_READ)


def element(i: int) -> str:
    return f"element {i:012}"


def each_type(run: Run) -> Iterator[Figure]:
    """Measure what each type writes and reads."""
    with run.ground() as ground:
        for rows in (_sets, _flags, _extremes, _counters, _scores, _logs, _cardinalities, _rights):
            for row in rows(ground):
                yield _measured(row, run.rounds)


def _measured(row: Row, rounds: int) -> Figure:
    before_ours, before_raw = row.ready or (None, None)
    found = by_turns(blocking(row.ours, before_ours), blocking(row.raw, before_raw), rounds, CALLS)
    return Figure(row.work, row.against, found.ratio, row.target, note=found.medians(CALLS))


def _sets(ground: Ground) -> list[Row]:
    replica, redis = ground.replica("sets"), ground.client
    seen, banned = replica.g_set("seen", str), replica.rw_set("banned", str)
    raw, raw_banned = ground.raw("seen"), ground.raw("banned")
    return [
        write(
            "`GSet.add`",
            "`SADD`",
            lambda i: seen.add(element(i)),
            lambda i: redis.sadd(raw, element(i)),
        ),
        read(
            "`in` a `GSet`",
            "`SISMEMBER`",
            lambda i: element(i) in seen,
            lambda i: redis.sismember(raw, element(i)),
        ),
        read("`len` of a `GSet`", "`SCARD`", lambda _: len(seen), lambda _: redis.scard(raw)),
        write(
            "`RWSet.add`, of what is new",
            "`SADD`",
            lambda i: banned.add(element(i)),
            lambda i: redis.sadd(raw_banned, element(i)),
        ),
        read(
            "`in` an `RWSet`",
            "`SISMEMBER`",
            lambda i: element(i) in banned,
            lambda i: redis.sismember(raw_banned, element(i)),
        ),
        write(
            "`RWSet.remove`",
            "`SREM`",
            lambda i: banned.remove(element(i)),
            lambda i: redis.srem(raw_banned, element(i)),
            lambda i: banned.add(element(i)),
            lambda i: redis.sadd(raw_banned, element(i)),
        ),
    ]


def _flags(ground: Ground) -> list[Row]:
    replica, redis = ground.replica("flags"), ground.client
    rows = []
    for name, flag in (
        ("EWFlag", replica.ew_flag("stop")),
        ("DWFlag", replica.dw_flag("allowed")),
    ):
        raw = ground.raw(name)
        rows += [
            write(
                f"`{name}.enable` and `disable`",
                "`SET`",
                lambda i, flag=flag: flag.disable() if i % 2 else flag.enable(),  # type: ignore[misc]
                lambda i, raw=raw: redis.set(raw, i % 2),  # type: ignore[misc]
            ),
            read(
                f"`{name}.value`",
                "`GET`",
                lambda _, flag=flag: flag.value(),  # type: ignore[misc]
                lambda _, raw=raw: redis.get(raw),  # type: ignore[misc]
            ),
        ]
    return rows


def _extremes(ground: Ground) -> list[Row]:
    replica, redis = ground.replica("extremes"), ground.client
    high, low = replica.max_register("high", int), replica.min_register("low", int)
    raw = ground.raw("extremes")
    return [
        write(
            "`MaxRegister.set`, larger each time",
            "`ZADD GT`",
            high.set,
            lambda i: redis.zadd(raw, {"high": i}, gt=True),
        ),
        write(
            "`MaxRegister.set`, of what is no larger",
            "`ZADD GT`",
            lambda _: high.set(0),
            lambda _: redis.zadd(raw, {"high": 0}, gt=True),
        ),
        read(
            "`MaxRegister.get`",
            "`ZSCORE`",
            lambda _: high.get(),
            lambda _: redis.zscore(raw, "high"),
        ),
        write(
            "`MinRegister.set`, smaller each time",
            "`ZADD LT`",
            lambda i: low.set(-i),
            lambda i: redis.zadd(raw, {"low": -i}, lt=True),
        ),
        read(
            "`MinRegister.get`",
            "`ZSCORE`",
            lambda _: low.get(),
            lambda _: redis.zscore(raw, "low"),
        ),
    ]


def _counters(ground: Ground) -> list[Row]:
    replica, redis = ground.replica("counters"), ground.client
    pool, raw = replica.pn_counter("pool"), ground.raw("pool")
    return [
        write(
            "`PNCounter.reset`",
            "`SET` to 0",
            lambda _: pool.reset(),
            lambda _: redis.set(raw, 0),
            lambda _: pool.increment(),
            lambda _: redis.incrby(raw),
        ),
    ]


def _scores(ground: Ground) -> list[Row]:
    replica, redis = ground.replica("scores"), ground.client
    counts, ranks = replica.counter_map("counts"), replica.sorted_map("ranks")
    raw_counts, raw_ranks = ground.raw("counts"), ground.raw("ranks")
    ranks.update({element(i): i for i in range(FULL)})
    redis.zadd(raw_ranks, {element(i): i for i in range(FULL)})
    with replica.batch() as batch:
        for i in range(FULL // 2):
            batch.on(counts).increment(element(i), i)
    redis.zadd(raw_counts, {element(i): i for i in range(FULL // 2)})
    return [
        write(
            "`CounterMap.increment`, of a key that is there",
            "`ZINCRBY`",
            lambda i: counts.increment(element(i % 100)),
            lambda i: redis.zincrby(raw_counts, 1, element(i % 100)),
        ),
        write(
            "`CounterMap.increment`, of a new key",
            "`ZINCRBY`",
            lambda i: counts.increment(f"new {i}"),
            lambda i: redis.zincrby(raw_counts, 1, f"new {i}"),
        ),
        read(
            "`CounterMap.value`",
            "`ZSCORE`",
            lambda i: counts.value(element(i % 100)),
            lambda i: redis.zscore(raw_counts, element(i % 100)),
        ),
        read(
            "`CounterMap.top` 10",
            "`ZREVRANGE`",
            lambda _: counts.top(10),
            lambda _: redis.zrevrange(raw_counts, 0, 9, withscores=True),
        ),
        read(
            "`CounterMap.rank`",
            "`ZREVRANK`",
            lambda i: counts.rank(element(i % 100)),
            lambda i: redis.zrevrank(raw_counts, element(i % 100)),
        ),
        write(
            "`CounterMap.remove`",
            "`ZREM`",
            lambda i: counts.remove(element(i)),
            lambda i: redis.zrem(raw_counts, element(i)),
            lambda i: counts.increment(element(i)),
            lambda i: redis.zincrby(raw_counts, 1, element(i)),
        ),
        write(
            "`SortedMap.set`, of a key that is there",
            "`ZADD`",
            lambda i: ranks.set(element(i % 100), i),
            lambda i: redis.zadd(raw_ranks, {element(i % 100): i}),
        ),
        write(
            "`SortedMap.set`, of a new key",
            "`ZADD`",
            lambda i: ranks.set(f"new {i}", i),
            lambda i: redis.zadd(raw_ranks, {f"new {i}": i}),
        ),
        read(
            "`SortedMap.score`",
            "`ZSCORE`",
            lambda i: ranks.score(element(i % 100)),
            lambda i: redis.zscore(raw_ranks, element(i % 100)),
        ),
        read(
            "`SortedMap.top` 10",
            "`ZREVRANGE`",
            lambda _: ranks.top(10),
            lambda _: redis.zrevrange(raw_ranks, 0, 9, withscores=True),
        ),
        read(
            "`SortedMap.rank`",
            "`ZREVRANK`",
            lambda i: ranks.rank(element(i % 100)),
            lambda i: redis.zrevrank(raw_ranks, element(i % 100)),
        ),
        write(
            "`SortedMap.delete`",
            "`ZREM`",
            lambda i: ranks.delete(element(i)),
            lambda i: redis.zrem(raw_ranks, element(i)),
            lambda i: ranks.set(element(i), i),
            lambda i: redis.zadd(raw_ranks, {element(i): i}),
        ),
    ]


def _logs(ground: Ground) -> list[Row]:
    replica, redis = ground.replica("logs"), ground.client
    said, recent = replica.log("said", str), replica.log("recent", str, max_len=FULL)
    raw, raw_recent = ground.raw("said"), ground.raw("recent")
    for log, key in ((said, raw), (recent, raw_recent)):
        log.extend(element(i) for i in range(FULL))
        for i in range(FULL):
            redis.xadd(key, {"value": element(i)})
    return [
        write(
            "`Log.append`",
            "`XADD`",
            lambda i: said.append(element(i)),
            lambda i: redis.xadd(raw, {"value": element(i)}),
        ),
        write(
            "`Log.append`, trimmed to 1,000",
            "`XADD MAXLEN`",
            lambda i: recent.append(element(i)),
            lambda i: redis.xadd(raw_recent, {"value": element(i)}, maxlen=FULL, approximate=False),
        ),
        read(
            "`Log.range` of 10, the newest first",
            "`XREVRANGE`",
            lambda _: said.range(limit=10, newest_first=True),
            lambda _: redis.xrevrange(raw, count=10),
        ),
        read("`len` of a `Log`", "`XLEN`", lambda _: len(recent), lambda _: redis.xlen(raw_recent)),
    ]


def _cardinalities(ground: Ground) -> list[Row]:
    replica, redis = ground.replica("cardinalities"), ground.client
    visitors, raw = replica.cardinality("visitors", str), ground.raw("visitors")
    visitors.add(*(element(i) for i in range(FULL)))
    redis.pfadd(raw, *(element(i) for i in range(FULL)))
    return [
        write(
            "`Cardinality.add`, mostly of what changes nothing",
            "`PFADD`",
            lambda i: visitors.add(element(i % FULL)),
            lambda i: redis.pfadd(raw, element(i % FULL)),
        ),
        write(
            "`Cardinality.add`, of what is new",
            "`PFADD`",
            lambda i: visitors.add(f"new {i}"),
            lambda i: redis.pfadd(raw, f"new {i}"),
        ),
        read(
            "`Cardinality.count`",
            "`PFCOUNT`",
            lambda _: visitors.count(),
            lambda _: redis.pfcount(raw),
        ),
    ]


def _rights(ground: Ground) -> list[Row]:
    replica, redis = ground.replica("rights"), ground.client
    credit, raw = replica.budget("credit"), ground.raw("credit")
    jobs, raw_jobs, claimed = replica.work_queue("jobs", str), ground.raw("jobs"), ground.raw("w")
    claims: list[Claim[str]] = []
    credit.grant(10**12)

    def claim(_: int) -> None:
        found = jobs.claim("w", lease=600)
        assert found is not None
        claims.append(found)

    def put_and_claim(i: int) -> None:
        jobs.put(element(i))
        claim(i)

    return [
        write(
            "`Budget.spend`",
            "`HINCRBY`",
            lambda _: credit.spend(3),
            lambda _: redis.hincrby(raw, "spent", 3),
        ),
        read(
            "`Budget.remaining`",
            "`HGETALL`",
            lambda _: credit.remaining(),
            lambda _: redis.hgetall(raw),
        ),
        write(
            "`WorkQueue.put`",
            "`LPUSH`",
            lambda i: jobs.put(element(i)),
            lambda i: redis.lpush(raw_jobs, element(i)),
        ),
        write(
            "`WorkQueue.claim`",
            "`LMOVE`",
            claim,
            lambda _: redis.lmove(raw_jobs, claimed),
            lambda i: jobs.put(element(i)),
            lambda i: redis.lpush(raw_jobs, element(i)),
        ),
        write(
            "`Claim.done`",
            "`LREM`",
            lambda _: claims.pop().done(),
            lambda i: redis.lrem(claimed, 1, element(i)),
            put_and_claim,
            lambda i: redis.lpush(claimed, element(i)),
        ),
    ]
