"""What the entries of a PN-Counter are."""

from __future__ import annotations

from typing import Final

from redis_crdt.core.entries import Total
from redis_crdt.core.fields import check_total, counting_replica
from redis_crdt.core.joins import join_resettable
from redis_crdt.core.kinds import Kind
from redis_crdt.errors import InvalidDump

SIDES: Final = ("+", "-")
"""How its fields begin: what was counted up, and down."""


def _check_signed_total(field: bytes) -> None:
    if field[:1] not in (b"+", b"-"):
        raise InvalidDump(f"a PN-Counter's field begins with + or -: {field[:80]!r}")
    check_total(field[1:])


def _replica_of_signed(field: bytes) -> str:
    return counting_replica(field[1:])


KIND = Kind(
    name="pn_counter",
    letter="p",
    join=join_resettable,
    parse_entry=Total.parse,
    check_field=_check_signed_total,
    key_of=_replica_of_signed,
    sides=SIDES,
)
