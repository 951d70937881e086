"""Entries: the unit of merging. Their shapes, and the text in which they are written down.

Programs, dumps and files have this plain text. Servers store entries of sets and maps packed, and
send them so (:mod:`redis_crdt.operations.bodies`); ``lua/lib/entry.lua`` is the same codec on the
server. Each shape has one canonical form, so that equal entries are equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from redis_crdt.core.clock import Dot, Time, parse_deadline
from redis_crdt.core.tallies import Tally
from redis_crdt.errors import InvalidDump

MAX_TOTAL = 2**63 - 1
MAX_FIELD = 65_536
MAX_ENTRY = 1_048_576
MAX_VALUE = MAX_ENTRY - 4096
"""What is left of an entry's size for the dots that go with the value."""

MAX_JOINED = 16 * MAX_ENTRY
"""The concurrent values of a register or key may come from many regions, each of which has kept to
the limit: what is joined of them must not be too large to be passed on."""

MAX_DOTS = 4096
MAX_BATCH = 1000

WIDE = 8
"""An entry that has seen so many dots that no longer live is looked after by collection."""

MAX_HISTORY = 64
"""Of each replica so many incarnations are remembered."""

MAX_KNOWN = 4096
"""Of so many writers a clock is known, and of the sources themselves."""

MAX_SILENT = 1024
"""So many writers are remembered for whom something was collected that the feed does not tell
of."""

FOREVER = 10**15
"""The deadline of what does not expire: later than any time that can be written down."""

MARGIN = 60_000
"""For so many milliseconds the dead are kept, so that a region whose clock is behind, which must
see them still, is told of them by others."""

_CONTROL = re.compile(rb"[\x00-\x1f]")
_TOTAL = re.compile(rb"[1-9][0-9]{0,18}")
_RANK = re.compile(
    rb"n0|n1[0-9]{4}[1-9](?:[0-9]*[1-9])?|n-[0-9]{4}[0-8](?:[0-9]*[0-8])?~"
    rb"|s(?:[^\x00-\x20]| [0-P])*|t[0-9]{18}"
)
LATEST = b"t315537897599999999"
"""The last microsecond of the year 9999."""

_FOLDED = re.compile(rb"([0-9a-z]+)(?:=([0-9]+))?")


def has_control(text: bytes) -> bool:
    """Whether the text has a byte below 0x20, which JSON never has and entries use to separate."""
    return _CONTROL.search(text) is not None


def _check_value(value: bytes) -> bytes:
    if not value or has_control(value):
        raise InvalidDump("an entry's value is not one line of JSON")
    return value


def _ascii(text: bytes) -> str:
    try:
        return text.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidDump(f"not a dot: {text[:80]!r}") from error


@dataclass(frozen=True, slots=True)
class Total:
    """A counter's entry: how much one writer has counted. Text: ``17``.

    Where its replica has counted in what its past incarnations had counted, it says of each how
    much: ``17 INCARNATION=AMOUNT ...``. Of those before the last 64 it only says that they are in,
    up to which: ``17 INCARNATION INCARNATION=AMOUNT ...``. They are in the order of their birth.

    Where resets have taken something away, the baseline follows: this total as the latest of them
    saw it, so ``17|12``, or ``17 9=5|12 9=5``.
    """

    amount: int
    folded: tuple[tuple[str, int], ...] = ()
    settled: str = ""
    baseline: Total | None = None

    @classmethod
    def parse(cls, text: bytes) -> Total:
        """Read the text; raises :class:`InvalidDump` if it is not a canonical total."""
        so_far, bar, seen = text.partition(b"|")
        total = cls._parse(so_far)
        if not bar:
            return total
        baseline = cls._parse(seen)
        if baseline.amount > total.amount:
            raise InvalidDump(f"a counter's baseline above its total: {text[:80]!r}")
        return replace(total, baseline=baseline)

    @classmethod
    def _parse(cls, text: bytes) -> Total:
        amount, *words = text.split(b" ")
        settled, folded = "", []
        for number, word in enumerate(words):
            match = _FOLDED.fullmatch(word)
            if match is None or (match[2] is None and number):
                raise InvalidDump(f"not a counter total: {text[:80]!r}")
            if match[2] is None:
                settled = match[1].decode()
            else:
                folded.append((match[1].decode(), _amount(match[2])))
        names = [settled, *(name for name, _ in folded)]
        if len(folded) > MAX_HISTORY or any(a >= b for a, b in pairwise(names)):
            raise InvalidDump(f"not a counter total: {text[:80]!r}")
        return cls(_amount(amount), tuple(folded), settled)

    def __bytes__(self) -> bytes:
        words = [b"%d" % self.amount]
        if self.settled:
            words.append(self.settled.encode())
        words += (b"%b=%d" % (name.encode(), amount) for name, amount in self.folded)
        text = b" ".join(words)
        return text if self.baseline is None else b"%b|%b" % (text, bytes(self.baseline))

    @property
    def counted(self) -> Total:
        """All that was counted, whatever resets took away."""
        return self if self.baseline is None else replace(self, baseline=None)

    @property
    def order(self) -> tuple[int, bytes]:
        """What ``max`` compares; a writer has one text for each amount, unless it lies."""
        return self.amount, bytes(self)

    @property
    def time(self) -> Time:
        """Totals have no time."""
        return Time(0)

    @property
    def is_tombstone(self) -> bool:
        """Totals are never removed."""
        return False


@dataclass(frozen=True, slots=True)
class Rank:
    """A value that all writers share, as text whose bytes are in the order of values.

    :mod:`redis_crdt.values.ranks` makes it. Text:
    ``n``, a number, ``s``, a string, or ``t``, a time.
    """

    order: bytes

    @classmethod
    def parse(cls, text: bytes) -> Rank:
        """Read the text; raises :class:`InvalidDump` if it is not canonical."""
        if _RANK.fullmatch(text) is None or (text[:1] == b"t" and text > LATEST):
            raise InvalidDump(f"not a number, string or time in its order: {text[:80]!r}")
        return cls(text)

    def __bytes__(self) -> bytes:
        return self.order

    @property
    def time(self) -> Time:
        """Whoever wrote it, and when, it is the same."""
        return Time(0)

    @property
    def is_tombstone(self) -> bool:
        """Ranks are never removed."""
        return False


def _amount(text: bytes) -> int:
    if _TOTAL.fullmatch(text) is None or int(text) > MAX_TOTAL:
        raise InvalidDump(f"not a counter total: {text[:80]!r}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Last:
    """The last write of a register. Text: the dot, and ``\\nVALUE``, which all writes have."""

    dot: Dot
    value: bytes | None

    @classmethod
    def parse(cls, text: bytes) -> Last:
        """Read the text; raises :class:`InvalidDump` if it is not canonical."""
        head, newline, value = text.partition(b"\n")
        return cls(Dot.parse(_ascii(head)), _check_value(value) if newline else None)

    def __bytes__(self) -> bytes:
        head = str(self.dot).encode()
        return head if self.value is None else head + b"\n" + self.value

    @property
    def time(self) -> Time:
        """When it was written."""
        return self.dot.time

    @property
    def is_tombstone(self) -> bool:
        """Whether it has no value."""
        return self.value is None


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
        living, _, others = _ascii(head).partition("|")
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
            live = {dot: _check_value(value) for dot, value in zip(dots, values, strict=True)}
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


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: what was appended to a log, or how far one was trimmed.

    Its field tells when it was written; so does :meth:`redis_crdt.core.kinds.Kind.parse`.
    """

    text: bytes
    time: Time = field(default=Time(0), compare=False)

    @classmethod
    def parse(cls, text: bytes, time: Time = Time(0)) -> Line:
        """Read the text; raises :class:`InvalidDump` if it is not one line."""
        return cls(_check_value(text), time)

    def __bytes__(self) -> bytes:
        return self.text

    @property
    def is_tombstone(self) -> bool:
        """Lines are never removed in this way."""
        return False


Entry = Total | Rank | Last | Dots | Line | Tally


def written(old: Dots | None, dot: Dot, value: bytes | None = None) -> Dots:
    """Return what a write makes of an entry: its dot stands in place of all that it has seen."""
    seen = {**old.seen, dot.writer: dot.time} if old else {dot.writer: dot.time}
    return Dots({dot: value}, seen)
