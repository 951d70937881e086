"""The three joins that carry every type. Pure: nothing here knows servers, values or types.

Each merges two entries of the same field and is commutative, associative and idempotent, so
entries may arrive in any order, any number of times. ``lua/lib/joins.lua`` says the same on the
server, and tests hold the two equal, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from types import MappingProxyType
from typing import TypeVar

from redis_crdt.core.clock import Dot, Time
from redis_crdt.core.dots import FOREVER, Dots
from redis_crdt.core.entries import Last, Line, Rank, Total

NOTHING: Mapping[str, Time] = MappingProxyType({})


M = TypeVar("M", Total, Rank)


def join_max(a: M, b: M) -> M:
    """Return the larger total: each writer counts its own up, so larger is later.

    Shapiro et al., "A comprehensive study of Convergent and Commutative Replicated Data Types",
    2011, specification 6.
    """
    return max(a, b, key=lambda entry: entry.order)


def join_min(a: Rank, b: Rank) -> Rank:
    """Return the smaller: ``max``, by the order turned round."""
    return min(a, b, key=lambda entry: entry.order)


def join_line(a: Line, b: Line) -> Line:
    """Return the larger text.

    That is the later of two times by which a log was trimmed. What was appended never changes: only
    of a liar there are two texts for one field.
    """
    return max(a, b, key=lambda line: line.text)


def join_resettable(a: Total, b: Total) -> Total:
    """Return the larger total of a counter that may be reset.

    A baseline is a total as some reset saw it, so of them, too, the larger.
    """
    if a.baseline is None and b.baseline is None:
        return join_max(a, b)
    total = join_max(a.counted, b.counted)
    baselines = [each.baseline for each in (a, b) if each.baseline is not None]
    return replace(total, baseline=reduce(join_max, baselines))


def join_last(a: Last, b: Last) -> Last:
    """Return the later write; of two at one time, that of the larger writer.

    A writer has one write per time, unless it lies: then the larger text wins, so that the rule is
    total. Shapiro et al. 2011, specification 8.
    """
    return max(a, b, key=lambda e: (e.dot, bytes(e)))


def join_dots(
    a: Dots, b: Dots, a_knows: Mapping[str, Time] = NOTHING, b_knows: Mapping[str, Time] = NOTHING
) -> Dots:
    """Keep each dot that both have, or that one has and the other has not seen.

    The optimised OR-Set of Bieniusa et al., "An optimized conflict-free replicated set", 2012,
    with a causal context for each entry. What a side's replica knows (writer -> clock) is context,
    too: what it knows and does not hold was removed.
    """
    live = {
        dot: max((v for v in (a.live.get(dot), b.live.get(dot)) if v is not None), default=None)
        for dot in a.live.keys() | b.live.keys()
        if (dot in a.live or not (a.covers(dot) or knows(a_knows, dot)))
        and (dot in b.live or not (b.covers(dot) or knows(b_knows, dot)))
    }
    seen = {
        writer: max(t for t in (a.seen.get(writer), b.seen.get(writer)) if t is not None)
        for writer in a.seen.keys() | b.seen.keys()
    }
    if not a.has_deadlines and not b.has_deadlines:
        return Dots(live, seen)
    deadlines = {
        # One dot has one deadline; a liar's two are settled, so that all sides agree.
        dot: deadline
        for dot in live
        if (deadline := max(e.deadlines.get(dot, FOREVER) for e in (a, b) if dot in e.live))
        < FOREVER
    }
    return Dots.of(live, seen, deadlines, max(a.horizon, b.horizon))


def knows(known: Mapping[str, Time], dot: Dot) -> bool:
    """Whether one who knows so much has seen the dot."""
    clock = known.get(dot.writer)
    return clock is not None and dot.time <= clock
