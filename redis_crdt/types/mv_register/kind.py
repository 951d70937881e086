"""What the entries of an MV register are."""

from __future__ import annotations

from functools import partial

from redis_crdt.core.dots import Dots
from redis_crdt.core.entries import MAX_JOINED
from redis_crdt.core.fields import check_value, is_nothing
from redis_crdt.core.joins import join_dots
from redis_crdt.core.kinds import Kind

KIND = Kind(
    name="mv_register",
    letter="v",
    join=join_dots,
    parse_entry=partial(Dots.parse, valued=True),
    check_field=check_value,
    key_of=is_nothing,
    max_entry=MAX_JOINED,
    has_dots=True,
)
