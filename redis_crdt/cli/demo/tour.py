"""Each type, written on both sides of a cut, and what its rule makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from redis_crdt.cli.demo.regions import Region


@dataclass(frozen=True)
class Call:
    """A write: a method of the collection, and its arguments."""

    method: str
    args: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.method}({', '.join(map(_quoted, self.args))})"


def call(method: str, *args: Any) -> Call:
    """Return a call, as it would be written down."""
    return Call(method, args)


@dataclass(frozen=True)
class Stop:
    """A type: what there is before the cut, what either side writes, and the rule, in short."""

    kind: str
    reads: Callable[[Any], Any]
    before: Call | None
    here: Call
    there: Call
    rule: str


@dataclass(frozen=True)
class Seen:
    """What was read at a stop."""

    stop: Stop
    before: str
    here: str
    there: str
    healed: tuple[str, ...]
    """By each region, once they are healed."""
    states: tuple[Mapping[str, str], ...]
    """Every entry with its metadata, by each of them."""

    @property
    def is_equal(self) -> bool:
        """Whether all regions are the same, to the last byte."""
        return all(state == self.states[0] for state in self.states) and len({*self.healed}) == 1


def _value(collection: Any) -> Any:
    return collection.value()


def _get(collection: Any) -> Any:
    return collection.get()


def _tasks(queue: Any) -> Any:
    return f"{queue.pending() + queue.elsewhere()} tasks"


def _items(collection: Any) -> Any:
    return dict(collection.items())


STOPS = (
    Stop(
        "or_set",
        set,
        call("add", "docs"),
        call("remove", "docs"),
        call("add", "docs"),
        "an unseen add wins",
    ),
    Stop(
        "rw_set",
        set,
        call("add", "ann"),
        call("remove", "ann"),
        call("add", "ann"),
        "the removal wins",
    ),
    Stop("g_set", set, None, call("add", "a"), call("add", "b"), "the union"),
    Stop(
        "cardinality",
        lambda visitors: visitors.count(),
        None,
        call("add", "a", "b"),
        call("add", "b", "c"),
        "as if in one place",
    ),
    Stop(
        "log",
        list,
        None,
        call("append", "who?"),
        call("append", "I do"),
        "one order, by time",
    ),
    Stop("work_queue", _tasks, None, call("put", "docs"), call("put", "ci"), "each has one owner"),
    Stop("g_counter", _value, None, call("increment", 5), call("increment", 2), "all count"),
    Stop(
        "budget",
        lambda budget: budget.remaining(),
        call("grant", 10),
        call("spend", 10),
        call("grant", 5),
        "never overspent",
    ),
    Stop(
        "pn_counter",
        _value,
        call("increment", 10),
        call("reset"),
        call("increment", 3),
        "unseen counts stay",
    ),
    Stop(
        "counter_map",
        _items,
        call("increment", "a", 10),
        call("remove", "a"),
        call("increment", "a", 5),
        "unseen counts stay",
    ),
    Stop(
        "sorted_map",
        _items,
        None,
        call("set", "a", 1.5),
        call("set", "a", 2),
        "the latest wins",
    ),
    Stop(
        "lww_register",
        _get,
        call("set", "small"),
        call("set", "large"),
        call("set", "fast"),
        "the latest wins",
    ),
    Stop(
        "lww_map",
        _items,
        call("set", "ci", "busy"),
        call("delete", "ci"),
        call("set", "ci", "idle"),
        "an unseen set wins",
    ),
    Stop("mv_register", _get, None, call("set", "ann"), call("set", "bob"), "both are kept"),
    Stop("ew_flag", _value, None, call("enable"), call("disable"), "to enable wins"),
    Stop("dw_flag", _value, call("enable"), call("enable"), call("disable"), "to disable wins"),
    Stop("max_register", _get, None, call("set", 9), call("set", 7), "the largest wins"),
    Stop("min_register", _get, None, call("set", 9), call("set", 7), "the smallest wins"),
)
"""All types, in the order in which the README has them."""


def tour(regions: Sequence[Region]) -> list[Seen]:
    """Write to each type in the first region and in the last, which do not hear of each other.

    Then all of them are brought together, each two once.
    """
    opened = [[getattr(r.replica, stop.kind)(stop.kind) for stop in STOPS] for r in regions]
    first, last = opened[0], opened[-1]
    for stop, collection in zip(STOPS, first, strict=True):
        _carry_out(stop.before, collection)
    _bring_together(regions)
    before = _read(first)
    for stop, collection in zip(STOPS, first, strict=True):
        _carry_out(stop.here, collection)
    for stop, collection in zip(STOPS, last, strict=True):
        _carry_out(stop.there, collection)
    here, there = _read(first), _read(last)
    _bring_together(regions)
    healed = zip(*map(_read, opened), strict=True)
    states = ([one.dump().entries for one in each] for each in zip(*opened, strict=True))
    return [
        Seen(stop, *read, healed=in_all, states=tuple(entries))
        for stop, read, in_all, entries in zip(
            STOPS, zip(before, here, there, strict=True), healed, states, strict=True
        )
    ]


def _carry_out(what: Call | None, collection: Any) -> None:
    if what is not None:
        getattr(collection, what.method)(*what.args)


def _bring_together(regions: Sequence[Region]) -> None:
    for one, other in combinations(regions, 2):
        one.replica.sync(other.replica)


def _read(collections: Sequence[Any]) -> list[str]:
    pairs = zip(STOPS, collections, strict=True)
    return [_shown(stop.reads(collection)) for stop, collection in pairs]


def _shown(value: Any) -> str:
    """Return what was read, for people."""
    match value:
        case None:
            return "nothing"
        case float():
            return f"{value:g}"
        case bool():
            return "enabled" if value else "disabled"
        case Mapping():
            parts = [f"{key} {_shown(part)}" for key, part in value.items()]
        case AbstractSet():
            parts = sorted(value)
        case list():
            parts = value
        case _:
            return str(value)
    return ", ".join(parts) or "nothing"


def _quoted(argument: Any) -> str:
    return f'"{argument}"' if isinstance(argument, str) else str(argument)
