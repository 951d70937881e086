"""Reading counters: amounts in, totals by replica out. Shared by all backends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from redis_crdt.core.clock import replica_of
from redis_crdt.core.entries import MAX_HISTORY, MAX_TOTAL, Total
from redis_crdt.errors import CounterOverflow, InvalidAmount

FOLD_AT = 8
"""So many fields of past incarnations are worth being counted in with the present one's."""


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


class Folded:
    """What is counted in with later incarnations, of one side of a counter and one replica."""

    def __init__(self) -> None:
        self.amounts: dict[str, int] = {}
        self.settled = ""

    def add(self, total: Total) -> None:
        """Take up what one total says."""
        for name, amount in total.folded:
            self.amounts[name] = max(amount, self.amounts.get(name, 0))
        self.settled = max(self.settled, total.settled)

    def left_of(self, name: str, amount: int) -> int:
        """Return how much of an incarnation's amount still counts beside that."""
        return max(0, amount - self.amounts.get(name, 0)) if name > self.settled else 0


def folded_in(totals: Iterable[tuple[str, Total]]) -> dict[str, Folded]:
    """Return what is counted in, by side and replica."""
    found: dict[str, Folded] = {}
    for field, total in totals:
        if total.folded or total.settled:
            found.setdefault(replica_of(field), Folded()).add(total)
    return found


def left_of(folded: Mapping[str, Folded], field: str, total: Total) -> int:
    """Return how much of a field counts beside what is counted in with others."""
    place, _, name = field.partition("#")
    return folded[place].left_of(name, total.amount) if place in folded else total.amount


def fold(fields: Mapping[str, Total], own: str) -> Total | None:
    """Return the total of one's own field with all of one's past incarnations counted in.

    ``fields`` are all of a counter. None where there are too few of them to be worth it.
    """
    place, _, _ = own.partition("#")
    folded = folded_in(fields.items())
    past = {f: total for f, total in fields.items() if replica_of(f) == place and f != own}
    if len(past) < FOLD_AT:
        return None
    amount = sum(left_of(folded, field, total) for field, total in past.items())
    amount += fields[own].amount if own in fields else 0
    all_of_it = folded.get(place, Folded())
    for field, total in past.items():
        all_of_it.add(Total(0, ((field.partition("#")[2], total.amount),)))
    names = sorted(name for name in all_of_it.amounts if name > all_of_it.settled)
    settled = all_of_it.settled if len(names) <= MAX_HISTORY else names[-MAX_HISTORY - 1]
    if not 0 < amount <= MAX_TOTAL:
        return None
    kept = tuple((name, all_of_it.amounts[name]) for name in names[-MAX_HISTORY:])
    return Total(amount, kept, settled)


def by_replica(totals: Iterable[tuple[str, Total]]) -> dict[str, int]:
    """Sum up the totals of each replica's incarnations. A ``-`` before a writer counts down."""
    fields = list(totals)
    folded = folded_in(fields)
    sums: dict[str, int] = {}
    for field, total in fields:
        replica = replica_of(field.lstrip("+-"))
        amount = left_of(folded, field, total)
        sums[replica] = sums.get(replica, 0) + (-amount if field.startswith("-") else amount)
    return sums
