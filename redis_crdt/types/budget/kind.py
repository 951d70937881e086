"""What the entries of a budget are."""

from __future__ import annotations

from redis_crdt.core.joins import join_max
from redis_crdt.core.kinds import Kind
from redis_crdt.core.rights import acting_replica, check_right, parse_amount

KIND = Kind(
    name="budget",
    letter="b",
    join=join_max,
    parse_entry=parse_amount,
    check_field=check_right,
    key_of=acting_replica,
    has_rights=True,
)
