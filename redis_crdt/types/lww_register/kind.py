"""What the entries of an LWW register are."""

from __future__ import annotations

from functools import partial

from redis_crdt.core.entries import Last
from redis_crdt.core.fields import check_value, is_nothing
from redis_crdt.core.joins import join_last
from redis_crdt.core.kinds import Kind

KIND = Kind(
    name="lww_register",
    letter="l",
    join=join_last,
    parse_entry=partial(Last.parse, expires=True),
    check_field=check_value,
    key_of=is_nothing,
    expires=True,
)
