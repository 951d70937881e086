"""What the entries of an OR-Set are."""

from __future__ import annotations

from functools import partial

from redis_crdt.core.dots import Dots
from redis_crdt.core.fields import check_element
from redis_crdt.core.joins import join_dots
from redis_crdt.core.kinds import Kind

KIND = Kind(
    name="or_set",
    letter="s",
    join=join_dots,
    parse_entry=partial(Dots.parse, valued=False, expires=True),
    check_field=check_element,
    key_of=None,
    has_dots=True,
    is_packed=True,
    expires=True,
    has_parts=True,
)
