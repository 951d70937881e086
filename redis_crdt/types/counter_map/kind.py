"""What the entries of a counter map are."""

from __future__ import annotations

from redis_crdt.core.fields import check_key
from redis_crdt.core.kinds import Kind
from redis_crdt.core.tallies import Tally, join_tallies

KIND = Kind(
    name="counter_map",
    letter="c",
    join=join_tallies,
    parse_entry=Tally.parse,
    check_field=check_key,
    key_of=bytes.decode,
)
