"""Times, writers and dots: the names that writes go by, and the clock that hands them out.

The clock is a hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): wall
time while that advances, a sequence number while it does not, and never behind anything seen.
On a server the feed's stream ids are this clock; :class:`HybridClock` is its twin in memory.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from redis_crdt.errors import InvalidDump

_TIME = re.compile(r"(0|[1-9]\d{0,14})(?:-([1-9]\d{0,14}))?", re.ASCII)
_WRITER = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*)#([0-9a-z]+)", re.ASCII)
MAX_WRITER = 96
ROOM = 10**12


class Time(NamedTuple):
    """When a write happened: milliseconds since 1970, and a number among those of that time.

    Written ``MS-SEQ``, without a zero ``-SEQ``. Ordered; later is larger.
    """

    ms: int
    seq: int = 0

    @classmethod
    def parse(cls, text: str) -> Time:
        """Read a time; raises :class:`InvalidDump` for all but its one canonical form."""
        match = _TIME.fullmatch(text)
        if match is None:
            raise InvalidDump(f"not a time: {text[:80]!r}")
        return cls(int(match[1]), int(match[2] or 0))

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}" if self.seq else str(self.ms)


def parse_deadline(text: str) -> int:
    """Read a deadline, in milliseconds since 1970; :class:`InvalidDump` for what is none."""
    match = _TIME.fullmatch(text)
    if match is None or match[2] is not None:
        raise InvalidDump(f"not a deadline: {text[:80]!r}")
    return int(match[1])


@lru_cache(4096)
def parse_clock(text: bytes) -> Time:
    """Read a clock: a time, or a feed id, which has its sequence number even when that is zero."""
    return Time.parse(text.decode("ascii", "replace").removesuffix("-0"))


@lru_cache(4096)
def check_writer(text: str) -> str:
    """Give the text back if it names a writer, ``REPLICA#INCARNATION``; else raise InvalidDump."""
    if len(text) > MAX_WRITER or _WRITER.fullmatch(text) is None:
        raise InvalidDump(f"not a writer: {text[:80]!r}")
    return text


def replica_of(writer: str) -> str:
    """Return the replica of which this writer is an incarnation."""
    return writer.partition("#")[0]


class Dot(NamedTuple):
    """The unique name of one write: its time and its writer. Written ``TIME@WRITER``."""

    time: Time
    writer: str

    @classmethod
    def parse(cls, text: str) -> Dot:
        """Read a dot; raises :class:`InvalidDump` for all but its one canonical form."""
        moment, _, writer = text.partition("@")
        return cls(Time.parse(moment), check_writer(writer))

    def __str__(self) -> str:
        return f"{self.time}@{self.writer}"


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class HybridClock:
    """Hands out strictly increasing times, whatever the wall clock does.

    ``wall`` gives milliseconds since 1970; tests pass one of their own.
    """

    def __init__(self, wall: Callable[[], int] = wall_clock) -> None:
        self.wall = wall
        self.last = Time(0, 0)

    def tick(self) -> Time:
        """Return a new time, later than every one returned or observed before."""
        now = Time(self.wall())
        self.last = now if now > self.last else Time(self.last.ms, self.last.seq + 1)
        return self.last

    def observe(self, seen: Time) -> None:
        """Move past a time that came from elsewhere.

        One that leaves no room after it, as only a liar's does, must not use our numbers up.
        """
        self.last = max(self.last, Time(seen.ms + 1) if seen.seq >= ROOM else seen)


_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_writer(replica_id: str, moment: int) -> str:
    """Return the name of an incarnation that begins now: when, and chance in case clocks agree."""
    digits, n = "", moment
    while n:
        n, digit = divmod(n, 36)
        digits = _BASE36[digit] + digits
    return f"{replica_id}#{digits}{secrets.token_hex(3)}"
