"""Reading counters: amounts in, totals by replica out. Shared by all backends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

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


def baselines_of(fields: Iterable[tuple[str, Total]]) -> dict[str, Total]:
    """Return what resets have seen: totals of the same counter, as they were, so read like them.

    A total may be counted in with another one before some reset that had seen it alone is heard of,
    or after. So what is counted in is told apart in baselines as it is in totals.
    """
    return {field: total.baseline for field, total in fields if total.baseline is not None}


def spent(fields: Mapping[str, Total]) -> list[str]:
    """Return which fields say nothing that others do not: they may go, and need not be taken.

    ``fields`` are all of a counter.
    """
    totals, baselines = folded_in(fields.items()), baselines_of(fields.items())
    seen = folded_in(baselines.items())
    return [
        field
        for field, total in fields.items()
        if not left_of(totals, field, total)
        and not (field in baselines and left_of(seen, field, baselines[field]))
    ]


def reset(fields: Mapping[str, Total]) -> dict[str, Total]:
    """Return the totals that change where all that a counter stands at is taken away.

    ``fields`` are all of it.
    """
    folded = folded_in(fields.items())
    return {
        field: replace(total, baseline=total.counted)
        for field, total in fields.items()
        if left_of(folded, field, total) and total.baseline != total.counted
    }


def fold(fields: Mapping[str, Total], own: str) -> tuple[Total, list[str]] | None:
    """Return the total of one's own field with all of one's past incarnations counted in.

    And which fields go: not those of which resets have seen what one's own baseline does not have;
    they go with the next reset. ``fields`` are all of a counter. None where too few would go to be
    worth it.
    """
    place, _, _ = own.partition("#")
    folded = folded_in(fields.items())
    past = {f: total for f, total in fields.items() if replica_of(f) == place and f != own}
    baselines = baselines_of(fields.items())
    seen = folded_in(baselines.items())
    gone = [f for f in past if f not in baselines or not left_of(seen, f, baselines[f])]
    if len(gone) < FOLD_AT:
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
    return Total(amount, kept, settled, baselines.get(own)), gone


def by_replica(totals: Iterable[tuple[str, Total]]) -> dict[str, int]:
    """Sum up the totals of each replica's incarnations, less what resets took away.

    A ``-`` before a writer counts down.
    """
    fields = list(totals)
    sums: dict[str, int] = {}
    baselines = list(baselines_of(fields).items())
    for counted, factor in ((fields, 1), (baselines, -1)):
        folded = folded_in(counted)
        for field, total in counted:
            replica = replica_of(field.lstrip("+-"))
            amount = factor * left_of(folded, field, total)
            sums[replica] = sums.get(replica, 0) + (-amount if field.startswith("-") else amount)
    return sums
