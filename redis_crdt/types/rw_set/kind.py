"""What the entries of an RW-Set are: a dot for each removal."""

from __future__ import annotations

from functools import partial

from redis_crdt.core.dots import Dots
from redis_crdt.core.fields import check_element
from redis_crdt.core.joins import join_dots
from redis_crdt.core.kinds import Kind

KIND = Kind(
    name="rw_set",
    letter="r",
    join=join_dots,
    parse_entry=partial(Dots.parse, valued=False),
    check_field=check_element,
    key_of=None,
    has_dots=True,
    is_packed=True,
    has_parts=True,
    is_inverted=True,
)
