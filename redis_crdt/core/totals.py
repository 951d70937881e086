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


class Place:
    """One side of a counter and one replica: what each incarnation has counted.

    A total's list tells of each past incarnation what that had counted itself; what is left of the
    amount without those is the incarnation's own. So of two totals that have one counted in, as
    where a server forgot that it had and did it again, it counts once.
    """

    def __init__(self) -> None:
        self.fields: dict[str, Total] = {}
        """By incarnation."""
        self.listed: dict[str, int] = {}
        self.settled = ""

    def add(self, name: str, total: Total) -> None:
        """Take up what one total says."""
        self.fields[name] = total
        for past, amount in total.folded:
            self.listed[past] = max(amount, self.listed.get(past, 0))
        self.settled = max(self.settled, total.settled)

    @property
    def amounts(self) -> dict[str, int]:
        """What each incarnation has counted itself, but for those that are settled."""
        amounts = dict(self.listed)
        for name, total in self.fields.items():
            amounts[name] = max(own_amount(total), amounts.get(name, 0))
        return {name: amount for name, amount in amounts.items() if name > self.settled}

    def has(self, name: str, total: Total) -> bool:
        """Whether the totals of other incarnations tell all that this one does.

        Of those that have counted nothing themselves, and tell the same of others, the last stays.
        """
        if name <= self.settled:
            return True
        own = own_amount(total)
        told: dict[str, int] = {}
        for other, each in self.fields.items():
            for past, amount in each.folded if other != name and (own or other > name) else ():
                told[past] = max(amount, told.get(past, 0))
        wanted = {**dict(total.folded), name: own}
        return all(
            told.get(past, 0) >= amount for past, amount in wanted.items() if past > self.settled
        )


def own_amount(total: Total) -> int:
    """Return what is counted by the incarnation itself, and by those that are settled in it."""
    return max(0, total.amount - sum(amount for _, amount in total.folded))


def places_of(totals: Iterable[tuple[str, Total]]) -> dict[str, Place]:
    """Return the totals of a counter by side and replica."""
    places: dict[str, Place] = {}
    for field, total in totals:
        place, _, name = field.partition("#")
        places.setdefault(place, Place()).add(name, total)
    return places


def is_told(places: Mapping[str, Place], field: str, total: Total) -> bool:
    """Whether other fields tell all that this one does: it is counted in with them."""
    place, _, name = field.partition("#")
    return place in places and places[place].has(name, total)


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
    places, baselines = places_of(fields.items()), baselines_of(fields.items())
    seen = places_of(baselines.items())
    return [
        field
        for field, total in fields.items()
        if is_told(places, field, total)
        and (field not in baselines or is_told(seen, field, baselines[field]))
    ]


def reset(fields: Mapping[str, Total]) -> dict[str, Total]:
    """Return the totals that change where all that a counter stands at is taken away.

    ``fields`` are all of it.
    """
    places = places_of(fields.items())
    return {
        field: replace(total, baseline=total.counted)
        for field, total in fields.items()
        if total.baseline != total.counted and not is_told(places, field, total)
    }


def fold(fields: Mapping[str, Total], own: str) -> tuple[Total, list[str]] | None:
    """Return the total of one's own field with all of one's past incarnations counted in.

    And which fields go: not those of which resets have seen what one's own baseline does not have;
    they go with the next reset. ``fields`` are all of a counter. None where too few would go to be
    worth it.
    """
    at, _, mine = own.partition("#")
    place = places_of(fields.items()).get(at, Place())
    baselines = baselines_of(fields.items())
    seen = places_of(baselines.items())
    past = [f for f in fields if replica_of(f) == at and f != own]
    gone = [f for f in past if f not in baselines or is_told(seen, f, baselines[f])]
    if len(gone) < FOLD_AT:
        return None
    amounts = place.amounts
    amount = sum(amounts.values())
    names = sorted(name for name, amount in amounts.items() if amount and name != mine)
    settled = place.settled if len(names) <= MAX_HISTORY else names[-MAX_HISTORY - 1]
    if not 0 < amount <= MAX_TOTAL:
        return None
    kept = tuple((name, amounts[name]) for name in names[-MAX_HISTORY:])
    return Total(amount, kept, settled, baselines.get(own)), gone


def by_replica(totals: Iterable[tuple[str, Total]]) -> dict[str, int]:
    """Sum up the totals of each replica's incarnations, less what resets took away.

    A ``-`` before a writer counts down.
    """
    fields = list(totals)
    sums: dict[str, int] = {}
    baselines = list(baselines_of(fields).items())
    for counted, factor in ((fields, 1), (baselines, -1)):
        for at, place in places_of(counted).items():
            replica, amount = at.lstrip("+-"), factor * sum(place.amounts.values())
            sums[replica] = sums.get(replica, 0) + (-amount if at.startswith("-") else amount)
    return sums
