"""What the entries of an LWW map are."""

from __future__ import annotations

from functools import partial

from redis_crdt.core.dots import Dots
from redis_crdt.core.entries import MAX_JOINED
from redis_crdt.core.fields import check_key
from redis_crdt.core.joins import join_dots
from redis_crdt.core.kinds import Kind

KIND = Kind(
    name="lww_map",
    letter="m",
    join=join_dots,
    parse_entry=partial(Dots.parse, valued=True, expires=True),
    check_field=check_key,
    key_of=bytes.decode,
    max_entry=MAX_JOINED,
    has_dots=True,
    is_packed=True,
    expires=True,
    has_parts=True,
)
