"""What the entries of this flag are."""

from __future__ import annotations

from redis_crdt.core.fields import check_value, is_nothing
from redis_crdt.core.joins import join_dots
from redis_crdt.core.kinds import Kind
from redis_crdt.types.base.flag.entries import parse_flag

KIND = Kind(
    name="dw_flag",
    letter="o",
    join=join_dots,
    parse_entry=parse_flag,
    check_field=check_value,
    key_of=is_nothing,
    has_dots=True,
)
