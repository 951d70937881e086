"""What the entries of a cardinality are: 64 registers each."""

from __future__ import annotations

from redis_crdt.core.fields import is_nothing
from redis_crdt.core.kinds import Kind
from redis_crdt.types.cardinality.registers import check_field, join, parse

KIND = Kind(
    name="cardinality",
    letter="h",
    join=join,
    parse_entry=parse,
    check_field=check_field,
    key_of=is_nothing,
)
