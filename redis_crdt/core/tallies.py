"""Tallies: what is counted of one key of a counter map, by each writer. The twin of
``lua/lib/tallies.lua``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from redis_crdt.core.clock import Time, check_writer
from redis_crdt.errors import InvalidDump

MAX_COUNT: Final = 2**63 - 1
MAX_WRITERS: Final = 4096

_WORD: Final = re.compile(
    rb"([0-9A-Za-z_.-]+#[0-9a-z]+)"
    rb"(?:\+([1-9][0-9]{0,18})(?:/([1-9][0-9]{0,18}))?)?"
    rb"(?:-([1-9][0-9]{0,18})(?:/([1-9][0-9]{0,18}))?)?"
)


class Count(NamedTuple):
    """What one writer has counted up and down, and how much of each removals have seen."""

    up: int = 0
    up_seen: int = 0
    down: int = 0
    down_seen: int = 0

    @property
    def value(self) -> int:
        """What counts."""
        return self.up - self.up_seen - self.down + self.down_seen


@dataclass(frozen=True, slots=True)
class Tally:
    """What each writer has counted of a key. Text: ``a#1+12/5-3 b#1+4``.

    That is 12 up, of which removals have seen 5, and 3 down; and 4 up. Writers are in order.
    """

    counts: dict[str, Count] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: bytes) -> Tally:
        """Read the text; raises :class:`InvalidDump` if it is not a canonical tally."""
        counts: dict[str, Count] = {}
        for word in text.split(b" "):
            match = _WORD.fullmatch(word)
            if match is None or len(counts) == MAX_WRITERS:
                raise InvalidDump(f"not a tally: {text[:80]!r}")
            writer = check_writer(match[1].decode())
            count = Count(*(int(part or 0) for part in match.groups()[1:]))
            is_nothing = not count.up and not count.down
            has_fewer = count.up < count.up_seen or count.down < count.down_seen
            if is_nothing or has_fewer or max(count) > MAX_COUNT:
                raise InvalidDump(f"not a tally: {text[:80]!r}")
            counts[writer] = count
        tally = cls(counts)
        if bytes(tally) != text:
            raise InvalidDump(f"not a tally: {text[:80]!r}")
        return tally

    def __bytes__(self) -> bytes:
        words = []
        for writer, count in sorted(self.counts.items()):
            up = _side("+", count.up, count.up_seen)
            words.append(f"{writer}{up}{_side('-', count.down, count.down_seen)}")
        return " ".join(words).encode()

    @property
    def time(self) -> Time:
        """Tallies have no time."""
        return Time(0)

    @property
    def is_tombstone(self) -> bool:
        """Whether all that was counted is taken away: the key was removed."""
        return all((c.up, c.down) == (c.up_seen, c.down_seen) for c in self.counts.values())

    @property
    def value(self) -> int:
        """What the key stands at."""
        return sum(count.value for count in self.counts.values())

    @property
    def removed(self) -> Tally:
        """The same with all that it stands at taken away."""
        return replace(
            self,
            counts={w: Count(c.up, c.up, c.down, c.down) for w, c in self.counts.items()},
        )


def _side(sign: str, total: int, seen: int) -> str:
    return f"{sign}{total}/{seen}" if seen else f"{sign}{total}" if total else ""


def join_tallies(a: Tally, b: Tally) -> Tally:
    """Return of each number the larger: each writer counts its own up, so larger is later.

    What a removal has seen of a writer's total is such a total, as it was.
    """
    none = Count()
    writers = {**a.counts, **b.counts}
    if len(writers) > MAX_WRITERS:
        raise InvalidDump(f"a tally of more than {MAX_WRITERS} writers")
    pairs = ((w, a.counts.get(w, none), b.counts.get(w, none)) for w in writers)
    return Tally({w: Count(*map(max, x, y)) for w, x, y in pairs})
