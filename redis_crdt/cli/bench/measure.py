"""Measuring two things by turns, so that whatever else a machine does slows both down alike."""

from __future__ import annotations

from asyncio import Runner
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter
from typing import NamedTuple

from redis_crdt.cli.bench.figures import Spread, seconds

Timed = Callable[[int, int], float]
"""Makes the calls of one round, given the number of the first and how many; tells the seconds."""


class Pairs(NamedTuple):
    """The seconds that each round took, of what is measured and of the reference."""

    ours: list[float]
    reference: list[float]

    @property
    def ratio(self) -> Spread:
        """How many times as long ours takes."""
        return Spread.of(a / b for a, b in zip(self.ours, self.reference, strict=True))

    @property
    def speed(self) -> Spread:
        """How many times as fast ours is."""
        return Spread.of(b / a for a, b in zip(self.ours, self.reference, strict=True))

    def microseconds_more(self, calls: int = 1) -> Spread:
        """How many microseconds longer ours takes, per call."""
        pairs = zip(self.ours, self.reference, strict=True)
        return Spread.of((a - b) / calls * 1e6 for a, b in pairs)

    def medians(self, calls: int = 1) -> str:
        """Both times, in words: of a round, or per call."""
        times = (seconds(median(side) / calls) for side in self)
        return " against ".join(times)


def blocking(
    call: Callable[[int], object],
    before: Callable[[int], object] | None = None,
    clock: Callable[[], float] = perf_counter,
) -> Timed:
    """Time calls that block. ``before`` prepares each one, all of them before the clock starts."""

    def timed(first: int, calls: int) -> float:
        if before is not None:
            for i in range(first, first + calls):
                before(i)
        began = clock()
        for i in range(first, first + calls):
            call(i)
        return clock() - began

    return timed


def awaited(
    runner: Runner,
    call: Callable[[int], Awaitable[object]],
    clock: Callable[[], float] = perf_counter,
) -> Timed:
    """Time calls that are awaited, one after the other."""

    async def run(first: int, calls: int) -> float:
        began = clock()
        for i in range(first, first + calls):
            await call(i)
        return clock() - began

    return lambda first, calls: runner.run(run(first, calls))


def by_turns(ours: Timed, reference: Timed, rounds: int, calls: int = 1) -> Pairs:
    """Measure rounds of both, the one first and the other first by turns, after one for warmth."""
    found = Pairs([], [])
    for turn in range(rounds + 1):
        first = turn * calls
        if turn % 2:
            mine, theirs = ours(first, calls), reference(first, calls)
        else:
            theirs, mine = reference(first, calls), ours(first, calls)
        if turn:
            found.ours.append(mine)
            found.reference.append(theirs)
    return found
