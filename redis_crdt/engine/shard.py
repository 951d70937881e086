"""State in memory: collections, the feed of their changes, and the joining of what others send."""

from __future__ import annotations

import secrets
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from redis_crdt.core.clock import Dot, HybridClock, Time, replica_of, wall_clock
from redis_crdt.core.dots import Dots
from redis_crdt.core.entries import MAX_HISTORY, MAX_KNOWN, MAX_SILENT, Entry
from redis_crdt.core.floors import AWAY, LATE, Known, birth_of, floor_of, is_floor, redundant
from redis_crdt.core.joins import knows
from redis_crdt.core.kinds import KINDS, Kind, check_kind
from redis_crdt.core.names import check_replica_id, check_stored_name
from redis_crdt.engine.store import Bell, FeedEntry, Noted, Pen, Store
from redis_crdt.errors import ClockDrift

Known_ = Mapping[str, Time]
"""What somebody knows: writer -> clock."""

WIDE_AGE = 60_000
"""After so many milliseconds entries that have seen much are looked after; see
``lua/replica/collect_seen.lua``."""

ALL = "*"
"""Stands for any writer: something of it may have been collected up to this time."""


class Shard:
    """One replica's collections, with the feed that orders their changes."""

    def __init__(
        self,
        replica_id: str | None = None,
        wall: Callable[[], int] = wall_clock,
        max_drift: float = 60.0,
        feed_limit: int = 1,
    ) -> None:
        if replica_id is None:
            replica_id = "r" + secrets.token_hex(6)
        self.replica_id = check_replica_id(replica_id)
        self.max_drift = max_drift
        self.feed_limit = feed_limit
        self.clock = HybridClock(wall)
        self.bell = Bell()
        self._batch: list[tuple[bytes, bytes]] | None = None
        self.begin_life()

    def begin_life(self) -> None:
        """Begin with nothing."""
        self.stores: dict[tuple[bytes, str], Store[Any]] = {}
        self.generations: dict[bytes, int] = {}
        self.feed: list[FeedEntry] = []
        self.reach = self.collected = Time(0)
        self.known: dict[str, Time] = {}
        self.pending: dict[str, Time] = {}
        self.silent: dict[str, Time] = {}
        self.brought: dict[str, Time] = {}
        self.past: dict[str, Time] = {}
        self.peers: dict[str, Time] = {}
        self._pen = Pen(self.replica_id, self.clock.wall)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state of a copy or pickle: another object, which writes under a new name."""
        pen = Pen(self.replica_id, self.clock.wall)
        return {**self.__dict__, "past": self._past_of_another(), "_pen": pen}

    def _past_of_another(self) -> dict[str, Time]:
        past = {**self.past, self._pen.writer: self.clock.last}
        return past if len(past) <= 2 * MAX_HISTORY else dict(list(past.items())[-MAX_HISTORY:])

    @property
    def writer(self) -> str:
        """The name under which this object writes."""
        pen = self._pen
        if not pen.is_held_by(self) and not pen.take(self):
            past = self._past_of_another()
            forgets, self.past = len(past) <= len(self.past), past
            pen = self._pen = Pen(self.replica_id, self.clock.wall)
            pen.take(self)
            if forgets:
                self._tell_of_silence()
        return pen.writer

    @property
    def present_writer(self) -> str | None:
        """The name under which it would write now; None where it would have to take a new one."""
        pen = self._pen
        return pen.writer if pen.is_held_by(self) or pen.is_free else None

    def fork(self) -> Shard:
        """Return an empty shard of the same replica, which may go on in place of this one.

        Unless yet another one has gone on already: then it writes under a name of its own.
        """
        other = Shard(self.replica_id, self.clock.wall, self.max_drift)
        other.clock.observe(self.clock.last)
        other.known = dict(self.known)
        if self._pen.is_passed_on_by(self):
            other.past, other._pen = dict(self.past), self._pen
        else:
            other.past = self._past_of_another()
        return other

    def knowledge(self, clock: Time | None = None) -> Known:
        """Return what this replica knows: writer -> clock, its own past and present included."""
        known = Known(self.known)
        raise_to(known, self.past)
        # Whoever writes with this pen now, up to here all is in this object, too.
        known[self._pen.writer] = self.clock.last if clock is None else clock
        return known

    def store(self, name: str, kind: str) -> Store[Any]:
        """Return the named collection, made if need be; KindMismatch if of another kind."""
        field = check_stored_name(name)
        check_kind(
            name, [k for (n, k), s in self.stores.items() if n == field and not s.dropped], kind
        )
        store = self.store_of(field, kind)
        store.dropped = False
        return store

    def settle(self) -> None:
        """Let go of what is dead in all collections."""
        for store in self.stores.values():
            if store.due:
                store.settle(self.clock.wall(), self.newest())

    def store_of(self, name: bytes, kind: str) -> Store[Any]:
        """Return the collection of this name and kind, made if need be."""
        return self.stores.setdefault((name, kind), Store(KINDS[kind]))

    def append(
        self, refs: Iterable[tuple[bytes, bytes]], tag: Dot | None = None, after: Time = Time(0)
    ) -> Time:
        """Log a write and return its time, later than ``after`` and all before it."""
        self.clock.observe(after)
        if self._batch is not None:
            self._batch.extend(refs)
            return self.clock.last
        time = self.clock.tick()
        self._log(FeedEntry(time, tuple(refs), tag))
        return time

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the writes inside it one write, or none if an exception ends it."""
        before = {
            n: (dict(s.live), dict(s.removed), dict(s.dying), dict(s.holds))
            for n, s in self.stores.items()
        }
        last = self.clock.last
        self.clock.tick()
        self._batch = []
        try:
            yield
        except BaseException:
            self._batch, self.clock.last = None, last
            for place, parts in before.items():
                store = self.stores[place]
                store.live, store.removed, store.dying, store.holds = parts
            raise
        refs, self._batch = self._batch, None
        if refs:
            self._log(FeedEntry(self.clock.last, tuple(refs), None))

    def _log(self, entry: FeedEntry) -> None:
        self.feed.append(entry)
        if len(self.feed) > self.feed_limit * 9 // 8 + 1:
            self.trim_to(self.feed_limit)
        self.bell.ring()

    def trim_to(self, keep: int) -> None:
        """Forget all but the latest entries of the feed."""
        cut = len(self.feed) - keep
        if cut > 0:
            self.reach = self.feed[cut - 1].time
            del self.feed[:cut]

    def newest(self) -> Time:
        """Return the clock as others are told of it: the id of the feed's newest entry."""
        return self.feed[-1].time if self.feed else self.reach

    def after(self, time: Time) -> list[FeedEntry]:
        """Return what the feed has after a time."""
        return self.feed[bisect_right(self.feed, time, key=lambda logged: logged.time) :]

    # Joining --------------------------------------------------------------------------------

    def check_drift(self, latest: Time, allowed: float) -> None:
        """Raise :class:`ClockDrift` for a time more than ``allowed`` milliseconds ahead.

        What the feed has come to already wins over nothing that is written from now on.
        """
        ahead = latest.ms - self.clock.wall()
        if ahead > allowed and latest.ms > self.newest().ms:
            raise ClockDrift.of(ahead, allowed)

    def drop(self, name: bytes, generation: int) -> None:
        """Throw away what a name stands for; what was written before this generation is dead."""
        self.generations[name] = generation
        for (of, _), store in self.stores.items():
            if of == name:
                store.drop()

    def note(self, store: Store[Any], known: Known_) -> None:
        """Note what is known of a collection alone; of replicas they alone tell."""
        replicas = set(map(replica_of, self.knowledge()))
        now = self.newest()
        for writer, clock in known.items():
            mine = store.context.get(writer)
            if replica_of(writer) not in replicas and (mine is None or clock > mine.clock):
                store.context[writer] = Noted(clock, now)

    def learn(self, known: Known_, source: str) -> None:
        """Take over what another one knows; never of the present writer, whom only it knows.

        Where enough writers are known, only the source is added.
        """
        mine, room = Known(self.known), MAX_KNOWN - len(self.known)
        news = {w: c for w, c in known.items() if w != self.writer and not knows(mine, Dot(c, w))}
        new = [w for w in news if w not in mine and w != source][: max(0, room)]
        taken = {w for w in news if w in mine or w == source}.union(new)
        raise_to(self.known, {w: known[w] for w in taken})
        self._drop_redundant()
        if bound(self.known):
            self._tell_of_silence()

    def _drop_redundant(self) -> None:
        for writer in redundant(self.known):
            del self.known[writer]

    def lay_floor(self) -> bool:
        """Have one clock stand for past incarnations; see ``lua/replica/lay_floor.lua``."""
        known, now, own = self.knowledge(self.newest()), self.clock.wall(), self.replica_id
        heard = dict.fromkeys(self.peers, 0)
        for writer, clock in known.items():
            replica = replica_of(writer)
            heard[replica] = max(heard.get(replica, 0), clock.ms)
        waited_for = (
            ms
            for replica, ms in heard.items()
            if replica != own and (replica in self.peers or ms >= now - AWAY)
        )
        until = min([now, *waited_for]) - LATE
        ends = map(birth_of, [*self.past, self._pen.writer][1:])
        past = [writer for writer, end in zip(self.past, ends, strict=True) if end <= until]
        if not past:
            return False
        top, latest = floor_of(past[-1]), max(known.get(writer) for writer in past)
        if knows(known, Dot(latest, top)):
            return False
        self.known[top] = latest
        self._drop_redundant()
        for writer in past[: max(0, len(self.past) - MAX_HISTORY)]:
            del self.past[writer]
        return True

    def _tell_of_silence(self) -> None:
        """Have all peers reconcile once: the feed does not tell of what was forgotten."""
        self.collected = self.append([])

    def collect(self, store: Store[Any], stable: Time, before: int) -> int:
        """Forget what is known of removals that all have seen; returns how many went."""
        ours, count = self._known_of(store), 0
        gone: dict[str, Time] = {}
        for key, (time, entry) in list(store.removed.items()):
            if time.ms <= before and time <= stable:
                seen = self._without_known(entry, time, ours, gone)
                if not seen:
                    del store.removed[key]
                    count += 1
                elif seen != entry.seen:
                    store.removed[key] = (time, replace(entry, seen=seen))
        self.fall_silent(gone)
        return count

    def collect_seen(self, stable: Time, before: int) -> int:
        """Have live entries that have seen much forget what is known; returns how many did."""
        count = 0
        for store in self.stores.values():
            ours = self._known_of(store)
            gone: dict[str, Time] = {}
            for key, time in list(store.wide.items()):
                wide = store.live.get(key)
                if wide is not None and time.ms <= before and time <= stable:
                    seen = self._without_known(wide, time, ours, gone)
                    count += seen != wide.seen
                    store.live[key] = wide = replace(wide, seen=seen)
                if wide is None or not wide.is_wide:
                    del store.wide[key]
            self.fall_silent(gone)
        return count

    def _known_of(self, store: Store[Any]) -> Known:
        ours = self.knowledge(self.newest())
        raise_to(ours, {writer: noted.clock for writer, noted in store.context.items()})
        return ours

    def _without_known(
        self, entry: Dots, time: Time, ours: Known, gone: dict[str, Time]
    ) -> dict[str, Time]:
        """Return what an entry has seen but for what is known, which is added to ``gone``."""
        living: dict[str, Time] = {}
        raise_to(living, {dot.writer: dot.time for dot in sorted(entry.live)})
        went = {
            writer: seen
            for writer, seen in entry.seen.items()
            if living.get(writer) != seen and knows(ours, Dot(seen, writer))
        }
        if went:
            raise_to(gone, went)
            self.collected = max(self.collected, time)
        return {**{w: t for w, t in entry.seen.items() if w not in went}, **living}

    def fall_silent(self, news: Known_) -> None:
        """Note for whom something was collected that the feed does not tell of."""
        raise_to(self.silent, news)
        writers = [writer for writer in self.silent if writer != ALL]
        if len(writers) > MAX_SILENT:
            for writer in sorted(writers, key=self.silent.__getitem__)[:-MAX_SILENT]:
                raise_to(self.silent, {ALL: self.silent.pop(writer)})


def join(
    kind: Kind,
    mine: Entry | None,
    theirs: Entry | None,
    ours: Known_,
    known: Known_,
    now: int = 0,
) -> Entry | None:
    """Return what two entries of a field become, given what each side knows.

    ``now`` is what the clock says. What is past its horizon by then is none; and where nothing of
    what they become can be seen, and it brings no dot that is not here, it stays as it is: it is
    left to die.
    """
    if not kind.has_dots:
        return (
            kind.join(mine, theirs) if mine is not None and theirs is not None else mine or theirs
        )
    if _has_deadlines(mine) or _has_deadlines(theirs):
        return _join_mortal(kind, mine, theirs, ours, known, now)
    if mine is None and isinstance(theirs, Dots) and not any(knows(ours, d) for d in theirs.live):
        return theirs
    nothing = Dots({}, {})
    joined: Any = kind.join(mine or nothing, theirs or nothing, ours, known)
    return joined if joined.seen else None


def _has_deadlines(entry: Entry | None) -> bool:
    return isinstance(entry, Dots) and entry.has_deadlines


def _join_mortal(
    kind: Kind, mine: Any, theirs: Any, ours: Known_, known: Known_, now: int
) -> Entry | None:
    nothing = Dots({}, {})
    held = nothing if mine is None or mine.is_past(now) else mine
    come = nothing if theirs is None or theirs.is_past(now) else theirs
    joined: Any = kind.join(held, come, ours, known)
    if joined.horizon <= now and joined.live.keys() <= held.live.keys():
        return mine  # type: ignore[no-any-return]
    return joined  # type: ignore[no-any-return]


def raise_to(known: dict[str, Time], other: Known_) -> None:
    """Raise clocks to those of another one."""
    for writer, clock in other.items():
        mine = known.get(writer)
        if mine is None or clock > mine:
            known[writer] = clock


def bound(known: dict[str, Time]) -> bool:
    """Keep of each replica the incarnations that began last, and tell whether any are forgotten.

    Many at a time, for all peers then reconcile. Their names tell when they began. By their clocks
    it would not do: after a roll-back the old one's may be ahead.
    """
    before = len(known)
    of: dict[str, list[str]] = {}
    for writer in known:
        if not is_floor(writer):
            of.setdefault(replica_of(writer), []).append(writer)
    for writers in of.values():
        if len(writers) > 2 * MAX_HISTORY:
            for writer in sorted(writers)[:-MAX_HISTORY]:
                del known[writer]
    return len(known) < before
