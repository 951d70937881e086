"""All that was ever done in a schedule, and what must therefore be there in the end.

An event is one acknowledged write of one field: its new dot, if it has one, and the dots that it
observed and so removed. Sets of events are numbers, one bit for each event. Two bounds are kept of
which events a replica reflects. Surely it reflects its own since it last forgot, and whatever its
knowledge claims: a claim to know a writer up to a clock is a claim to reflect all that the writer's
replica reflected then. Possibly it reflects whatever may ever have reached it. Between the two lie
pulls that broke off and of which a server then forgot a part; without forgetting they agree on all
events of the regions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from redis_crdt.core.clock import Dot, Time

Events = int
"""A set of events: a bit for each."""


class Place(NamedTuple):
    """A collection."""

    name: str
    kind: str


LIMITS: dict[str, dict[str, int]] = {"log": {"max_len": 4}}
"""How collections of some kinds are opened: what is appended to a log takes out what is older."""


class Violation(Exception):
    """What may not be."""


@dataclass(frozen=True, slots=True)
class Event:
    """One acknowledged write of one field."""

    place: Place
    field: bytes
    dot: Dot | None = None
    value: bytes | None = None
    observed: frozenset[Dot] = frozenset()
    amount: int = 0
    """What was counted, where the field is one of a counter."""


class World:
    """Events, and by whose clocks they are known."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.dots: dict[tuple[Place, bytes], dict[Dot, Event]] = defaultdict(dict)
        self._reflected: dict[str, list[tuple[Time, Events]]] = defaultdict(list)

    def add(self, event: Event) -> Events:
        """Note an event; returns the set of it alone."""
        self.events.append(event)
        if event.dot:
            self.dots[event.place, event.field][event.dot] = event
        return 1 << (len(self.events) - 1)

    def value(self, place: Place, field: bytes, dot: Dot) -> bytes | None:
        """Return the value that was written with a dot."""
        return self.dots[place, field][dot].value

    def note(self, writer: str, clock: Time, events: Events) -> None:
        """Note what a writer's replica reflects as its clock stands there."""
        of = self._reflected[writer]
        of.append((clock, events | (of[-1][1] if of else 0)))

    def known_by(self, known: Mapping[str, Time]) -> Events:
        """Return what one who knows so much claims to reflect."""
        found = 0
        for writer, clock in known.items():
            for time, events in reversed(self._reflected.get(writer, ())):
                if time <= clock:
                    found |= events
                    break
        return found

    def those_in(self, events: Events) -> Iterator[Event]:
        """Yield the events of a set."""
        return (event for number, event in enumerate(self.events) if events >> number & 1)
