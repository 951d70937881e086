"""Ours against the containers of ``pottery``, which keep plain sets and hashes on Redis."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

from redis_crdt import ORSet
from redis_crdt.cli.bench.figures import Figure
from redis_crdt.cli.bench.measure import blocking, by_turns
from tests.benchmarks.run import Run, missing

CALLS = 20
SIZE = 1_000
TARGET, TARGET_COUNTER = 1.15, 0.6


class Row(NamedTuple):
    work: str
    ours: Callable[[int], object]
    theirs: Callable[[int], object]
    ready_ours: Callable[[int], object] | None = None
    ready_theirs: Callable[[int], object] | None = None
    calls: int = CALLS
    target: float = TARGET


def element(i: int) -> str:
    return f"element {i:012}"


def new(i: int) -> list[str]:
    return [f"new {n}" for n in range(i * SIZE, (i + 1) * SIZE)]


def against_pottery(run: Run) -> Iterator[Figure]:
    """Measure every operation that both have."""
    try:
        from pottery import RedisCounter, RedisDict, RedisSet
    except ImportError:
        yield missing("every operation that pottery has too", "pottery")
        return
    warnings.filterwarnings("ignore", module="pottery")
    # pottery knows only servers that have a host.
    with run.ground(tcp=True) as ground:
        replica, redis = ground.replica("containers"), ground.client
        set_ = replica.or_set("set", str)
        cleared = replica.or_set("cleared", str)
        map_, full_map = replica.lww_map("map", str), replica.lww_map("full map", str)
        count = replica.pn_counter("count")
        their_set = RedisSet(redis=redis, key=ground.raw("set"))
        their_cleared = RedisSet(redis=redis, key=ground.raw("cleared"))
        their_map = RedisDict(redis=redis, key=ground.raw("map"))
        their_full_map = RedisDict(redis=redis, key=ground.raw("full map"))
        their_count = RedisCounter(redis=redis, key=ground.raw("count"))
        elements = [element(i) for i in range(SIZE)]
        pairs = dict.fromkeys(elements, "busy")

        def sets_of(name: str, held: list[str]) -> tuple[ORSet[str], RedisSet]:
            both = replica.or_set(name, str), RedisSet(redis=redis, key=ground.raw(name))
            for one in both:
                one.update(held)
            return both

        full_set, their_full_set = sets_of("full", elements)
        half, their_half = sets_of("half", elements[::2])
        others, their_others = sets_of("others", new(0))
        for map_of_some in (full_map, their_full_map):
            map_of_some.update(pairs)

        def count_theirs(_: int) -> None:
            their_count["all"] += 1

        count_theirs(0)
        rows = [
            Row("set: `add`", lambda i: set_.add(element(i)), lambda i: their_set.add(element(i))),
            Row("set: `in`", lambda i: element(i) in set_, lambda i: element(i) in their_set),
            Row("set: `len`", lambda _: len(set_), lambda _: len(their_set)),
            Row(
                "set: `remove`",
                lambda i: set_.remove(element(i)),
                lambda i: their_set.remove(element(i)),
                lambda i: set_.add(element(i)),
                lambda i: their_set.add(element(i)),
            ),
            Row(
                "set: `update` with 1,000 new ones",
                lambda i: set_.update(new(i)),
                lambda i: their_set.update(new(i)),
                calls=1,
            ),
            Row(
                "set: `update` with 1,000 that are there",
                lambda _: full_set.update(elements),
                lambda _: their_full_set.update(elements),
                calls=1,
            ),
            Row(
                "set: `pop`, of 1,000",
                lambda _: full_set.pop(),
                lambda _: their_full_set.pop(),
                lambda i: full_set.add(element(i % SIZE)),
                lambda i: their_full_set.add(element(i % SIZE)),
            ),
            Row(
                "set: `clear` of 1,000",
                lambda _: cleared.clear(),
                lambda _: their_cleared.clear(),
                lambda _: cleared.update(elements),
                lambda _: their_cleared.update(elements),
                calls=1,
            ),
            Row("set: all 1,000", lambda _: set(full_set), lambda _: set(their_full_set), calls=1),
            Row(
                "set: `contains_many` of 1,000",
                lambda _: full_set.contains_many(elements),
                lambda _: [*their_full_set.contains_many(*elements)],
                calls=1,
            ),
            Row(
                "set: `isdisjoint` of a list of 1,000",
                lambda _: full_set.isdisjoint(new(0)),
                lambda _: their_full_set.isdisjoint(new(0)),
                calls=1,
            ),
            Row(
                "set: `isdisjoint` of another set of 1,000",
                lambda _: full_set.isdisjoint(others),
                lambda _: their_full_set.isdisjoint(their_others),
                calls=1,
            ),
            Row(
                "set: `intersection` with another set of 500",
                lambda _: full_set.intersection(half),
                lambda _: their_full_set.intersection(their_half),
                calls=1,
            ),
            Row(
                "set: `union` with another set of 500",
                lambda _: full_set.union(half),
                lambda _: their_full_set.union(their_half),
                calls=1,
            ),
            Row(
                "set: `difference` from another set of 500",
                lambda _: full_set.difference(half),
                lambda _: their_full_set.difference(their_half),
                calls=1,
            ),
            Row(
                "set: `issubset` of another set",
                lambda _: half.issubset(full_set),
                lambda _: their_half.issubset(their_full_set),
                calls=1,
            ),
            Row(
                "map: `[key] = value`",
                lambda i: map_.__setitem__(element(i), "busy"),
                lambda i: their_map.__setitem__(element(i), "busy"),
            ),
            Row(
                "map: `[key]`",
                lambda i: full_map[element(i % SIZE)],
                lambda i: their_full_map[element(i % SIZE)],
            ),
            Row("map: `in`", lambda i: element(i) in map_, lambda i: element(i) in their_map),
            Row("map: `len`", lambda _: len(map_), lambda _: len(their_map)),
            Row(
                "map: `del`",
                lambda i: map_.__delitem__(element(i)),
                lambda i: their_map.__delitem__(element(i)),
                lambda i: map_.set(element(i), "busy"),
                lambda i: their_map.__setitem__(element(i), "busy"),
            ),
            Row(
                "map: `update` with 1,000",
                lambda _: map_.update(pairs),
                lambda _: their_map.update(pairs),
                calls=1,
            ),
            Row(
                "map: all 1,000 items",
                lambda _: dict(full_map.items()),
                lambda _: dict(their_full_map.items()),
                calls=1,
            ),
            Row(
                "counter: `increment`",
                lambda _: count.increment(),
                count_theirs,
                target=TARGET_COUNTER,
            ),
            Row("counter: `value`", lambda _: count.value(), lambda _: their_count["all"]),
        ]
        for row in rows:
            yield _measured(row, run.rounds)


def _measured(row: Row, rounds: int) -> Figure:
    found = by_turns(
        blocking(row.ours, row.ready_ours),
        blocking(row.theirs, row.ready_theirs),
        rounds,
        row.calls,
    )
    note = found.medians(row.calls)
    return Figure(row.work, "pottery", found.ratio, row.target, note=note)
