"""What the entries of a sorted map are."""

from __future__ import annotations

from functools import partial

from redis_crdt.core.dots import Dots
from redis_crdt.core.fields import check_key
from redis_crdt.core.joins import join_dots
from redis_crdt.core.kinds import Kind

KIND = Kind(
    name="sorted_map",
    letter="z",
    join=join_dots,
    parse_entry=partial(Dots.parse, valued=True),
    check_field=check_key,
    key_of=bytes.decode,
    has_dots=True,
    is_packed=True,
)
