"""Rights: what each writer may still spend of a budget. The twin of ``lua/lib/rights.lua``.

All is totals that only grow, in a field each: ``g:WRITER`` of what a writer has granted, ``r:``
refunded, ``s:`` spent, ``h:`` held, ``u:`` let go of that; and ``m:WRITER>WRITER`` of what was
moved from one to another. ``tests/model/rights.py`` is an executable model of the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from redis_crdt.core.clock import check_writer, replica_of
from redis_crdt.core.entries import Total
from redis_crdt.core.floors import is_floor
from redis_crdt.errors import InvalidDump

SIGNS: Final = {"g": 1, "r": 1, "u": 1, "s": -1, "h": -1}
"""How fields begin, and whether their totals add to the rights of their writer or take away."""

MOVED: Final = "m"

TOLD: Final = 8
"""So many of those who may spend more are told of."""


def writers_in(field: str) -> list[str]:
    """Return the writers that a field names: whose total it is, or who moved it and to whom."""
    sign, colon, rest = field.partition(":")
    writers = rest.split(">")
    if not colon or (sign not in SIGNS and sign != MOVED) or len(writers) != 1 + (sign == MOVED):
        raise InvalidDump(f"a budget has no field {field[:80]!r}")
    return writers


def check_right(field: bytes) -> None:
    """Raise :class:`InvalidDump` unless a budget may have this field."""
    writers = [check_writer(writer) for writer in writers_in(field.decode("ascii", "replace"))]
    if len(set(writers)) < len(writers):
        raise InvalidDump(f"a budget has no field {field[:80]!r}")


def acting_replica(field: bytes) -> str:
    """Return the replica whose rights a field tells of; of what was moved, whose they were."""
    return replica_of(writers_in(field.decode())[0])


def parse_amount(entry: bytes) -> Total:
    """Read a total; raises :class:`InvalidDump` unless it is one number."""
    total = Total.parse(entry)
    if total != Total(total.amount):
        raise InvalidDump(f"not a total of a budget: {entry[:80]!r}")
    return total


def rights_in(totals: Mapping[str, int]) -> dict[str, int]:
    """Return what each writer may still spend, as far as these totals tell."""
    left: dict[str, int] = {}
    for field, total in totals.items():
        first, *other = writers_in(field)
        left[first] = left.get(first, 0) + total * SIGNS.get(field[0], -1)
        for taker in other:
            left[taker] = left.get(taker, 0) + total
    return left


def newest_in(writers: Iterable[str]) -> dict[str, str]:
    """Return of each replica the incarnation that began last: their names tell when."""
    newest: dict[str, str] = {}
    for writer in writers:
        replica = replica_of(writer)
        if not is_floor(writer) and writer > newest.get(replica, ""):
            newest[replica] = writer
    return newest


def spent_by(replica: str, totals: Mapping[str, int]) -> int:
    """Return what all incarnations of a replica have spent and not given back."""
    signs = {"s": 1, "r": -1}
    return sum(
        signs.get(field[0], 0) * total
        for field, total in totals.items()
        if acting_replica(field.encode()) == replica
    )


def elsewhere(left: Mapping[str, int], newest: Mapping[str, str], own: str) -> dict[str, int]:
    """Return which other replicas may spend something, those first who may spend most."""
    found = [(left.get(writer, 0), replica) for replica, writer in newest.items() if writer != own]
    found = sorted((pair for pair in found if pair[0] > 0), key=lambda pair: (-pair[0], pair[1]))
    return {replica: amount for amount, replica in found[:TOLD]}


def frozen_in(left: Mapping[str, int], newest: Mapping[str, str]) -> dict[str, int]:
    """Return what the past writers of each replica have left."""
    found: dict[str, int] = {}
    for writer, amount in left.items():
        replica = replica_of(writer)
        if amount > 0 and writer != newest[replica]:
            found[replica] = found.get(replica, 0) + amount
    return found
