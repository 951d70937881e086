"""What the entry of a register of the smallest is."""

from __future__ import annotations

from redis_crdt.core.entries import MAX_FIELD, Rank
from redis_crdt.core.fields import check_value, is_nothing
from redis_crdt.core.joins import join_min
from redis_crdt.core.kinds import Kind

KIND = Kind(
    name="min_register",
    letter="i",
    join=join_min,
    parse_entry=Rank.parse,
    check_field=check_value,
    key_of=is_nothing,
    max_entry=MAX_FIELD,
)
