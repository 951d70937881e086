"""Dots: the shape of the entries of sets, maps, flags and MV registers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from redis_crdt.core.clock import Dot, Time, parse_deadline
from redis_crdt.core.texts import ascii_of, check_value
from redis_crdt.errors import InvalidDump

MAX_DOTS = 4096

WIDE = 8
"""An entry that has seen so many dots that no longer live is looked after by collection."""

FOREVER = 10**15
"""The deadline of what does not expire: later than any time that can be written down."""

MARGIN = 60_000
"""For so many milliseconds the dead are kept, so that a region whose clock is behind, which must
see them still, is told of them by others."""


def _sorted_dots(dots: Iterable[Dot]) -> list[Dot]:
    return sorted(dots, key=lambda dot: (dot.writer, dot.time))


class Expiry(NamedTuple):
    """What an entry tells of deadlines."""

    deadlines: dict[Dot, int]
    """Those of its live dots that have one."""
    until: int | None


@dataclass(frozen=True, slots=True)
class Dots:
    """An element, a key, or an MV register: live dots, and the latest seen per writer.

    ``seen`` is what this entry has seen, the live dots included; what its replica knows is context,
    too. ``live`` maps each dot to its value, ``None`` in an OR-Set, where that is the element.
    Text: ``DOT DOT|DOT``, the live ones, then what else was seen; a line per value follows.

    A dot may have a deadline, in milliseconds: ``DOT~MS``. From then on it is dead for whoever's
    clock has come there, though it stays where it is. ``until`` is the latest deadline of all that
    was replaced, where that is not said by the live dots: ``DOT~MS|DOT~UNTIL``, with ``*`` for what
    would not expire. Of a tombstone it is said if all of it would.
    """

    live: dict[Dot, bytes | None]
    seen: dict[str, Time]
    expiry: Expiry | None = None
    """What is told of deadlines; None in most entries, in which nothing has one."""

    @classmethod
    def of(
        cls,
        live: dict[Dot, bytes | None],
        seen: dict[str, Time],
        deadlines: dict[Dot, int],
        horizon: int,
    ) -> Dots:
        """Return the entry of these whose horizon is this: what goes without saying is not said."""
        implied = max((deadlines.get(dot, FOREVER) for dot in live), default=FOREVER)
        is_implied = horizon <= implied if live else horizon == FOREVER
        until = None if is_implied else horizon
        return cls(live, seen, Expiry(deadlines, until) if deadlines or until is not None else None)

    @classmethod
    def parse(cls, text: bytes, valued: bool, expires: bool = False) -> Dots:
        """Read the text; raises :class:`InvalidDump` if it is not canonical.

        ``valued`` tells whether every live dot must have a value, or none; ``expires`` whether any
        may have a deadline.
        """
        head, *values = text.split(b"\n")
        living, _, others = ascii_of(head).partition("|")
        if living.count("@") + others.count("@") > MAX_DOTS:
            raise InvalidDump(f"an entry with more than {MAX_DOTS} dots")
        deadlines: dict[Dot, int] = {}
        dots = []
        for word in living.split():
            name, mortal, deadline = word.partition("~")
            dots.append(Dot.parse(name))
            if mortal:
                deadlines[dots[-1]] = parse_deadline(deadline)
        others, mortal, last = others.partition("~")
        until = (FOREVER if last == "*" else parse_deadline(last)) if mortal else None
        if values and len(values) != len(dots):
            raise InvalidDump("an entry has not one value for each of its dots")
        live: dict[Dot, bytes | None] = dict.fromkeys(dots)
        if values:
            live = {dot: check_value(value) for dot, value in zip(dots, values, strict=True)}
        seen = {dot.writer: dot.time for dot in dots}
        seen |= {dot.writer: dot.time for dot in map(Dot.parse, others.split())}
        if until is not None:
            entry = cls.of(live, seen, deadlines, until)
        else:
            entry = cls(live, seen, Expiry(deadlines, None) if deadlines else None)
        if bytes(entry) != text or not seen or (valued != bool(values) and live):
            raise InvalidDump(f"dots that are not in canonical form: {text[:80]!r}")
        if entry.has_deadlines and not expires:
            raise InvalidDump(f"a deadline where nothing expires: {text[:80]!r}")
        return entry

    def __bytes__(self) -> bytes:
        live = _sorted_dots(self.live)
        implied = {dot.writer: dot.time for dot in live}
        others = [Dot(t, w) for w, t in self.seen.items() if t > implied.get(w, Time(-1))]
        text = " ".join(map(str, live))
        if self.deadlines:
            ends = {dot: f"~{deadline}" for dot, deadline in self.deadlines.items()}
            text = " ".join(f"{dot}{ends.get(dot, '')}" for dot in live)
        if others:
            text += "|" + " ".join(map(str, _sorted_dots(others)))
        if self.until is not None:
            text += ("" if others else "|") + "~"
            text += "*" if self.until == FOREVER else str(self.until)
        values = [b"\n" + value for dot in live if (value := self.live[dot]) is not None]
        return b"".join([text.encode(), *values])

    @property
    def time(self) -> Time:
        """The latest time that it has seen."""
        return max(self.seen.values(), default=Time(0))

    @property
    def is_tombstone(self) -> bool:
        """Whether no dot lives: the element was removed."""
        return not self.live

    @property
    def has_deadlines(self) -> bool:
        """Whether anything that it has seen had a deadline that still says something."""
        return self.expiry is not None

    @property
    def deadlines(self) -> dict[Dot, int]:
        """Those of the live dots that have one."""
        return {} if self.expiry is None else self.expiry.deadlines

    @property
    def until(self) -> int | None:
        """The latest deadline of all that was replaced, where the live dots do not say it."""
        return None if self.expiry is None else self.expiry.until

    @property
    def horizon(self) -> int:
        """When all that it has seen is dead; below zero if it has seen nothing."""
        if not self.seen:
            return -1
        if self.until is None:
            return self.last_deadline if self.live else FOREVER
        return max(self.last_deadline, self.until)

    @property
    def last_deadline(self) -> int:
        """When nothing of it is alive any more."""
        return max((self.deadlines.get(dot, FOREVER) for dot in self.live), default=-1)

    def is_past(self, now: int) -> bool:
        """Whether all that it has seen is dead, here and wherever clocks are behind.

        Then it is as if it had never been.
        """
        return self.has_deadlines and self.horizon + MARGIN <= now

    def alive(self, now: int) -> Dots:
        """Return it without the live dots that are dead: what readers see."""
        if not self.deadlines:
            return self
        live = {d: v for d, v in self.live.items() if self.deadlines.get(d, FOREVER) > now}
        deadlines = {dot: end for dot, end in self.deadlines.items() if dot in live}
        return Dots(live, self.seen, Expiry(deadlines, None) if deadlines else None)

    def replaced(self, live: dict[Dot, bytes | None], deadline: int | None = None) -> Dots:
        """Return what becomes of it by a write of these dots in place of all its own, or of none.

        ``deadline`` is theirs, if they have one.
        """
        seen = self.seen.copy()
        for dot in live:
            seen[dot.writer] = dot.time
        if deadline is None and self.expiry is None:
            return Dots(live, seen)
        deadlines = {} if deadline is None else dict.fromkeys(live, deadline)
        last = FOREVER if deadline is None else deadline
        return Dots.of(live, seen, deadlines, max(self.horizon, last) if live else self.horizon)

    @property
    def latest_value(self) -> bytes:
        """The value of the latest of the concurrent writes."""
        value = self.live[max(self.live)]
        assert value is not None
        return value

    @property
    def count(self) -> int:
        """How many dots its text has."""
        living = {dot.writer: dot.time for dot in sorted(self.live)}
        return len(self.live) + sum(living.get(w) != time for w, time in self.seen.items())

    @property
    def is_wide(self) -> bool:
        """Whether it has seen much that no longer lives."""
        return (
            len(self.seen) >= WIDE and len(self.seen.keys() - {d.writer for d in self.live}) >= WIDE
        )

    def covers(self, dot: Dot) -> bool:
        """Whether this entry has seen the dot."""
        known = self.seen.get(dot.writer)
        return known is not None and dot.time <= known


def written(old: Dots | None, dot: Dot, value: bytes | None = None) -> Dots:
    """Return what a write makes of an entry: its dot stands in place of all that it has seen."""
    return (old or Dots({}, {})).replaced({dot: value})
