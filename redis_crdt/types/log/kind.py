"""What the entries of a log are: a value for each id, and of writers the time of what is gone."""

from __future__ import annotations

from redis_crdt.core.entries import Line
from redis_crdt.core.joins import join_line
from redis_crdt.core.kinds import Kind
from redis_crdt.types.log.ids import check_field, gone_by, key_of, parse_at

KIND = Kind(
    name="log",
    letter="j",
    join=join_line,
    parse_entry=Line.parse,
    check_field=check_field,
    key_of=key_of,
    parse_at=parse_at,
    gone_by=gone_by,
)
