"""Ids whose bytes sort by the time at which they were given out; ``lua/lib/log_ids.lua``.

An id is ``MS-SEQ@WRITER``: the milliseconds as thirteen digits, and before the other number a
letter that tells how many digits it has.
"""

from __future__ import annotations

import re
from typing import Final

from redis_crdt.core.clock import Time, check_writer
from redis_crdt.errors import InvalidDump

_TIME: Final = re.compile(rb"([0-9]{13})-([a-o])(0|[1-9][0-9]{0,14})")


def time_text(time: Time) -> bytes:
    """Return a time as ids begin with it."""
    seq = str(time.seq)
    return b"%013d-%c%b" % (time.ms, 96 + len(seq), seq.encode())


def read_time(text: bytes) -> Time:
    """Read that; :class:`InvalidDump` for anything else."""
    match = _TIME.fullmatch(text)
    if match is None or len(match[3]) != match[2][0] - 96:
        raise InvalidDump(f"not a time of an id: {text[:80]!r}")
    return Time(int(match[1]), int(match[3]))


def new_id(time: Time, writer: str) -> bytes:
    """Return the id of what a writer adds at a time."""
    return b"%b@%b" % (time_text(time), writer.encode())


def check_id(field: bytes) -> None:
    """Raise :class:`InvalidDump` for what is no id."""
    time, _, writer = field.partition(b"@")
    read_time(time)
    check_writer(writer.decode("ascii", "replace"))
