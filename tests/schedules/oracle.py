"""What must be there of a collection once all is healed, and what may not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from redis_crdt.core.entries import Rank, Total
from redis_crdt.core.fields import VALUE
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.tallies import Tally, join_tallies
from tests.schedules.world import Event, Events, Place, Violation, World


@dataclass(frozen=True, slots=True)
class End:
    """A collection as all regions have it in the end."""

    world: World
    place: Place
    state: dict[bytes, Any]
    held: list[dict[bytes, Any]]
    """What each region had before healing."""
    surely: Events
    """What some region surely reflected before healing."""
    possible: Events
    """What some region may have reflected."""

    def check(self, fields: Iterable[bytes]) -> None:
        """Hold it against what was written; ``fields`` are those that may be there."""
        match self.place.kind:
            case "g_counter" | "pn_counter":
                self._check_totals()
            case "lww_register":
                self._check_last()
            case "max_register" | "min_register":
                self._check_extreme()
            case "counter_map":
                self._check_tallies()
            case _:
                for field in fields:
                    self._check_dots(field)

    def _events(self, field: bytes, events: Events) -> list[Event]:
        found = self.world.those_in(events)
        return [event for event in found if event.place == self.place and event.field == field]

    def _check_last(self) -> None:
        name, found = self.place.name, self.state.get(VALUE)
        dots = [entries[VALUE].dot for entries in self.held if VALUE in entries]
        dots += [event.dot for event in self._events(VALUE, self.surely) if event.dot]
        latest = max(dots, default=None)
        if (found.dot if found else None) != latest:
            raise Violation(f"{name!r} is {found}, but {latest} was written")
        if found and found.value != self.world.value(self.place, VALUE, found.dot):
            raise Violation(f"{name!r} has the value of another write: {found}")

    def _check_extreme(self) -> None:
        join, found = KINDS[self.place.kind].join, self.state.get(VALUE)
        there = [entries[VALUE] for entries in self.held if VALUE in entries]
        surely, possible = (
            [Rank(event.value) for event in self._events(VALUE, events) if event.value]
            for events in (self.surely, self.possible)
        )
        if any(found is None or join(found, each) != found for each in [*surely, *there]):
            raise Violation(f"{self.place.name!r} is {found}; {surely} were written, {there} held")
        if found is not None and found not in possible:
            raise Violation(f"{self.place.name!r} is {found}, which nobody wrote")

    def _check_tallies(self) -> None:
        held: dict[bytes, Tally] = {}
        for entries in self.held:
            for field, tally in entries.items():
                held[field] = join_tallies(held[field], tally) if field in held else tally
        if self.state != held:
            raise Violation(f"{self.place.name!r} is {self.state}, but {held} was held")

    def _check_dots(self, field: bytes) -> None:
        surely, possible = self._events(field, self.surely), self._events(field, self.possible)
        surely_gone = {dot for event in surely for dot in event.observed}
        perhaps_gone = {dot for event in possible for dot in event.observed}
        there = {event.dot for event in surely if event.dot}
        for entries in self.held:
            there |= set(entries[field].live) if field in entries else set()
        live = self.state[field].live if field in self.state else {}
        what = f"{field!r} of {self.place.name!r}"
        is_known = bool(surely) or any(field in entries for entries in self.held)
        if KINDS[self.place.kind].is_inverted and is_known and field not in self.state:
            raise Violation(f"{what} is not known, but was added or removed")
        if strange := live.keys() - {event.dot for event in possible}:
            raise Violation(f"{what} has {strange}, which nobody wrote")
        if back := live.keys() & surely_gone:
            raise Violation(f"{what} has {back}, which was removed")
        if lost := there - perhaps_gone - live.keys():
            raise Violation(f"{what} has lost {lost}, which nobody removed")
        if any(value != self.world.value(self.place, field, dot) for dot, value in live.items()):
            raise Violation(f"{what} has values of other writes: {live}")

    def _check_totals(self) -> None:
        found, *before = map(counted, [self.state, *self.held])
        written = {event.field for event in self.world.events if event.place == self.place}
        for field in written.union(found, *before):
            held = max(totals[field] for totals in before)
            least = sum(event.amount for event in self._events(field, self.surely))
            most = sum(event.amount for event in self._events(field, self.possible))
            if found[field] != held or not least <= held <= most:
                raise Violation(
                    f"{field!r} of {self.place.name!r} is {found[field]}; {held} was held, and "
                    f"{least} to {most} counted"
                )
        taken, *taken_before = (counted(baselines(each)) for each in (self.state, *self.held))
        for field in set().union(taken, *taken_before):
            seen = max(totals[field] for totals in taken_before)
            if taken[field] != seen:
                raise Violation(f"of {field!r} {taken[field]} was reset, and {seen} before healing")


def baselines(entries: dict[bytes, Total]) -> dict[bytes, Total]:
    """Return what resets have seen."""
    return {field: total.baseline for field, total in entries.items() if total.baseline}


def counted(entries: dict[bytes, Total]) -> dict[bytes, int]:
    """Return what each writer has counted, also where it is folded into what a later one has."""
    found: dict[bytes, int] = defaultdict(int)
    for field, total in entries.items():
        own = total.amount - sum(amount for _, amount in total.folded)
        found[field] = max(found[field], own)
        replica = field.partition(b"#")[0]
        for incarnation, amount in total.folded:
            past = b"%b#%b" % (replica, incarnation.encode())
            found[past] = max(found[past], amount)
    return found
