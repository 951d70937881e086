"""What the entries of a G-Set are: one for each element, and all alike."""

from __future__ import annotations

from typing import Final

from redis_crdt.core.entries import Total
from redis_crdt.core.fields import check_element
from redis_crdt.core.joins import join_max
from redis_crdt.core.kinds import Kind
from redis_crdt.errors import InvalidDump

THERE: Final = Total(1)
"""The entry of an element."""


def _parse(entry: bytes) -> Total:
    if entry != bytes(THERE):
        raise InvalidDump(f"no entry of a G-Set: {entry[:80]!r}")
    return THERE


KIND = Kind(
    name="g_set",
    letter="e",
    join=join_max,
    parse_entry=_parse,
    check_field=check_element,
    key_of=None,
    has_parts=True,
)
