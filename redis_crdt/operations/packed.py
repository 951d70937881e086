"""Reading the entries of LWW maps as servers store them; ``lua/lib/packed.lua`` writes them.

The head of an entry has its dots: a time as eight characters, an alias of the writer, ``-SEQ``
unless that is zero. Times so written are in the order of their bytes. A line for each live dot
follows.
"""

from __future__ import annotations

import re

from redis_crdt.errors import InvalidDump

_TIME = 8
_DOT = re.compile(rb"[.-{]{8}[0-9a-z]+(?:-(\d+))?")


def latest_value(entry: bytes) -> bytes:
    """Return the value of the latest of the concurrent writes of a key.

    Of writes at one time the dots are in the order of their writers, so the last of them wins.
    """
    head, _, values = entry.partition(b"\n")
    live = head.partition(b"|")[0].split(b" ")
    if len(live) == 1:
        return values
    times = []
    for number, dot in enumerate(live):
        match = _DOT.fullmatch(dot)
        if match is None:
            raise InvalidDump(f"what is stored is of no script of ours: {dot[:80]!r}")
        times.append((dot[:_TIME], int(match[1] or 0), number))
    return values.split(b"\n")[max(times)[2]]
