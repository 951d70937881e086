"""What a replica of the model does: the rules that the scripts on a server follow.

Every method that is called a request here is atomic, as a script is; a pull is a row of requests.
`on(RULE)` asks whether a rule is in force: each can be left out, to see that it is needed.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

from tests.model.entries import (
    FOREVER,
    MARGIN,
    NEVER,
    NOTHING,
    Dot,
    Entry,
    Vector,
    born,
    clock_of,
    covers,
    either,
    horizon,
    is_floor,
    join_entries,
    of,
    raise_to,
    trimmed,
    within,
)

Tag = tuple[str, int]  # the writer that it was pulled from, its clock then
Body = dict[str, tuple[Entry, frozenset[int]]]  # field -> entry, numbers of the events in it

ANYONE = "*"  # in `silent`: the time up to which dots of any writer at all may have gone
LATE = 20  # after so long nothing that was sent arrives any more, and clocks differ by less
MARK = ""  # the field of a feed entry that only says that something happened


@dataclass(frozen=True)
class Options:
    """What a schedule may do, and which rules are left out."""

    without: frozenset[str] = frozenset()
    amnesia: bool = True
    whole: bool = False
    silent: bool = False
    keep: int = 0
    objects: bool = False
    drops: bool = False
    folds: bool = False
    expiry: bool = False
    readings: bool = False


@dataclass(frozen=True)
class Event:
    """What a program did: the dot that it wrote (a removal writes none), the dots it replaced."""

    dot: Dot | None
    observed: frozenset[Dot]
    generation: int


class World:
    """Time, and all that was ever done."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.time = 0
        self.events: list[Event] = []
        self.readings: dict[tuple[Replica, Replica], Reading] = {}
        self._tokens = count()

    def now(self) -> int:
        self.time += 1
        return self.time

    def token(self) -> str:
        return f"reading {next(self._tokens)}"

    def on(self, rule: str) -> bool:
        return rule not in self.options.without


@dataclass(frozen=True)
class Asked:
    """Who asked, and in which state: a reply is for that one alone."""

    writer: str
    clock: int
    known: Vector


@dataclass(frozen=True)
class Reply:
    """What a source tells: who it is, when this was, what it knows, and some of its entries."""

    writer: str
    clock: int
    known: Vector
    silent: Vector
    body: Body = field(default_factory=dict)
    generation: int | None = None
    delta: bool = False
    cursor: int = 0
    more: bool = False
    number: int = 1
    gone: frozenset[str] = frozenset()  # of whom the reply before told, and nothing is known now
    events: dict[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """What a source keeps of a reading: how far it has come, and what both sides have said."""

    writer: str
    number: int
    cursor: int
    asked: Vector
    told: Vector


@dataclass
class Reading:
    """What a puller keeps of it: after the first request both sides say only what is new."""

    token: str
    asked: Asked
    said: Vector
    number: int = 0
    heard: Vector = field(default_factory=dict)

    def news(self) -> Vector:
        """What is to be said now: none of it was said before."""
        news = {w: t for w, t in self.asked.known.items() if self.said.get(w) != t}
        self.said.update(news)
        return news

    def hear(self, reply: Reply) -> Reply:
        """Note a reply; returns it with all that the source knows."""
        known = {**self.heard, **reply.known}
        self.heard = {w: t for w, t in known.items() if w not in reply.gone}
        self.number = reply.number
        return replace(reply, known=self.heard)

    def learn(self, head: Reply, last: int) -> None:
        """Note what the target has learned, and its clock."""
        mine = self.asked.known
        known = {**({} if head.more else head.known), head.writer: head.cursor}
        news = {w: t for w, t in known.items() if w != self.asked.writer and clock_of(mine, w) < t}
        self.asked = replace(self.asked, known={**mine, **news}, clock=last)


def floor(writer: str) -> str:
    """What stands for this incarnation and all before it."""
    return writer.replace("#", "#<")


def normal(known: Vector) -> Vector:
    """Without what its floors say, too."""
    floors = [(w, t) for w, t in known.items() if is_floor(w)]
    return {
        writer: time
        for writer, time in known.items()
        if not any(f != writer and within(writer, f) and time <= t for f, t in floors)
    }


def told_of(silent: Vector, known: Vector) -> Vector:
    """What of a source's `silent` one learns with its knowledge; never more than that."""
    anyone = silent.get(ANYONE, -1)
    clocks = {**{w: clock_of(known, w) for w in silent if w != ANYONE}, **known}
    told = {w: min(t, max(silent.get(w, -1), anyone)) for w, t in clocks.items()}
    return {w: t for w, t in told.items() if t >= 0}


def chunks(fields: list[str]) -> Iterator[list[str]]:
    for i in range(0, len(fields) or 1, 3):
        yield fields[i : i + 3]


class Replica:
    """A replica; its feed is a list of (id, field, tag)."""

    STATE = (
        *("writer", "last", "reach", "entries", "known", "pending", "history", "feed", "when"),
        *("collected", "silent", "generation", "events", "records"),
    )

    def __init__(self, world: World, name: str, skew: int) -> None:
        self.world, self.name, self.skew = world, name, skew
        self.on = world.on
        self.echoes = bool(world.options.keep or world.options.silent) and world.on("echo")
        self.used: set[int] = set()  # not state: ids end in something random
        self.begin_life()

    def begin_life(self) -> None:
        self.writer = f"{self.name}#{self.world.now()}"
        self.last, self.reach, self.collected, self.generation = 0, 0, -1, 0
        self.entries: dict[str, Entry] = {}  # what is past its horizon, too, until it is swept
        self.known: Vector = {}
        self.heard: dict[Replica, Vector] = {}
        self.pending: Vector = {}
        self.silent: Vector = {}
        self.when: dict[str, int] = {}
        self.events: dict[str, set[int]] = {}
        self.history: list[tuple[str, int]] = []
        self.feed: list[tuple[int, str, Tag | None]] = []
        self.program: Tag = (self.writer, 0)
        self.records: dict[str, Record] = {}

    def clock(self) -> int:
        return self.world.time + self.skew

    def present(self, name: str) -> Entry:
        """The entry, unless nothing that it has seen can live anywhere."""
        entry = self.entries.get(name, NOTHING)
        return NOTHING if self._is_past(entry) else entry

    def view(self, now: int) -> dict[str, frozenset[Dot]]:
        """What a reader sees whose clock stands there."""
        alive = {name: entry.alive(now) for name, entry in self.entries.items()}
        return {name: dots for name, dots in alive.items() if dots}

    def _is_past(self, entry: Entry) -> bool:
        """Whether all that it has seen is dead, here and wherever clocks are behind."""
        return horizon(entry) + self._margin() <= self.clock()

    def _margin(self) -> int:
        return MARGIN if self.on("margin") else 0

    def knowledge(self) -> Vector:
        known = dict(self.known)
        raise_to(known, dict(self.history))
        known[self.writer] = self.last
        return normal(known) if self.world.options.folds else known

    def log(self, fields: Iterable[str], tag: Tag | None = None, after: int = 0) -> int:
        self.last = max(self.last + 1, self.world.now() + self.skew, after + 1)
        while self.world.options.silent and self.on("fresh-ids") and self.last in self.used:
            self.last += 1
        self.used.add(self.last)
        for name in fields:
            self.feed.append((self.last, name, tag))
            self.when[name] = self.last
        return self.last

    # What programs do

    def _note(self, name: str, dot: Dot | None, observed: frozenset[Dot]) -> None:
        self.events.setdefault(name, set()).add(len(self.world.events))
        self.world.events.append(Event(dot, observed, self.generation))

    def passes(self) -> None:
        """A program says the last id that it has seen here."""
        self.notice("seen-by-program", dict([self.program]))

    def add(self, name: str, ttl: int = FOREVER) -> None:
        mine = self.present(name)
        time = self.log([name], after=mine.seen.get(self.writer, 0))
        dot = Dot(time, self.writer, min(FOREVER, self.clock() + ttl))
        self._note(name, dot, mine.live)
        seen = {**mine.seen, self.writer: time}
        self.entries[name] = trimmed(frozenset([dot]), seen, self._until(mine))
        self.program = (self.writer, self.last)

    def remove(self, name: str) -> None:
        mine = self.present(name)
        if mine.alive(self.clock()):
            self.log([name])
            self._note(name, None, mine.live)
            self.entries[name] = trimmed(frozenset(), mine.seen, self._until(mine))
            self.program = (self.writer, self.last)

    def _until(self, replaced: Entry) -> int:
        return horizon(replaced) if self.on("until") else NEVER

    def sweep(self) -> None:
        """Let go of the dead: nobody is told, and nothing is noted."""
        for name, entry in list(self.entries.items()):
            if self._is_past(entry):
                del self.entries[name]
            elif all(dot.deadline + self._margin() <= self.clock() for dot in entry.live):
                self.entries[name] = trimmed(frozenset(), entry.seen, horizon(entry))

    def drop(self) -> None:
        self._begin_generation(self.generation + 1, None)

    def _begin_generation(self, generation: int, tag: Tag | None) -> None:
        self.generation = generation
        self.entries = {}
        self.log([MARK], tag)

    def collect(self) -> None:
        known = self.knowledge()
        for name, (live, seen, until) in list(self.entries.items()):
            keep = {w: t for w, t in seen.items() if clock_of(known, w) < t}
            if not self.on("covered-gc"):
                keep = {}
            raise_to(keep, {w: t for t, w, _ in live})
            if keep == seen:
                continue
            self.collected = max(self.collected, self.when.get(name, self.last))
            raise_to(self.silent, {w: t for w, t in seen.items() if keep.get(w) != t})
            if keep:
                self.entries[name] = Entry(live, keep, until)
            else:
                del self.entries[name]
        self._bound()

    def fold(self) -> None:
        """Have one clock stand for all past incarnations that everybody has been heard of since."""
        known = self.knowledge()
        others = set(map(of, known)) - {self.name}
        heard = {r: max([-1, *(t for w, t in known.items() if of(w) == r)]) for r in others}
        names = [*(writer for writer, _ in self.history), self.writer]
        past = [
            writer
            for writer, end in zip(names, map(born, names[1:]), strict=False)
            if min([self.world.time, *heard.values()]) >= end + LATE or not self.on("heard")
        ]
        if past:
            self.known[floor(past[-1])] = max(clock_of(known, writer) for writer in past)
            self.known = normal(self.known)

    def trim(self, keep: int) -> None:
        ids = sorted({entry[0] for entry in self.feed})
        if len(ids) > keep:
            self.reach = max(self.reach, ids[-keep - 1])
            self.feed = [entry for entry in self.feed if entry[0] > self.reach]

    # What servers do

    def snapshot(self) -> list[object]:
        return copy.deepcopy([getattr(self, name) for name in self.STATE])

    def roll_back(self, snapshot: list[object], silently: bool = False) -> None:
        for name, value in zip(self.STATE, copy.deepcopy(snapshot), strict=True):
            setattr(self, name, value)
        if self.on("incarnation") and not silently:
            self._begin_incarnation(self.last)

    def restart(self) -> None:
        """Go on as another process, with all that there was."""
        self._begin_incarnation(self.last)

    def _begin_incarnation(self, cut: int) -> None:
        before = self.knowledge()
        self.history.append((self.writer, cut))
        self.writer = f"{self.name}#{self.world.now()}"
        self._bound(before)

    def notice(self, rule: str, known: Mapping[str, int]) -> bool:
        """Whether someone has seen an id that this feed never had; then an incarnation begins."""
        if not self.world.options.silent or not self.on(rule):
            return False
        id, ids = known.get(self.writer, -1), {entry[0] for entry in self.feed}
        if id <= self.reach or id in ids:
            return False
        cut = max({self.reach} | {i for i in ids if i < id})
        self._begin_incarnation(cut)
        if self.on("alarm"):  # two histories went by one name: everybody reconciles, once
            self.collected = self.log([MARK])
            raise_to(self.silent, {self.writer: self.collected})
        return True

    # As a source

    def _start_of(self, known: Vector) -> int | None:
        """Where one who knows so much stands in this feed; None: nowhere."""
        start, i = clock_of(known, self.writer), len(self.history)
        while start < 0 and i:
            i -= 1
            start = clock_of(known, self.history[i][0])
            if start >= 0:
                start = min([start, *(cut for _, cut in self.history[i:])])
        return start if start >= 0 else None

    def _reply(self) -> Reply:
        return Reply(self.writer, self.last, self.knowledge(), dict(self.silent))

    def _body(self, fields: Iterable[str]) -> Body:
        return {
            f: (self.present(f), frozenset(self.events.get(f, ()))) for f in fields if f != MARK
        }

    def dump(self, asker: str, known: Vector, limit: int, token: str = "") -> Reply:
        """A request: what changed since one who knows so much; or only where we stand."""
        self.notice("seen-by-asker", known)
        reply = self._delta(asker, known, self._start_of(known), limit)
        self._record(token, 1, reply, known)
        return reply

    def go_on(self, token: str, asker: str, news: Vector, limit: int) -> Reply | None:
        """A request: what comes next in a reading, and of what is known what is new on both sides.

        None where the reading is not known, or is that of another incarnation.
        """
        record = self.records.get(token)
        if not record or (record.writer != self.writer and self.on("same-writer")):
            return None
        known = {**record.asked, **news}
        reply = self._delta(asker, known, record.cursor, limit)
        self._record(token, number := record.number + 1, reply, known)
        changes = {w: t for w, t in reply.known.items() if record.told.get(w) != t}
        gone = frozenset(record.told) - frozenset(reply.known if self.on("gone") else record.told)
        return replace(reply, known=changes, gone=gone, number=number)

    def _record(self, token: str, number: int, reply: Reply, asked: Vector) -> None:
        if reply.delta:
            self.records[token] = Record(self.writer, number, reply.cursor, asked, reply.known)

    def _delta(self, asker: str, known: Vector, start: int | None, limit: int) -> Reply:
        """What changed since a clock; or only where we stand.

        What came of the asker itself is not told back, however late it was asked for.
        """
        if start is None or start < self.reach or start < self.collected:
            return replace(self._reply(), events={f: frozenset(e) for f, e in self.events.items()})
        wanted: set[str] = set()
        cursor, more, count = start, False, 0
        for id in sorted({entry[0] for entry in self.feed if entry[0] > start}):
            refs = [entry for entry in self.feed if entry[0] == id]
            if count and count + len(refs) > limit:
                more = True
                break
            count, cursor = count + len(refs), id
            wanted |= {
                f
                for _, f, tag in refs
                if tag is None or (tag[0] != asker and clock_of(known, tag[0]) < tag[1])
            }
        return replace(
            self._reply(),
            delta=True,
            cursor=cursor,
            more=more,
            body=self._body(wanted),
            generation=self.generation if wanted else None,
        )

    def page(self, fields: list[str]) -> Reply:
        """A request: these entries, or that they are not there."""
        return replace(self._reply(), body=self._body(fields), generation=self.generation)

    # As a target

    def ask(self) -> Asked:
        """A request: who is this, and what does it know?"""
        return Asked(self.writer, self.last, self.knowledge())

    def _join(self, body: Body, generation: int | None, theirs: Vector, tag: Tag | None) -> None:
        if generation is not None and generation > self.generation:
            self._begin_generation(generation, tag)
        if generation is not None and generation < self.generation and self.on("generation"):
            return
        known = self.knowledge()
        ready = {**known}
        raise_to(ready, self.pending)
        if not self.on("cover"):
            known = ready = theirs = {}
        tagged: list[str] = []
        untagged: list[str] = []
        latest = 0
        now = self.clock()
        for name, (their, events) in body.items():
            mine = self.present(name)
            if self._is_past(their) and self.on("dead-on-arrival"):
                their = NOTHING
            new = join_entries(mine, their, ready, theirs, self.on("until-travels"))
            for number in events:  # arrived, once what it observed is known to be seen here
                event = self.world.events[number]
                dots = event.observed | ({event.dot} if event.dot else set())
                if all(either(d, new.seen, known) for d in dots):
                    self.events.setdefault(name, set()).add(number)
            if horizon(new) <= now and new.live <= mine.live and self.on("let-die"):
                continue  # nothing of it can be seen, whatever else is known of it
            refused = their.live - new.live
            aware = theirs.get(self.writer, -1) >= self.when.get(name, -1)
            kept = new.alive(now) - their.live if aware and self.on("echo-kept") else frozenset()
            echo = bool(refused or kept) and self.echoes
            if new != mine:
                self.entries[name] = new
                pending = any(not either(d, mine.seen, known) for d in refused)
                plain = echo or (pending and self.on("untagged"))
                (untagged if plain else tagged).append(name)
                latest = max([latest, *new.seen.values()])
            elif echo and aware and self.on("echo-same"):
                untagged.append(name)
        if tagged:
            self.log(tagged, tag, latest)
        if untagged:
            self.log(untagged, None, latest)

    def _aware(self, head: Reply, name: str) -> bool:
        """Whether the source claims to know of the last change of this field, which it lacks."""
        aware = head.known.get(self.writer, -1) >= self.when[name]
        return aware and self.echoes and self.on("ask-aware")

    def _is_for(self, asked: Asked, reply: Reply) -> bool:
        if asked.writer != self.writer or self.notice("seen-by-source", reply.known):
            return False
        if self.notice("seen-by-pull", {asked.writer: asked.clock}):
            return False
        known = self.knowledge()
        if self.on("asked-known") and any(clock_of(known, w) < t for w, t in asked.known.items()):
            return False
        dots: Vector = {}
        for entry, _ in reply.body.values():
            raise_to(dots, entry.seen)
            raise_to(dots, {w: t for t, w, _ in entry.live})
        return not self.notice("seen-in-dots", dots)

    def apply(self, reply: Reply, asked: Asked, cursor: int | None = None) -> bool:
        """A request: join a page, or a delta (which has a cursor); whether it was joined."""
        if not self._is_for(asked, reply):
            return False
        self._join(reply.body, reply.generation, reply.known, (reply.writer, reply.clock))
        if cursor is not None:
            self._learn(reply.writer, cursor, {} if reply.more else reply.known)
        return True

    def _learn(self, writer: str, clock: int, known: Vector) -> None:
        before = self.knowledge()
        raise_to(self.known, {writer: clock})
        own = (self.writer, writer)
        raise_to(self.known, {w: t for w, t in known.items() if w not in own})
        if self.world.options.folds:
            self.known = normal(self.known)
        self._bound(before)

    def absorb(self, body: Body, generation: int | None = None) -> None:
        """A request: join what comes from no replica, or is old; nothing is learned from it."""
        self._join(body, generation, {}, None)

    def note(self, known: Vector, asked: Asked) -> None:
        """A request: all of an object was merged."""
        if asked.writer == self.writer:
            raise_to(self.known, {w: t for w, t in known.items() if w != self.writer})

    def merge(self, body: Body, known: Vector, rnd: random.Random) -> Iterator[None]:
        """Merge an object in memory, in batches."""
        asked, fields = self.ask(), list(body)
        rnd.shuffle(fields)
        if not self.on("object-end"):
            self.note(known, asked)
        for names in chunks(fields):
            yield
            self.absorb({name: body[name] for name in names})
        yield
        self.note(known, asked)

    def prepare(self, head: Reply, asked: Asked) -> None:
        """A request: all that the source has was joined; now we look for what it lacks."""
        if self._is_for(asked, head) and self.on("pending"):
            raise_to(self.pending, head.known)

    def finish(self, head: Reply, silent: Vector, asked: Asked) -> None:
        """A request: the end of reconciling."""
        if not self._is_for(asked, head):
            return
        for name, events in head.events.items():
            self.events.setdefault(name, set()).update(events)
        before = self.knowledge()
        self._learn(head.writer, head.clock, head.known if self.on("together") else {})
        after = self.knowledge()
        told = told_of(silent, head.known if self.on("cut-silent") else {**silent, **head.known})
        if not self.on("cut-silent"):
            told = {w: max(t, silent.get(w, -1)) for w, t in told.items()}
        new = [w for w, t in told.items() if clock_of(before, w) < t]
        if self.on("barrier") and any(
            clock_of(after, w) >= 0 or not self.on("cut-silent") for w in new
        ):
            self.collected = self.log([MARK])
            raise_to(self.silent, {w: told[w] for w in silent if w in told})
            raise_to(self.silent, {w: t for w, t in silent.items() if w == ANYONE})
        self.pending = {w: t for w, t in self.pending.items() if clock_of(after, w) < t}
        self._bound()

    def _bound(self, before: Iterable[str] = ()) -> None:
        """Forget the oldest incarnations of each replica, and of `silent` the oldest."""
        keep, known = self.world.options.keep, self.knowledge()
        if not keep:
            return
        kept: set[str] = set()
        for name in {of(w) for w in known}:
            order = born if self.on("by-birth") else known.__getitem__
            kept |= set(sorted((w for w in known if of(w) == name), key=order)[-keep:])
        kept |= {self.writer, *filter(is_floor, known)}
        forgot = any(w not in kept for w in before)
        self.known = {w: t for w, t in self.known.items() if w in kept}
        self.history = [(w, cut) for w, cut in self.history if w in kept]
        self.pending = {w: t for w, t in self.pending.items() if w in kept}
        anyone = self.silent.pop(ANYONE, -1)
        named = sorted((t, w) for w, t in self.silent.items() if t > anyone)
        gone = named[:-keep]
        anyone = max([anyone, *(t for t, _ in gone)])
        self.silent = {w: t for t, w in named[-keep:]}
        if anyone >= 0 and self.on("anyone"):
            self.silent[ANYONE] = anyone
        if forgot and self.on("forgot"):
            self.collected = self.log([MARK])

    def pull(
        self,
        source: Replica,
        rnd: random.Random,
        late: list[Callable[[], object]] | None = None,
        limit: int = 4,
    ) -> Iterator[None]:
        """All requests of a pull, one after the other; it may be left at each yield."""

        def send(call: Callable[[], object]) -> object:
            if late is not None and rnd.random() < 0.12:
                late.append(call)
            return call()

        on, readings = self.world.options.readings, self.world.readings
        # One that is left in the midst is not gone on with; and in the end all begin anew.
        reading = readings.pop((self, source), None) if late is not None else None
        under_way: list[Reply | None] = []
        for _ in range(200):
            if reading is None:
                under_way = []
                asked = self.ask()
                yield
                token = self.world.token() if self.on("token") else f"{self.name} {source.name}"
                source.notice("seen-by-reader", self.heard.get(source, {}))
                head = source.dump(asked.writer, asked.known, limit, token)
                begun = Reading(token, asked, dict(asked.known))
                head, reading = begun.hear(head), begun if on else None
            else:
                asked = reading.asked
                while not under_way or rnd.random() < 0.3:
                    news = reading.news()
                    under_way.append(source.go_on(reading.token, asked.writer, news, limit))
                    yield
                reply = under_way.pop(0)
                if reply is None or (reply.number != reading.number + 1 and self.on("numbered")):
                    reading = None
                    continue
                head = reading.hear(reply) if self.on("whole") else reply
            self.heard[source] = {head.writer: head.clock}
            yield
            if head.delta:
                joined = send(partial(self.apply, head, asked, head.cursor))
                if reading is not None and joined:
                    reading.learn(head, self.last)
                elif reading is not None:
                    reading.asked = self.ask()
                    reading = None if self.on("anew") else reading
                if not head.more and (joined or not on):
                    if reading is not None:
                        readings[self, source] = reading
                    return
                yield
                continue
            if reading is not None:
                reading, asked = None, self.ask()
                yield
            fields = list(source.entries)
            rnd.shuffle(fields)
            shown: set[tuple[str, Dot]] = set()
            silent = head.silent
            for names in chunks(fields):
                page = source.page(names)
                yield
                if page.writer != head.writer:
                    return
                if self.on("late-silent"):
                    silent = page.silent
                shown |= {(f, dot) for f, (entry, _) in page.body.items() for dot in entry.live}
                send(partial(self.apply, page, asked))
                if self.on("pull-id") and self.writer == asked.writer:
                    asked = replace(asked, clock=self.last)
                yield
            send(partial(self.prepare, head, asked))
            yield
            lacking = [  # only what the source may know to be gone
                name
                for name, entry in self.entries.items()
                if any(
                    (name, dot) not in shown
                    and (covers(head.known, dot) or self._aware(head, name))
                    for dot in entry.alive(self.clock())
                )
                and (name not in fields or self.on("shown-dots"))
            ]
            yield
            for names in chunks(lacking) if self.on("absence") else ():
                page = source.page(names)
                yield
                if page.writer != head.writer:
                    return
                send(partial(self.apply, page, asked))
                if self.on("pull-id") and self.writer == asked.writer:
                    asked = replace(asked, clock=self.last)
                yield
            send(partial(self.finish, head, silent, asked))
            yield


class Bare:
    """An object in memory: no feed, and it is merged whole."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.writer, self.last = f"{name}#{world.now()}", 0
        self.entries: dict[str, Entry] = {}
        self.known: Vector = {}
        self.events: dict[str, set[int]] = {}

    def _present(self, name: str) -> Entry:
        entry = self.entries.get(name, NOTHING)
        return NOTHING if horizon(entry) + MARGIN <= self.world.time else entry

    def state(self) -> tuple[Body, Vector]:
        body = {f: (self._present(f), frozenset(self.events.get(f, ()))) for f in self.entries}
        return body, {**self.known, self.writer: self.last}

    def change(self, name: str, adds: bool, ttl: int = FOREVER) -> None:
        mine = self._present(name)
        if not adds and not mine.alive(self.world.time):
            return
        self.last = self.world.now()
        dot = Dot(self.last, self.writer, min(FOREVER, self.world.time + ttl)) if adds else None
        self.events.setdefault(name, set()).add(len(self.world.events))
        self.world.events.append(Event(dot, mine.live, 0))
        seen = {**mine.seen, self.writer: self.last} if adds else mine.seen
        live = frozenset([dot] if dot else [])
        self.entries[name] = trimmed(live, seen, horizon(mine))

    def merge(self, body: Body, known: Vector) -> None:
        mine = self.state()[1]
        for name in {*self.entries, *body}:
            theirs, events = body.get(name, (NOTHING, frozenset()))
            self.entries[name] = join_entries(self._present(name), theirs, mine, known)
            self.events.setdefault(name, set()).update(events)
        raise_to(self.known, {w: t for w, t in known.items() if w != self.writer})

    def fork(self) -> Bare:
        other = Bare(self.world, self.name)
        other.merge(*self.state())
        return other
