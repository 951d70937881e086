"""What the entries of a G-Counter are."""

from __future__ import annotations

from redis_crdt.core.entries import Total
from redis_crdt.core.fields import check_total, counting_replica
from redis_crdt.core.joins import join_max
from redis_crdt.core.kinds import Kind

KIND = Kind(
    name="g_counter",
    letter="g",
    join=join_max,
    parse_entry=Total.parse,
    check_field=check_total,
    key_of=counting_replica,
    sides=("",),
)
