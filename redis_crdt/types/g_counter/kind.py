"""What the entries of a G-Counter are."""

from __future__ import annotations

from redis_crdt.core.entries import Total
from redis_crdt.core.fields import check_total, counting_replica
from redis_crdt.core.joins import join_max
from redis_crdt.core.kinds import Kind
from redis_crdt.errors import InvalidDump


def _parse_total(entry: bytes) -> Total:
    total = Total.parse(entry)
    if total.baseline is not None:
        raise InvalidDump(f"a G-Counter is never reset: {entry[:80]!r}")
    return total


KIND = Kind(
    name="g_counter",
    letter="g",
    join=join_max,
    parse_entry=_parse_total,
    check_field=check_total,
    key_of=counting_replica,
    sides=("",),
)
