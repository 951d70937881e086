"""What Redis Enterprise's Active-Active databases make of concurrent writes, and what we make of
them.

Redis publishes tables of what comes of writes in two regions, for each of its data types: in
"Develop applications with Active-Active databases" and the pages below it. Each of them is here a
table of ours, row by row: what either region does or sees, and when they are brought together; and
a table for each rule that is told there in prose. Where we differ a cell says what is seen
``there``, and the table in a few words why. Scores that are counted are in tenths here.

Left out is what we have no type for: lists, bitfields, JSON, time series, consumer groups, and ids
that programs give to entries of a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import ceil
from time import time_ns
from typing import Any, Literal, NamedTuple

import pytest

from redis_crdt import Replica, memory
from tests.backends import NewClient


@dataclass(frozen=True)
class Do:
    """A write: a method of the collection, and its arguments."""

    method: str
    args: tuple[Any, ...] = ()


class Sees(NamedTuple):
    """What is read; and what would be in an Active-Active database, where that is not the same."""

    here: Any
    there: Any


class Drop(NamedTuple):
    """The collection is removed, as by ``DEL``."""


Cell = Do | Sees | Drop | None
Row = tuple[Cell, Cell] | Literal["sync"]


def do(method: str, *args: Any) -> Do:
    return Do(method, args)


def sees(here: Any, **there: Any) -> Sees:
    return Sees(here, there.get("there", here))


def both(cell: Cell) -> Row:
    return cell, cell


@dataclass(frozen=True)
class Table:
    says: str
    kind: str
    rows: tuple[Row, ...]
    reads: Callable[[Any], Any] = field(kw_only=True)
    differs: str = field(default="", kw_only=True)
    """In what we differ, and why."""
    at_once: bool = field(default=False, kw_only=True)
    """Whether all is written within one millisecond, as it can be in memory alone."""


def longest(ttl: float | None) -> int | None:
    """Return so many tens of seconds at most; None for ever."""
    return None if ttl is None else ceil(ttl / 10) * 10


SETS = (
    Table(
        "What either region has added is in both",
        "or_set",
        (
            (do("add", "a"), None),
            (None, do("add", "b")),
            (sees({"a"}), sees({"b"})),
            "sync",
            both(sees({"a", "b"})),
        ),
        reads=set,
    ),
    Table(
        "A removal takes away what its region has seen; what that has not seen stays",
        "or_set",
        (
            (do("update", "ab"), None),
            "sync",
            both(sees({"a", "b"})),
            (do("remove", "a"), do("add", "c")),
            (do("remove", "c"), None),
            "sync",
            both(sees({"b", "c"})),
        ),
        reads=set,
    ),
    Table(
        "To empty a set is to remove what is seen in it",
        "or_set",
        (
            (do("add", "e1"), None),
            "sync",
            both(sees({"e1"})),
            (do("add", "e2"), do("clear")),
            (sees({"e1", "e2"}), sees(set())),
            "sync",
            both(sees({"e2"})),
        ),
        reads=set,
    ),
    Table(
        "An element that is added while it is removed elsewhere",
        "rw_set",
        (
            (do("add", "a"), None),
            "sync",
            (do("remove", "a"), do("add", "a")),
            "sync",
            both(sees(set(), there={"a"})),
        ),
        reads=set,
        differs=(
            "there sets have one rule; here one may choose a set in which removals win, for "
            "what must not be granted by somebody who had not heard that it was taken away"
        ),
    ),
)

STRINGS = (
    Table(
        "The last write wins",
        "lww_register",
        (
            (do("set", "a"), None),
            (None, do("set", "b")),
            "sync",
            both(sees("b")),
            (do("set", "c"), None),
            "sync",
            both(sees("c")),
            (None, do("set", "d")),
            (sees("c"), sees("d")),
            "sync",
            both(sees("d")),
        ),
        reads=lambda register: register.get(),
    ),
    Table(
        "Both values of concurrent writes",
        "mv_register",
        (
            (do("set", "a"), None),
            (None, do("set", "b")),
            "sync",
            both(sees(["a", "b"], there=["b"])),
            (do("set", "c"), None),
            "sync",
            both(sees(["c"])),
        ),
        reads=lambda register: sorted(register.get()),
        differs=(
            "there the earlier one is lost without a word; here one may keep both, until "
            "somebody who has seen them decides"
        ),
    ),
)

COUNTERS = (
    Table(
        "All that was counted counts",
        "pn_counter",
        (
            (do("increment", 7), None),
            (None, do("increment", 3)),
            (sees(7), sees(3)),
            "sync",
            both(sees(10)),
            (do("decrement", 3), None),
            (None, do("increment", 6)),
            "sync",
            both(sees(13)),
        ),
        reads=lambda counter: counter.value(),
    ),
    Table(
        "Large counts",
        "pn_counter",
        (
            (do("increment", 2**62), do("increment", 2**62)),
            "sync",
            both(sees(2**63, there="no counter of 59 bits")),
        ),
        reads=lambda counter: counter.value(),
        differs=(
            "there a counter has 59 bits, for its value must not overflow by a merge; here "
            "each writer's part has 63, and the sum is Python's"
        ),
    ),
    Table(
        "What is counted while a counter is set back",
        "pn_counter",
        (
            (do("increment", 41), None),
            "sync",
            (do("reset"), do("increment", 20)),
            (sees(0), sees(61)),
            "sync",
            both(sees(20)),
        ),
        reads=lambda counter: counter.value(),
    ),
)

SORTED_SETS = (
    Table(
        "Different elements, one after the other",
        "sorted_map",
        (
            (do("set", "x", 1.1), None),
            "sync",
            (None, do("set", "y", 1.2)),
            "sync",
            both(sees([("x", 1.1), ("y", 1.2)])),
        ),
        reads=lambda scores: scores.bottom(10),
    ),
    Table(
        "Of two scores of one element the later",
        "sorted_map",
        (
            (do("set", "x", 1.1), None),
            (None, do("set", "x", 2.1)),
            (sees(1.1), sees(2.1)),
            "sync",
            both(sees(2.1)),
        ),
        reads=lambda scores: scores.score("x"),
    ),
    Table(
        "Two scores of one element at the same time",
        "sorted_map",
        (
            (do("set", "x", 1.1), do("set", "x", 2.1)),
            (sees(1.1), sees(2.1)),
            "sync",
            both(sees(2.1, there=1.1)),
        ),
        reads=lambda scores: scores.score("x"),
        at_once=True,
        differs=(
            "both are arbitrary and the same everywhere: there the region of the smaller "
            "number wins, here that of the larger name, as in all else that has equal times"
        ),
    ),
    Table(
        "What either region adds to a score counts",
        "counter_map",
        (
            (do("increment", "x", 11), None),
            "sync",
            both(do("increment", "x", 10)),
            "sync",
            both(sees(31)),
        ),
        reads=lambda counts: counts.value("x"),
    ),
    Table(
        "What is added to a score while its element is removed",
        "counter_map",
        (
            (do("increment", "x", 41), None),
            "sync",
            both(sees(41)),
            (do("remove", "x"), do("increment", "x", 20)),
            (sees(0, there=None), sees(61)),
            "sync",
            both(sees(20)),
        ),
        reads=lambda counts: counts.value("x"),
        differs=(
            "a key that is not there stands at 0, as all that was never counted; whether it "
            'is there is asked by `"x" in counts`'
        ),
    ),
    Table(
        "A score that is set, and then added to in both regions",
        "sorted_map",
        (
            (do("set", "x", 1.1), None),
            "sync",
            both(do("set", "x", 2.1)),
            "sync",
            both(sees(2.1, there=3.1)),
        ),
        reads=lambda scores: scores.score("x"),
        differs=(
            "there one type has ZADD and ZINCRBY; here they are two: scores of which the "
            "latest is read, and may be any number, and counts that add up, of whole "
            "numbers, for sums of floats would depend on the order in which they came"
        ),
    ),
)

HASHES = (
    Table(
        "What either region has set is in both",
        "lww_map",
        (
            (do("set", "field1", "a"), None),
            (None, do("set", "field2", "b")),
            "sync",
            both(sees({"field1": "a", "field2": "b"})),
        ),
        reads=dict,
    ),
    Table(
        "A deletion takes away what its region has seen",
        "lww_map",
        (
            (do("set", "field1", "a"), None),
            "sync",
            (do("delete", "field1"), do("set", "field1", "b")),
            (sees({}), sees({"field1": "b"})),
            "sync",
            both(sees({"field1": "b"})),
        ),
        reads=dict,
    ),
    Table(
        "A field that is a counter",
        "counter_map",
        (
            (do("increment", "field1", 7), do("increment", "field1", 3)),
            "sync",
            both(sees({"field1": 10})),
        ),
        reads=lambda counts: dict(counts.items()),
    ),
)

HYPERLOGLOGS = (
    Table(
        "Values that are added one after the other",
        "cardinality",
        (
            (do("add", "x"), None),
            "sync",
            (None, do("add", "y")),
            "sync",
            both(sees(2)),
        ),
        reads=lambda visitors: visitors.count(),
    ),
    Table(
        "Values that are added at the same time",
        "cardinality",
        ((do("add", "x"), do("add", "y")), both(sees(1)), "sync", both(sees(2))),
        reads=lambda visitors: visitors.count(),
    ),
    Table(
        "It is gone in all regions where one removes it, with what others had added meanwhile",
        "cardinality",
        (
            (do("add", "e1"), None),
            "sync",
            both(sees(1)),
            (do("add", "e2"), Drop()),
            (sees(2), sees(0)),
            "sync",
            both(sees(0)),
        ),
        reads=lambda visitors: visitors.count(),
    ),
)

STREAMS = (
    Table(
        "What either region has appended stands in one order",
        "log",
        (
            (do("append", "hello"), None),
            (None, do("append", "goodbye")),
            (sees(["hello"]), sees(["goodbye"])),
            "sync",
            both(sees(["hello", "goodbye"])),
        ),
        reads=list,
    ),
    Table(
        "What is appended while the stream is removed elsewhere",
        "log",
        (
            (do("append", "hello"), None),
            "sync",
            both(sees(["hello"])),
            (Drop(), do("append", "goodbye")),
            "sync",
            both(sees([], there=["goodbye"])),
        ),
        reads=list,
        differs=(
            "what a log has had is made room for by its limits, so that nothing is "
            "remembered of it; to drop one is an operator's act, which is to take away what "
            "others wrote before they heard of it, and of every type alike"
        ),
    ),
)

EXPIRY = (
    Table(
        "Of two deadlines that are set at the same time the longer holds",
        "or_set",
        (
            (do("add", "x"), None),
            "sync",
            (None, do("expire", "x", 50)),
            (do("expire", "x", 10), None),
            (sees(10), sees(50)),
            "sync",
            both(sees(50)),
        ),
        reads=lambda elements: longest(elements.ttl("x")),
    ),
    Table(
        "What is made to persist does so, whatever deadline others set at the same time",
        "lww_map",
        (
            (do("set", "x", 1), None),
            (do("expire", "x", 60), None),
            "sync",
            (do("persist", "x"), do("expire", "x", 50)),
            (sees(None), sees(50)),
            "sync",
            both(sees(None)),
        ),
        reads=lambda fields: longest(fields.ttl("x")),
    ),
    Table(
        "Deadlines of a register",
        "lww_register",
        (
            (do("set", "x"), None),
            "sync",
            (None, do("expire", 50)),
            (do("expire", 10), None),
            "sync",
            both(sees(10, there=50)),
        ),
        reads=lambda register: longest(register.ttl()),
        differs=(
            "a deadline is a part of what was written, and of a register only one write is "
            "kept, the last; there a key's deadline is one of its own"
        ),
    ),
)

ALL = (
    *SETS,
    *STRINGS,
    *COUNTERS,
    *SORTED_SETS,
    *HASHES,
    *HYPERLOGLOGS,
    *STREAMS,
    *EXPIRY,
)


def pass_a_millisecond() -> None:
    """Let the clock go on, so that one row is written after another in all regions."""
    began = time_ns() // 10**6
    while time_ns() // 10**6 == began:
        pass


@pytest.fixture(params=["memory", "valkey"])
def regions(request: pytest.FixtureRequest, new_client: NewClient) -> Iterator[list[Any]]:
    """Two regions that have not met."""
    names = ("region1", "region2")
    if request.param == "memory":
        yield [memory.Replica(replica_id=name) for name in names]
        return
    with (
        Replica(new_client("valkey"), replica_id="region1") as first,
        Replica(new_client("valkey"), replica_id="region2") as second,
    ):
        yield [first, second]


@pytest.mark.parametrize("table", ALL, ids=lambda table: f"{table.kind}-{table.says}")
def test_a_table(table: Table, regions: list[Any]) -> None:
    if table.at_once:
        now = time_ns() // 10**6
        regions = [memory.Replica(replica_id=r.replica_id, clock=lambda: now) for r in regions]
    collections = [getattr(region, table.kind)("key1") for region in regions]
    for number, row in enumerate(table.rows, start=1):
        if not table.at_once:
            pass_a_millisecond()
        if row == "sync":
            regions[0].sync(regions[1])
            continue
        for region, collection, cell in zip(regions, collections, row, strict=True):
            match cell:
                case Do(method, args):
                    getattr(collection, method)(*args)
                case Drop():
                    assert region.drop("key1")
                case Sees(here, _):
                    found = table.reads(collection)
                    assert found == here, f"t{number} at {region.replica_id}"


def test_words_stand_where_something_differs() -> None:
    for table in ALL:
        cells = [cell for row in table.rows if row != "sync" for cell in row]
        differ = any(isinstance(cell, Sees) and cell.here != cell.there for cell in cells)
        assert differ == bool(table.differs), table.says


def test_what_was_long_on_its_way_is_read(regions: list[Any]) -> None:
    """The table of what ``XREAD`` skips: 115 of the other region, between 110 and 120 of its own.

    There only consumer groups are sure to be given all; here a log is read on by arrival.
    """
    one, other = (region.log("x") for region in regions)
    for log, value in ((one, 110), (other, 115), (one, 120), (one, 130)):
        pass_a_millisecond()
        log.append(value)
    first = one.read(limit=2)
    assert [entry.value for entry in first.entries] == [110, 120]
    regions[0].sync(regions[1])
    rest, cursor = [], first.cursor
    while (read := one.read(cursor)).entries:
        rest += [entry.value for entry in read.entries]
        cursor = read.cursor
    assert rest == [130, 115]  # by XREAD it would have been 130 alone
    assert list(one) == list(other) == [110, 115, 120, 130]
