"""Reading counters: amounts in, totals by replica out. Shared by all backends."""

from __future__ import annotations

from collections.abc import Iterable

from redis_crdt.clock import replica_of
from redis_crdt.entries import MAX_TOTAL
from redis_crdt.errors import CounterOverflow, InvalidAmount


def check_amount(n: int) -> int:
    """Return the amount if a counter can count it.

    Raises :class:`InvalidAmount` if it is negative or no integer, :class:`CounterOverflow` if
    it is 2**63 or more.
    """
    if type(n) is not int or n < 0:
        raise InvalidAmount(f"a counter counts by a non-negative int, not {n!r}")
    if n > MAX_TOTAL:
        raise CounterOverflow(f"a counter counts up to 2**63 - 1, not {n}")
    return n


def overflow(name: str, total: int, n: int) -> CounterOverflow:
    """Return the error of a counter whose total cannot take ``n`` more."""
    return CounterOverflow(
        f"{name!r} stands at {total} for this replica; {n} more would pass 2**63 - 1"
    )


def by_replica(totals: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Sum up the totals of each replica's incarnations. A ``-`` before a writer counts down."""
    sums: dict[str, int] = {}
    for field, total in totals:
        down, writer = field.startswith("-"), field.lstrip("+-")
        replica = replica_of(writer)
        sums[replica] = sums.get(replica, 0) + (-total if down else total)
    return sums
