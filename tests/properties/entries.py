"""Strategies for entries: few writers and small times, so that they meet in one dot often."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from redis_crdt.core.clock import Dot, Time
from redis_crdt.core.dots import FOREVER, Dots
from redis_crdt.core.entries import Entry, Last, Line, Rank, Total
from redis_crdt.core.tallies import Count, Tally
from redis_crdt.types.g_set.kind import THERE
from redis_crdt.types.work_queue.tasks import Task
from redis_crdt.values.codec import codec_for
from redis_crdt.values.ranks import rank_of

writers = st.sampled_from(["a#1", "a#2", "b#1", "b-x#0z"])
times = st.builds(Time, st.integers(1, 4), st.integers(0, 2))
dots = st.builds(Dot, times, writers)
deadlines = st.integers(1, 4) | st.integers(9 * 10**14, 9 * 10**14 + 2)
values = st.sampled_from([b"0", b"1", b'"a"', b'"\xc3\xa9"', b"[]"])


@st.composite
def states(draw: st.DrawFn, of: st.SearchStrategy[bytes | None], *, expire: bool = False) -> Dots:
    """A set of live dots, with values or None, and what else was seen; never nothing at all.

    Where they may ``expire``, half of them have deadlines.
    """
    live = draw(st.dictionaries(dots, of, max_size=4))
    seen = draw(st.dictionaries(writers, times, min_size=0 if live else 1, max_size=3))
    for dot in live:
        seen[dot.writer] = max(seen.get(dot.writer, dot.time), dot.time)
    if not expire or draw(st.booleans()):
        return Dots(live, seen)
    mortal = {dot: draw(deadlines) for dot in live if draw(st.booleans())}
    lives = max((mortal.get(dot, FOREVER) for dot in live), default=0)
    return Dots.of(live, seen, mortal, max(lives, draw(deadlines | st.just(FOREVER))))


@st.composite
def totals(draw: st.DrawFn) -> Total:
    """An amount, now and then with what is counted in of past incarnations."""
    amounts = st.integers(1, 5) | st.integers(2**53 - 2, 2**63 - 1)
    folded = draw(st.dictionaries(st.sampled_from(["1", "2", "a", "z9"]), amounts, max_size=3))
    settled = draw(st.sampled_from(["", "", "0"]))
    return Total(draw(amounts), tuple(sorted(folded.items())), settled)


numbers = st.integers() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.text("\x00 !a")
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)
ranks: st.SearchStrategy[Rank] = st.one_of(
    st.builds(rank_of, st.just(codec_for(int | float)), numbers),
    st.builds(rank_of, st.just(codec_for(str)), texts),
    st.builds(rank_of, st.just(codec_for(datetime)), moments),
)


@st.composite
def resettable(draw: st.DrawFn) -> Total:
    """A total, now and then with a baseline."""
    total = draw(totals())
    seen = draw(st.none() | totals())
    baseline = seen and replace(seen, amount=min(seen.amount, total.amount))
    return replace(total, baseline=baseline)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    """What few writers have counted, and what of it was removed."""
    amounts = st.integers(0, 5) | st.integers(2**53 - 2, 2**63 - 1)

    def count() -> Count:
        up, down = draw(amounts), draw(amounts)
        return Count(
            up or int(not down), draw(st.sampled_from([0, up])), down, min(draw(amounts), down)
        )

    return Tally({writer: count() for writer in draw(st.sets(writers, min_size=1))})


tasks = st.builds(
    Task,
    writers,
    values,
    *(st.integers(0, 2), st.integers(0, 2), st.sampled_from([b"0", b"1", b"2"])),
).map(bytes)

ENTRIES: dict[str, st.SearchStrategy[Entry]] = {
    "ew_flag": states(st.sampled_from([b"true", b"false"])),
    "g_counter": totals(),
    "g_set": st.just(THERE),
    "cardinality": st.builds(
        Line,
        st.lists(st.sampled_from(b"0019Ac"), min_size=64, max_size=64)
        .map(bytes)
        .filter(lambda text: text.count(b"0") < 64),
    ),
    "log": st.builds(Line, values | st.sampled_from([b"0000000000003-a1", b"0000000000003-b10"])),
    "lww_register": st.builds(Last, dots, st.none())
    | st.builds(Last, dots, values, st.none() | deadlines),
    "max_register": ranks,
    "min_register": ranks,
    "or_set": states(st.none(), expire=True),
    "lww_map": states(values, expire=True),
    "pn_counter": resettable(),
    "counter_map": tallies(),
    "work_queue": states(tasks),
    "budget": st.builds(Total, st.integers(1, 5) | st.integers(2**53 - 2, 2**63 - 1)),
}
"""For each join, and the dots both with and without values, the entries of one kind."""

contexts = st.dictionaries(writers, times, max_size=3)
"""What one side's replica knows."""
