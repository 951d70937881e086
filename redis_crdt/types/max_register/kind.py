"""What the entry of a register of the largest is."""

from __future__ import annotations

from redis_crdt.core.entries import MAX_FIELD, Rank
from redis_crdt.core.fields import check_value, is_nothing
from redis_crdt.core.joins import join_max
from redis_crdt.core.kinds import Kind

KIND = Kind(
    name="max_register",
    letter="x",
    join=join_max,
    parse_entry=Rank.parse,
    check_field=check_value,
    key_of=is_nothing,
    max_entry=MAX_FIELD,
)
