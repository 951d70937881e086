"""Carrying a schedule out on real replicas, healing it by pulls alone, and judging the end."""

from __future__ import annotations

import json
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from io import BytesIO
from itertools import count
from random import Random
from typing import Any

from redis_crdt import memory
from redis_crdt.core.clock import Dot, parse_clock
from redis_crdt.core.dots import Dots
from redis_crdt.core.entries import Last, Total
from redis_crdt.core.fields import VALUE
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.state import State
from redis_crdt.errors import CRDTError
from redis_crdt.operations import replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.bodies import entries_of
from redis_crdt.operations.operation import drive
from redis_crdt.sync.pull import Pull
from redis_crdt.types.cardinality.registers import entries_of as registers_of
from tests.schedules.flight import Flight, Sent
from tests.schedules.hosts import Host, MemoryHost
from tests.schedules.oracle import End, tallied
from tests.schedules.plan import Plan
from tests.schedules.world import LIMITS, Event, Events, Place, Violation, World

ROUNDS = 40
"""Of healing, at most."""

BARE: dict[str, type[Any]] = {
    "or_set": memory.ORSet,
    "rw_set": memory.RWSet,
    "lww_map": memory.LWWMap,
    "mv_register": memory.MVRegister,
    "g_counter": memory.GCounter,
    "pn_counter": memory.PNCounter,
    "lww_register": memory.LWWRegister,
    "ew_flag": memory.EWFlag,
    "dw_flag": memory.DWFlag,
    "max_register": memory.MaxRegister,
    "min_register": memory.MinRegister,
    "counter_map": memory.CounterMap,
    "sorted_map": memory.SortedMap,
    "g_set": memory.GSet,
    "cardinality": memory.Cardinality,
    "log": memory.Log,
}


VISITED = b"0"
VISITORS = [number for number in range(2500) if VISITED in registers_of([b"%d" % number])]
"""Values that are counted by registers of one entry."""

Counted = list[tuple[Place, int]]
"""What was counted, and where."""


class Bare:
    """A collection in memory that belongs to no replica, with what was written to it."""

    def __init__(self, place: Place, number: int) -> None:
        self.place = place
        limits = LIMITS.get(place.kind, {})
        self.object = BARE[place.kind](replica_id=f"bare{number}", **limits)
        self.own: Events = 0
        self.possible: Events = 0


class Run:
    """One run of one plan."""

    def __init__(self, plan: Plan, hosts: list[Host]) -> None:
        self.plan, self.hosts, self.world = plan, hosts, World()
        self.values = count(1)
        self.numbers = count(1)
        self.flights: list[Flight] = []
        self.pulls: dict[tuple[int, int], Pull] = {}
        self.sent: list[Sent] = []
        self.saved: dict[int, list[tuple[Any, Events, Events]]] = defaultdict(list)
        self.contexts: list[Any] = []
        self.bare: list[Bare] = []
        self.dumps: list[tuple[Place, State, Events]] = []
        self.files: list[tuple[bytes, Events]] = []
        self.dropped: set[str] = set()
        self.there: dict[Place, list[str]] = {}
        self.forgot = False
        self.names = list("abcdefgh"[: plan.fields])
        keys = [name.encode() for name in self.names]
        value = [VALUE]
        elements = [json.dumps(name).encode() for name in self.names]
        # What may be there of a collection; of counters, and of logs, that is not known beforehand.
        self.fields: dict[str, list[bytes]] = {
            **dict.fromkeys(("or_set", "rw_set", "g_set"), elements),
            **dict.fromkeys(("lww_map", "sorted_map", "counter_map"), keys),
            **dict.fromkeys(("mv_register", "lww_register", "ew_flag", "dw_flag"), value),
            **dict.fromkeys(("max_register", "min_register"), value),
            "cardinality": [VISITED],
        }

    def carry_out(self) -> None:
        """Do all steps, heal, and look; :class:`Violation` for what may not be."""
        step: object = "healing"
        try:
            for step in self.plan.steps:
                name, numbers = step
                getattr(self, name)(*numbers)
            step = "healing"
            self._heal()
        except CRDTError as error:
            raise Violation(f"{step} was refused: {type(error).__name__}: {error}") from error

    # Choosing -------------------------------------------------------------------------------

    def _host(self, i: int) -> Host:
        return self.hosts[i % len(self.hosts)]

    def _place(self, i: int) -> Place:
        return self.plan.places[i % len(self.plan.places)]

    def _link(self, i: int) -> tuple[int, int]:
        links = self.plan.links
        return links[i % len(links)]

    # Writes ---------------------------------------------------------------------------------

    def write(self, i: int, where: int, what: int, arg: int) -> None:
        host, place = self._host(i), self._place(where)
        self._written(host, [place], lambda: self._change(host.collection, place, what, arg))

    def write_many(self, i: int, first: int, second: int, what: int, arg: int) -> None:
        """Write to several collections in one batch."""
        host = self._host(i)
        places = [self._place(first), self._place(second), self._place(first + second)]

        def change() -> tuple[Counted, frozenset[Dot]]:
            counted: Counted = []
            covered: frozenset[Dot] = frozenset()
            with host.replica.batch() as batch:
                for n, place in enumerate(places):
                    amounts, dots = self._change(
                        lambda place: batch.on(host.collection(place)),
                        place,
                        what + n * (arg % 5),
                        arg + n,
                        recorded=True,
                    )
                    counted += amounts
                    covered |= dots
            return counted, covered

        self._written(host, places, change)

    def _change(
        self,
        open_: Callable[[Place], Any],
        place: Place,
        what: int,
        arg: int,
        recorded: bool = False,
    ) -> tuple[Counted, frozenset[Dot]]:
        """Make a write of some sort; returns what it counted, and dots that its context covers."""
        on = open_(place)
        name, others = self.names[arg % len(self.names)], self.names[: 1 + arg % 3]
        match place.kind, what % (6 if recorded else 10):
            case "or_set" | "rw_set", 0 | 1 | 2:
                on.add(name)
            case "or_set" | "rw_set", 3 | 4 | 5:
                on.remove(self._one_there(place, name, arg))
            case "or_set" | "rw_set", 6 | 7:
                on.update(others)
            case "or_set" | "rw_set", 8:
                on.clear()
            case "or_set" | "rw_set", _:
                with suppress(KeyError):
                    on.pop()
            case "lww_map", 0 | 1 | 2:
                on.set(name, next(self.values))
            case "lww_map", 3 | 4 | 5:
                on.delete(self._one_there(place, name, arg))
            case "lww_map", 6 | 7:
                on.update({other: next(self.values) for other in others})
            case "lww_map", 8:
                on.clear()
            case "lww_map", _:
                on.pop(name, None)
            case "mv_register", 0 | 1 | 2 | 6:
                on.set(next(self.values))
            case "mv_register", _:
                if self.contexts:
                    context = self.contexts[arg % len(self.contexts)]
                    on.set(next(self.values), context)
                    return [], self._covered(place, context)
            case "lww_register", _:
                on.set(next(self.values))
            case "ew_flag" | "dw_flag", which:
                on.disable() if which % 2 else on.enable()
            case "max_register" | "min_register", _:
                on.set(arg % 1000)
            case "g_set", which:
                on.add(name) if recorded or which < 5 else on.update(others)
            case "cardinality", _:
                on.add(*VISITORS[arg % 8 : arg % 8 + 1 + arg % 3])
            case "log", which:
                if recorded or which < 6:
                    on.append(next(self.values))
                else:
                    on.extend([next(self.values) for _ in others])
            case "g_counter", _:
                amount = 1 + arg % 1000
                on.increment(amount)
                return [(place, amount)], frozenset()
            case "sorted_map", 0 | 1 | 2:
                on.delete(name)
            case "sorted_map", _:
                on.set(name, next(self.values))
            case "counter_map", 0 | 1 | 2:
                on.remove(name)
            case "counter_map", which:
                on.decrement(name, 1 + arg) if which % 2 else on.increment(name, 1 + arg)
            case "pn_counter", 5 | 8:
                on.reset()
            case "pn_counter", which:
                amount = 1 + arg % 1000
                on.decrement(amount) if which % 2 else on.increment(amount)
                return [(place, -amount if which % 2 else amount)], frozenset()
        return [], frozenset()

    def _one_there(self, place: Place, name: str, arg: int) -> str:
        """Return the name of something that is there, mostly."""
        there = self.there.get(place)
        return there[arg % len(there)] if there and arg % 8 else name

    def _covered(self, place: Place, context: Any) -> frozenset[Dot]:
        if context.text == b"|":
            return frozenset()
        seen = Dots.parse(context.text, valued=True)
        return frozenset(dot for dot in self.world.dots[place, VALUE] if seen.covers(dot))

    def _written(
        self,
        host: Host,
        places: Iterable[Place],
        change: Callable[[], tuple[Counted, frozenset[Dot]]],
    ) -> None:
        """Write, and note what was written as events."""
        places = list(dict.fromkeys(places))
        read = [place for place in places if place.kind != "g_counter"]
        before = {} if host.is_emptied else {place: self._read(host, place)[0] for place in read}
        self.there = {
            place: [
                self.names[self.fields[place.kind].index(field)]
                for field, entry in entries.items()
                if entry.is_tombstone == KINDS[place.kind].is_inverted
            ]
            for place, entries in before.items()
            if place.kind in ("or_set", "rw_set", "lww_map")
        }
        counted, covered = change()
        answer: replies.Answer | None = None
        events: Events = 0
        for place in read:
            after, answer = self._read(host, place)
            events |= self._differences(place, before.get(place, {}), after, covered)
        if answer is None:
            answer = host.entries(places[0], ())
        writer = answer.source.writer.decode()
        for place, amount in counted:
            sign = "" if place.kind == "g_counter" else "-" if amount < 0 else "+"
            events |= self.world.add(Event(place, f"{sign}{writer}".encode(), amount=abs(amount)))
        if events:
            host.own |= events
            host.possible |= events
            self._note(host, answer)

    def _note(self, host: Host, answer: replies.Answer) -> None:
        known = {w.decode(): parse_clock(c) for w, c in answer.source.known.items()}
        reflected = host.own | self.world.known_by(known)
        writer = answer.source.writer.decode()
        self.world.note(writer, parse_clock(answer.source.clock), reflected)

    def _read(self, host: Host, place: Place) -> tuple[dict[bytes, Any], replies.Answer]:
        answer = host.entries(place, self._fields(host, place))
        parse = KINDS[place.kind].parse
        entries = {f: parse(f, e) for _, _, f, e in entries_of(answer.body) if e}
        return entries, answer

    def _fields(self, host: Host, place: Place) -> list[bytes]:
        """Return those that may be there of a collection."""
        match place.kind:
            case "log":
                return [entry.id.encode() for entry in host.collection(place).range(limit=100)]
            case "pn_counter":
                return list(
                    {e.field: 0 for e in self.world.events if e.place == place and e.amount}
                )
        return self.fields[place.kind]

    def _differences(
        self,
        place: Place,
        before: Mapping[bytes, Any],
        after: Mapping[bytes, Any],
        covered: frozenset[Dot] = frozenset(),
    ) -> Events:
        """Note what a write did, as events."""
        events: Events = 0
        for field in {**before, **after}:
            old, new = before.get(field), after.get(field)
            if old == new or (new is None and place.kind == "log"):
                continue
            if isinstance(new, Last):
                if isinstance(old, Last) and old.dot > new.dot:
                    raise Violation(f"{new} was written on top of {old}")
                events |= self.world.add(Event(place, field, new.dot, new.value))
                continue
            if isinstance(new, Total) and KINDS[place.kind].sides:
                if new.baseline and (old is None or old.baseline != new.baseline):
                    events |= self.world.add(Event(place, field, value=bytes(new.baseline)))
                continue
            if new is not None and not isinstance(new, Dots):
                events |= self.world.add(Event(place, field, value=bytes(new)))
                for name, amount in tallied({field: new}).items():
                    if more := amount - tallied({field: old} if old else {})[name]:
                        events |= self.world.add(Event(place, name, amount=more))
                continue
            if KINDS[place.kind].is_inverted and old is None:
                events |= self.world.add(Event(place, field))
            was = old.live if isinstance(old, Dots) else {}
            now = new.live if isinstance(new, Dots) else {}
            gone = frozenset(dot for dot in was if dot not in now)
            if isinstance(new, Dots):
                # A batch that was under way may have come between the two readings; then this
                # write has seen what it brought.
                came = (dot for dot in self.world.dots[place, field] if new.covers(dot))
                gone |= {d for d in came if d not in now and not (old and old.covers(d))}
            fresh = [dot for dot in now if dot not in was]
            if not fresh and gone:
                events |= self.world.add(Event(place, field, observed=gone))
            for dot in fresh:
                observed = gone | (covered - {dot} if place.kind == "mv_register" else frozenset())
                events |= self.world.add(Event(place, field, dot, now[dot], observed))
        return events

    def read(self, i: int) -> None:
        """Read a register, and keep the context."""
        for place in self.plan.places:
            if place.kind == "mv_register":
                self.contexts.append(self._host(i).collection(place).get_with_context().context)

    # Pulls ----------------------------------------------------------------------------------

    def pull(self, link: int, check: int) -> None:
        """Pull from beginning to end."""
        target, source = self._ends(link)
        is_asked = not (check % 3 or source.is_emptied or self.plan.silently)
        promised = source.knowledge(look=False) if is_asked else None
        Flight(self.sent, target, source, Pull(target, source)).advance()
        if promised is None:
            return
        known = target.knowledge().known
        clock = known.get(promised.writer, b"0")
        if parse_clock(clock) < parse_clock(promised.clock):
            raise Violation(
                f"{target.replica_id} pulled all of {promised.writer!r} up to {promised.clock!r}, "
                f"and knows it up to {clock!r}"
            )

    def pull_again(self, link: int) -> None:
        """Pull from beginning to end, by what pulled before."""
        flight = self._again(link)
        if flight:
            flight.advance()
            self.flights.remove(flight)

    def pull_partly(self, link: int, commands: int, how: int) -> None:
        """Pull, and break off."""
        target, source = self._ends(link)
        flight = Flight(self.sent, target, source, Pull(target, source))
        flight.advance(1 + commands % (8 if how % 2 else 25))
        flight.abandon(how % 3 == 0)

    def begin(self, link: int) -> None:
        """Begin to pull, beside what else is under way."""
        target, source = self._ends(link)
        self.flights.append(Flight(self.sent, target, source, Pull(target, source)))

    def begin_again(self, link: int) -> None:
        """Begin to pull, by what pulled before."""
        self._again(link)

    def _again(self, link: int) -> Flight | None:
        pair = self._link(link)
        target, source = self._ends(link)
        pull = self.pulls.setdefault(pair, Pull(target, source))
        if any(flight.pull is pull for flight in self.flights):
            return None
        self.flights.append(Flight(self.sent, target, source, pull))
        return self.flights[-1]

    def _ends(self, link: int) -> tuple[Host, Host]:
        target, source = self._link(link)
        return self.hosts[target], self.hosts[source]

    def advance(self, which: int, commands: int, end: int) -> None:
        """Let one of the pulls under way go on for a few commands; some to their end."""
        if self.flights:
            flight = self.flights[which % len(self.flights)]
            flight.advance(None if end % 10 == 0 else 1 + commands % 6)
            if flight.has_ended:
                self.flights.remove(flight)

    def abandon(self, which: int, how: int) -> None:
        """Break off one of the pulls under way."""
        if self.flights:
            self.flights.pop(which % len(self.flights)).abandon(how % 2 == 0)

    def deliver(self, which: int, keep: int) -> None:
        """Deliver what some pull has sent once more, or only now."""
        if self.sent:
            at = which % len(self.sent)
            target, operation, possible = self.sent[at]
            if keep % 2:
                del self.sent[at]
            target.possible |= possible
            target.execute(operation)

    # What else is done to a replica ---------------------------------------------------------

    def forget_peer(self, i: int, j: int) -> None:
        _forget(self._host(i), self._host(j))

    def collect(self, i: int) -> None:
        self._host(i).replica.gc_tombstones(older_than=0)

    def collect_at_once(self, i: int) -> None:
        """Collect what no peer is waited for, for none is known any more."""
        host = self._host(i)
        for peer in self.hosts:
            _forget(host, peer)
        host.replica.gc_tombstones(older_than=0)

    def remove_and_collect(self, which: int, where: int, arg: int) -> None:
        """Remove and collect at once where a pull is under way, at either end of it."""
        host = self._host(which)
        if self.flights:
            flight = self.flights[which % len(self.flights)]
            host = flight.source if arg % 3 == 0 else flight.target
        place = self._place(where)
        self._written(host, [place], lambda: self._change(host.collection, place, 3, arg))
        self.collect_at_once(self.hosts.index(host))

    def trim(self, i: int) -> None:
        """Trim the feed of what all have read."""
        host = self._host(i)
        host.execute(ask.trim(host.keys(0), 0, "trim"))

    def drop(self, i: int, where: int) -> None:
        place = self._place(where)
        self.dropped.add(place.name)
        self._host(i).replica.drop(place.name)

    def hear_fast(self, i: int, where: int, what: int, commands: int) -> None:
        """Pull from one whose clock is fast, perhaps not all of it; it is not seen again."""
        fast = MemoryHost(f"fast{next(self.numbers)}", 10, 1000 + commands % 30_000)
        place = self._place(where)
        for n in range(1 + what % 3):
            change = partial(self._change, fast.collection, place, what * n, what + n)
            self._written(fast, [place], change)
        target = self._host(i)
        flight = Flight(self.sent, target, fast, Pull(target, fast))
        flight.advance(None if commands % 2 else commands % 7)

    # Objects in memory, and dumps -----------------------------------------------------------

    def bare_write(self, which: int, where: int, what: int, arg: int) -> None:
        """Write to an object that belongs to no replica."""
        place = self._place(where)
        mine = [bare for bare in self.bare if bare.place == place]
        if len(mine) <= which % 3:
            mine.append(Bare(place, next(self.numbers)))
            self.bare.append(mine[-1])
        bare = mine[which % len(mine)]
        before = bare.object.dump().parsed()
        _, covered = self._change(lambda _: bare.object, place, what, arg)
        after = bare.object.dump().parsed()
        events = self._differences(place, before, after, covered)
        for field, total in after.items() if KINDS[place.kind].sides else ():
            amount = total.amount - (before[field].amount if field in before else 0)
            if amount:
                events |= self.world.add(Event(place, field, amount=amount))
        bare.own |= events
        bare.possible |= events

    def bare_take(self, which: int, i: int) -> None:
        """Join a replica's state into such an object."""
        if self.bare:
            bare, host = self.bare[which % len(self.bare)], self._host(i)
            bare.object = bare.object.merge(host.collection(bare.place).dump())
            bare.possible |= host.possible

    def merge(self, i: int, which: int) -> None:
        """Join such an object into a replica."""
        if self.bare:
            bare = self.bare[which % len(self.bare)]
            self._merge(self._host(i), bare.place, bare.object.dump(), bare.own, bare.possible)

    def _merge(
        self, host: Host, place: Place, state: State, surely: Events, possible: Events
    ) -> None:
        host.merge(place, state)
        host.possible |= possible
        if surely:
            host.own |= surely
            self._note(host, host.entries(place, ()))

    def keep_dump(self, i: int, where: int) -> None:
        host, place = self._host(i), self._place(where)
        self.dumps.append((place, host.collection(place).dump(), host.possible))

    def load_dump(self, i: int, which: int) -> None:
        """Join a dump, however old."""
        if self.dumps:
            place, state, possible = self.dumps[which % len(self.dumps)]
            self._merge(self._host(i), place, state, 0, possible)

    def keep_file(self, i: int) -> None:
        host, file = self._host(i), BytesIO()
        host.replica.dump(file)
        self.files.append((file.getvalue(), host.possible))

    def load_file(self, i: int, which: int) -> None:
        if self.files:
            text, possible = self.files[which % len(self.files)]
            host = self._host(i)
            host.replica.load(BytesIO(text))
            host.possible |= possible

    # Servers that forget --------------------------------------------------------------------

    def save(self, i: int, real: int) -> None:
        i %= len(self.hosts)
        host = self.hosts[i]
        really = self.plan.really and real % 2 == 0
        self.saved[i].append((host.save(really), host.own, host.possible))

    def restore(self, i: int, which: int) -> None:
        """Come back with what was saved at some time."""
        i %= len(self.hosts)
        if self.saved[i]:
            self.forgot = True
            host = self.hosts[i]
            saved, host.own, host.possible = self.saved[i][which % len(self.saved[i])]
            host.restore(saved, self.plan.silently)

    def empty(self, i: int) -> None:
        """Come back with nothing."""
        self.forgot = True
        host = self._host(i)
        host.restore(None)
        host.own = host.possible = 0

    def reset(self, i: int) -> None:
        self.forgot = True
        self._host(i).reset()

    # The end --------------------------------------------------------------------------------

    def _heal(self) -> None:
        """Bring all together by pulls alone, and hold what is there against what was done."""
        for flight in self.flights:
            flight.abandon(True)
        known = [self._known(host) for host in self.hosts]
        possible = surely = 0
        for host, clocks in zip(self.hosts, known, strict=True):
            possible |= host.possible
            surely |= host.own | self.world.known_by(clocks)
        held = [self._state(host) for host in self.hosts]
        self._pull_until_quiet()
        states = [self._state(host) for host in self.hosts]
        self._compare([self._seen_by_readers(state) for state in states])
        self._compare([self._read_all(host) for host in self.hosts])
        for place in () if self.plan.silently else self.plan.places:
            if place.name not in self.dropped:
                End(
                    self.world,
                    place,
                    states[0][place],
                    [state[place] for state in held],
                    surely,
                    possible,
                ).check(self.fields.get(place.kind, ()))

    def _known(self, host: Host) -> dict[str, Any]:
        return {w.decode(): parse_clock(clock) for w, clock in host.knowledge().known.items()}

    def _pull_until_quiet(self) -> None:
        rnd = Random(self.plan.seed)
        quiet = 0
        for _ in range(ROUNDS):
            before = [self._known(host) for host in self.hosts]
            for pair in self.plan.links:
                target, source = self.hosts[pair[0]], self.hosts[pair[1]]
                pull = self.pulls.get(pair) if self.plan.heal_again else None
                report = drive((pull or Pull(target, source)).run())
                if report.refused:
                    raise Violation(f"a pull of healing refused {report.refused}")
            if self.plan.collects_healing and rnd.random() < 0.3:
                rnd.choice(self.hosts).replica.gc_tombstones(older_than=0)
            now = [self._known(host) for host in self.hosts]
            quiet = quiet + 1 if now == before else 0
            if quiet == 2:
                return
        raise Violation(f"pulls do not come to rest: {before} became {now}")

    def _compare(self, views: list[Any]) -> None:
        for host, view in zip(self.hosts, views, strict=True):
            if view != views[0]:
                at = next(place for place in self.plan.places if view[place] != views[0][place])
                raise Violation(
                    f"{self.hosts[0].replica_id} and {host.replica_id} differ in {at.name!r}: "
                    f"{views[0][at]} and {view[at]}"
                )

    def _state(self, host: Host) -> dict[Place, dict[bytes, Any]]:
        return {place: host.collection(place).dump().parsed() for place in self.plan.places}

    def _seen_by_readers(self, state: dict[Place, dict[bytes, Any]]) -> dict[Place, Any]:
        """Return all but what tells of dots that are gone: that is collected apart."""
        return {
            place: {
                field: entry.live if isinstance(entry, Dots) else entry
                for field, entry in sorted(entries.items())
                if not entry.is_tombstone
            }
            for place, entries in state.items()
        }

    def _read_all(self, host: Host) -> dict[Place, Any]:
        """Read all collections as programs do."""
        found: dict[Place, Any] = {}
        for place in self.plan.places:
            collection = host.collection(place)
            match place.kind:
                case "or_set" | "rw_set" | "g_set":
                    found[place] = set(collection.get_elements())
                case "lww_map":
                    found[place] = dict(collection.items())
                case "g_counter" | "pn_counter" | "ew_flag" | "dw_flag":
                    found[place] = collection.value()
                case "counter_map" | "sorted_map":
                    found[place] = collection.top(100)
                    items = sorted(((v, k) for k, v in collection.items()), reverse=True)
                    if found[place] != [(key, value) for value, key in items]:
                        raise Violation(f"{items} are in the order of {found[place]}")
                case "cardinality":
                    found[place] = collection.count()
                case "log":
                    found[place] = collection.range(limit=1000)
                    if list(collection) != [entry.value for entry in found[place]]:
                        raise Violation(f"{list(collection)} is read of {found[place]}")
                    if len(collection) != len(found[place]):
                        raise Violation(f"{len(collection)} are counted of {found[place]}")
                case _:
                    found[place] = collection.get()
        return found


def _forget(host: Host, peer: Host) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that what it wrote was never read
        host.replica.forget(peer.replica_id)
