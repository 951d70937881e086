"""What must be there of a collection once all is healed, and what may not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from redis_crdt.core.entries import Entry, Total
from redis_crdt.core.fields import VALUE
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.tallies import Count, Tally
from redis_crdt.types.log.ids import gone_by, is_floor
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
                self._check_resets()
            case "lww_register":
                self._check_last()
            case "max_register" | "min_register" | "g_set" | "cardinality":
                self._check_grown(fields)
            case "counter_map":
                self._check_totals()
                self._check_grown(fields)
            case "log":
                self._check_log()
            case _:
                for field in fields:
                    self._check_dots(field)

    def _all(self, events: Events) -> list[Event]:
        return [event for event in self.world.those_in(events) if event.place == self.place]

    def _events(self, field: bytes, events: Events) -> list[Event]:
        return [event for event in self._all(events) if event.field == field]

    def _check_last(self) -> None:
        name, found = self.place.name, self.state.get(VALUE)
        dots = [entries[VALUE].dot for entries in self.held if VALUE in entries]
        dots += [event.dot for event in self._events(VALUE, self.surely) if event.dot]
        latest = max(dots, default=None)
        if (found.dot if found else None) != latest:
            raise Violation(f"{name!r} is {found}, but {latest} was written")
        if found and found.value != self.world.value(self.place, VALUE, found.dot):
            raise Violation(f"{name!r} has the value of another write: {found}")

    def _check_grown(self, fields: Iterable[bytes]) -> None:
        """What only grows is the join of all that was held, and of what was written."""
        kind = KINDS[self.place.kind]

        def join(entries: Iterable[Entry]) -> Entry | None:
            return reduce(kind.join, entries) if (entries := list(entries)) else None

        for field in {*fields, *self.state}:
            found = self.state.get(field)
            held = [entries[field] for entries in self.held if field in entries]
            surely, possible = (
                [kind.parse(field, e.value) for e in self._events(field, events) if e.value]
                for events in (self.surely, self.possible)
            )
            what = f"{field!r} of {self.place.name!r} is {found}"
            if found != join([*held, *surely]):
                raise Violation(f"{what}; {surely} were written, {held} held")
            if found is not None and join([found, *possible]) != join(possible):
                raise Violation(f"{what}, which nobody wrote")

    def _check_log(self) -> None:
        """What was appended is there unless it is below a floor, of which the highest holds."""
        kind, name = KINDS["log"], self.place.name
        held: dict[bytes, Any] = {}
        for field, line in (pair for entries in self.held for pair in entries.items()):
            held[field] = kind.join(held[field], line) if field in held else line
        surely, possible = (
            {e.field: kind.parse(e.field, e.value) for e in self._all(events) if e.value}
            for events in (self.surely, self.possible)
        )
        if strange := [field for field, line in held.items() if _is_strange(field, line, possible)]:
            raise Violation(f"{name!r} has {strange}, which nobody appended")
        held |= surely
        gone = gone_by({}, held)
        if self.state != {field: line for field, line in held.items() if field not in gone}:
            raise Violation(
                f"{name!r} is {self.state}; {held} was held, of which {gone} is trimmed"
            )

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
        written = {e.field for e in self.world.events if e.place == self.place and e.amount}
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

    def _check_resets(self) -> None:
        """What resets have seen stays taken away."""
        taken = counted(baselines(self.state))
        for event in self._all(self.surely):
            if event.value is None:
                continue
            for field, seen in counted({event.field: Total.parse(event.value)}).items():
                if taken[field] < seen:
                    raise Violation(f"of {field!r} {taken[field]} is reset, but a reset saw {seen}")


def _is_strange(field: bytes, line: Entry, possible: Mapping[bytes, Entry]) -> bool:
    """Whether nobody appended it, or to a floor nothing that could have been taken out by it."""
    if is_floor(field):
        return b"%b@%b" % (bytes(line), field[1:]) not in possible
    return field not in possible or possible[field] != line


def baselines(entries: Mapping[bytes, Entry]) -> dict[bytes, Entry]:
    """Return what resets have seen, as entries."""
    found: dict[bytes, Entry] = {}
    for field, entry in entries.items():
        match entry:
            case Total(baseline=Total() as baseline):
                found[field] = baseline
            case Tally(counts=counts):
                seen = {w: Count(up=c.up_seen, down=c.down_seen) for w, c in counts.items()}
                found[field] = Tally(seen)
    return found


def counted(entries: Mapping[bytes, Entry]) -> dict[bytes, int]:
    """Return what each writer has counted, also where it is folded into what a later one has."""
    found: dict[bytes, int] = defaultdict(int)
    for field, entry in entries.items():
        match entry:
            case Total():
                own = entry.amount - sum(amount for _, amount in entry.folded)
                found[field] = max(found[field], own)
                replica = field.partition(b"#")[0]
                for incarnation, amount in entry.folded:
                    past = b"%b#%b" % (replica, incarnation.encode())
                    found[past] = max(found[past], amount)
            case Tally():
                found.update(tallied({field: entry}))
    return found


def tallied(entries: Mapping[bytes, Entry]) -> dict[bytes, int]:
    """Return what each writer has counted of each key, either way."""
    found: dict[bytes, int] = defaultdict(int)
    for field, entry in entries.items():
        if isinstance(entry, Tally):
            for writer, count in entry.counts.items():
                found[b"%b +%b" % (field, writer.encode())] = count.up
                found[b"%b -%b" % (field, writer.encode())] = count.down
    return found
