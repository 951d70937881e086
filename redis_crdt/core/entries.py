"""Entries: the unit of merging. Their shapes, and the text in which they are written down.

Programs, dumps and files have this plain text. Servers store entries of sets and maps packed, and
send them so (:mod:`redis_crdt.operations.bodies`); ``lua/lib/entry.lua`` is the same codec on the
server. Each shape has one canonical form, so that equal entries are equal bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

from redis_crdt.core.clock import Dot, Time, parse_deadline
from redis_crdt.core.dots import FOREVER, Dots
from redis_crdt.core.tallies import Tally
from redis_crdt.core.texts import ascii_of, check_value
from redis_crdt.errors import InvalidDump

MAX_TOTAL = 2**63 - 1
MAX_FIELD = 65_536
MAX_ENTRY = 1_048_576
MAX_VALUE = MAX_ENTRY - 4096
"""What is left of an entry's size for the dots that go with the value."""

MAX_JOINED = 16 * MAX_ENTRY
"""The concurrent values of a register or key may come from many regions, each of which has kept to
the limit: what is joined of them must not be too large to be passed on."""

MAX_BATCH = 1000

MAX_HISTORY = 64
"""Of each replica so many incarnations are remembered."""

MAX_KNOWN = 4096
"""Of so many writers a clock is known, and of the sources themselves."""

MAX_SILENT = 1024
"""So many writers are remembered for whom something was collected that the feed does not tell
of."""

_TOTAL = re.compile(rb"[1-9][0-9]{0,18}")
_RANK = re.compile(
    rb"n0|n1[0-9]{4}[1-9](?:[0-9]*[1-9])?|n-[0-9]{4}[0-8](?:[0-9]*[0-8])?~"
    rb"|s(?:[^\x00-\x20]| [0-P])*|t[0-9]{18}"
)
LATEST = b"t315537897599999999"
"""The last microsecond of the year 9999."""

_FOLDED = re.compile(rb"([0-9a-z]+)(?:=([0-9]+))?")


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
    """The last write of a register. Text: the dot, and ``\\nVALUE``, which all writes have.

    A dot may have a deadline, as :class:`redis_crdt.core.dots.Dots` have. From then on there is no
    value, but the entry stays: else an earlier write that comes late would be taken for the last.
    """

    dot: Dot
    value: bytes | None
    expiry: int | None = None
    """The deadline, in milliseconds; None for ever."""

    @classmethod
    def parse(cls, text: bytes, expires: bool = False) -> Last:
        """Read the text; raises :class:`InvalidDump` if it is not canonical.

        ``expires`` tells whether there may be a deadline.
        """
        head, newline, value = text.partition(b"\n")
        name, mortal, deadline = ascii_of(head).partition("~")
        if mortal and not (expires and newline):
            raise InvalidDump(f"a deadline where nothing expires: {text[:80]!r}")
        return cls(
            Dot.parse(name),
            check_value(value) if newline else None,
            parse_deadline(deadline) if mortal else None,
        )

    def __bytes__(self) -> bytes:
        head = str(self.dot) if self.expiry is None else f"{self.dot}~{self.expiry}"
        return head.encode() if self.value is None else head.encode() + b"\n" + self.value

    @property
    def last_deadline(self) -> int:
        """When it is dead."""
        return FOREVER if self.expiry is None else self.expiry

    @property
    def time(self) -> Time:
        """When it was written."""
        return self.dot.time

    @property
    def is_tombstone(self) -> bool:
        """Whether it has no value."""
        return self.value is None


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
        return cls(check_value(text), time)

    def __bytes__(self) -> bytes:
        return self.text

    @property
    def is_tombstone(self) -> bool:
        """Lines are never removed in this way."""
        return False


Entry = Total | Rank | Last | Dots | Line | Tally
