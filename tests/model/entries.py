"""Entries of the model, their join, and what deadlines do to them.

A dot has a deadline, and is dead for whoever's clock has come to it: nobody tells anybody. An
entry also has `until`, the latest deadline among what it replaced. So each entry has a horizon,
from which on nothing of what it has seen can live anywhere: then it is as if it had never been.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

FOREVER = 10**9
NEVER = -1
MARGIN = 10  # no two clocks differ by more: so long the dead are kept, lest others miss them
Vector = dict[str, int]  # writer -> time


class Dot(NamedTuple):
    """The name of a write, and until when it lives."""

    time: int
    writer: str
    deadline: int = FOREVER


class Entry(NamedTuple):
    """Live dots, what was seen of each writer, and the latest deadline of what was replaced, if it
    is later than those of all that live."""

    live: frozenset[Dot]
    seen: Vector
    until: int = NEVER

    def alive(self, now: int) -> frozenset[Dot]:
        """What readers see: they never see the dead."""
        return frozenset(dot for dot in self.live if dot.deadline > now)


NOTHING = Entry(frozenset(), {})


def of(writer: str) -> str:
    """The replica whose incarnation this is."""
    return writer.split("#")[0]


def born(writer: str) -> int:
    """When the incarnation began."""
    return int(writer.split("#")[1].removeprefix("<"))


def is_floor(writer: str) -> bool:
    return "#<" in writer


def within(writer: str, floor: str) -> bool:
    return "#" in writer and of(writer) == of(floor) and born(writer) <= born(floor)


def clock_of(known: Mapping[str, int], writer: str) -> int:
    """Up to when a writer is known: by its own name, or else as one of those that are folded."""
    if writer in known:
        return known[writer]
    floors = (t for w, t in known.items() if is_floor(w) and within(writer, w))
    return max([-1, *floors])


def covers(seen: Mapping[str, int], dot: Dot) -> bool:
    return clock_of(seen, dot.writer) >= dot.time


def either(dot: Dot, seen: Vector, known: Vector) -> bool:
    return covers(seen, dot) or covers(known, dot)


def raise_to(vector: Vector, other: Mapping[str, int]) -> None:
    for writer, time in other.items():
        vector[writer] = max(vector.get(writer, -1), time)


def horizon(entry: Entry) -> int:
    """When all that it has seen is dead."""
    return max([entry.until, *(dot.deadline for dot in entry.live)])


def trimmed(live: frozenset[Dot], seen: Vector, until: int) -> Entry:
    """The entry of these: what is implied by the live dots is not said."""
    return Entry(live, seen, until if until > horizon(Entry(live, seen)) else NEVER)


def join_entries(
    mine: Entry, theirs: Entry, known: Vector, their_known: Vector, travels: bool = True
) -> Entry:
    """The join of `dots`, each side with what it knows."""
    live = {d for d in mine.live if d in theirs.live or not either(d, theirs.seen, their_known)}
    live |= {d for d in theirs.live if d in mine.live or not either(d, mine.seen, known)}
    seen = dict(mine.seen)
    raise_to(seen, theirs.seen)
    until = max(horizon(mine), horizon(theirs)) if travels else horizon(mine)
    return trimmed(frozenset(live), seen, until)
