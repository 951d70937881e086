"""State in memory: collections, the feed of their changes, and the joining of what others send.

The twin of the scripts in ``lua/replica``: the same requests, the same replies, so that memory
and servers can be source and target of each other.
"""

from __future__ import annotations

import secrets
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition
from typing import Any, Generic, TypeVar

from redis_crdt.clock import (
    Dot,
    HybridClock,
    Time,
    check_writer,
    new_writer,
    parse_clock,
    replica_of,
    wall_clock,
)
from redis_crdt.entries import Dots, Entry, Last, Total
from redis_crdt.errors import (
    ClockDrift,
    InvalidDump,
    InvalidName,
    KindMismatch,
    ReplicaConflict,
)
from redis_crdt.kinds import KINDS, Kind
from redis_crdt.names import check_name, check_replica_id

E = TypeVar("E", Total, Last, Dots)


class Pen:
    """The right to write under one writer's name; only its holder has it.

    Two objects that both go on from one state must not count under one name, for each would
    hide the other's increments. So the pen passes to whichever object writes first, and any
    other takes a new one. A copy or pickle of a pen is a new one, too.
    """

    def __init__(self, replica_id: str) -> None:
        self.replica_id = replica_id
        self.writer = new_writer(replica_id)
        self.holder: Shard | None = None

    def __reduce__(self) -> tuple[type[Pen], tuple[str]]:
        return Pen, (self.replica_id,)


@dataclass(slots=True)
class Store(Generic[E]):
    """The entries of one collection; ``removed`` has the time of each removal, too."""

    kind: Kind
    live: dict[bytes, E] = field(default_factory=dict)
    removed: dict[bytes, tuple[Time, E]] = field(default_factory=dict)

    def get(self, key: bytes) -> E | None:
        """Return the entry of a field, be it live or a tombstone."""
        entry = self.live.get(key)
        if entry is None and key in self.removed:
            entry = self.removed[key][1]
        return entry

    def put(self, key: bytes, entry: E, time: Time) -> None:
        """Store an entry that came to be at this time."""
        if entry.is_tombstone:
            self.live.pop(key, None)
            self.removed[key] = (time, entry)
        else:
            self.removed.pop(key, None)
            self.live[key] = entry

    def entries(self) -> Iterator[tuple[bytes, E]]:
        """Yield all fields with their entries, live ones first."""
        yield from self.live.items()
        for key, (_, entry) in self.removed.items():
            yield key, entry


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """What was written at one time. The tag says from where a pull brought it, and when."""

    time: Time
    refs: tuple[tuple[bytes, bytes], ...]
    tag: Dot | None


class Bell:
    """Wakes the threads that watch a feed; a copy is a new one, which nobody listens to."""

    def __init__(self) -> None:
        self.condition = Condition()

    def ring(self) -> None:
        """Wake all who wait."""
        with self.condition:
            self.condition.notify_all()

    def __reduce__(self) -> tuple[type[Bell], tuple[()]]:
        return Bell, ()


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
        self.stores: dict[bytes, Store[Any]] = {}
        self.feed: list[FeedEntry] = []
        self.reach = Time(0)
        self.known: dict[str, Time] = {}
        self.bell = Bell()
        self._pen = Pen(replica_id)
        self._batch: list[tuple[bytes, bytes]] | None = None

    @property
    def writer(self) -> str:
        """The name under which this object writes."""
        if self._pen.holder is not self:
            if self._pen.holder is not None:
                self.known[self._pen.writer] = self.clock.last
                self._pen = Pen(self.replica_id)
            self._pen.holder = self
        return self._pen.writer

    def fork(self) -> Shard:
        """Return an empty shard of the same replica, which may go on in place of this one."""
        other = Shard(self.replica_id, self.clock.wall, self.max_drift)
        other.clock.observe(self.clock.last)
        other._pen = self._pen
        self._pen.holder = None
        return other

    def store(self, name: str, kind: str) -> Store[Any]:
        """Return the named collection, made if need be; KindMismatch if of another kind."""
        return self._store(check_name(name), kind)

    def _store(self, name: bytes, kind: str) -> Store[Any]:
        store = self.stores.setdefault(name, Store(KINDS[kind]))
        if store.kind.name != kind:
            raise KindMismatch(f"{name.decode()!r} is a {store.kind.name}, not a {kind}")
        return store

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
        before = {n: (dict(s.live), dict(s.removed)) for n, s in self.stores.items()}
        last = self.clock.last
        self.clock.tick()
        self._batch = []
        try:
            yield
        except BaseException:
            self._batch, self.clock.last = None, last
            for name, (live, removed) in before.items():
                self.stores[name].live, self.stores[name].removed = live, removed
            raise
        refs, self._batch = self._batch, None
        if refs:
            self._log(FeedEntry(self.clock.last, tuple(refs), None))

    def _log(self, entry: FeedEntry) -> None:
        self.feed.append(entry)
        if len(self.feed) > self.feed_limit * 9 // 8 + 1:
            self.trim(self.feed_limit)
        self.bell.ring()

    def trim(self, keep: int) -> None:
        """Forget all but the latest entries of the feed."""
        cut = len(self.feed) - keep
        if cut > 0:
            self.reach = self.feed[cut - 1].time
            del self.feed[:cut]

    # What a replica is asked ----------------------------------------------------------------

    def knowledge(self) -> list[bytes]:
        """Reply what this replica knows: writer and clock, its own present writer first."""
        known = {self.writer: self._newest(), **self.known}
        return [text.encode() for item in known.items() for text in map(str, item)]

    def dump(self, limit: bytes, *known: bytes) -> list[bytes | list[bytes]]:
        """Reply the delta for a target that knows so much; see ``lua/replica/dump.lua``."""
        knows = {w.decode(): parse_clock(c) for w, c in zip(known[::2], known[1::2], strict=True)}
        clock = self._newest()
        writer = self.writer
        cursor = knows.get(writer, Time(0))
        head = [writer.encode(), str(clock).encode()]
        if cursor < self.reach or cursor > clock:
            return [b"scan", head[0], head[1], head[1], b"0", []]
        wanted: dict[bytes, dict[bytes, None]] = {}
        looked_at = 0
        for logged in self.feed[bisect_right(self.feed, cursor, key=lambda e: e.time) :]:
            size = len(logged.refs) + (logged.tag is not None)
            if looked_at and looked_at + size > int(limit):
                break
            looked_at, cursor = looked_at + size, logged.time
            if logged.tag is None or knows.get(logged.tag.writer, Time(-1)) < logged.tag.time:
                for name, key in logged.refs:
                    wanted.setdefault(name, {})[key] = None
        body: list[bytes] = []
        for name, keys in wanted.items():
            store = self.stores[name]
            found = [(key, entry) for key in keys if (entry := store.get(key)) is not None]
            body += _group(name, store, found)
        more = b"1" if cursor < clock else b"0"
        return [b"delta", head[0], str(cursor).encode(), head[1], more, body]

    def position(self, *names: bytes) -> list[bytes]:
        """Reply the clock, the reach and the kinds; see ``lua/replica/position.lua``."""
        kinds = [self.stores[n].kind.name.encode() if n in self.stores else b"" for n in names]
        return [_feed_id(self._newest()), _feed_id(self.reach), *kinds]

    def since(self, start: bytes, limit: int) -> Iterator[tuple[bytes, list[bytes]]]:
        """Yield the feed's entries after an id, as the server's stream would give them."""
        ms, seq = map(int, start.split(b"-"))
        first = bisect_right(self.feed, Time(ms, seq), key=lambda logged: logged.time)
        for logged in self.feed[first : first + limit]:
            tag = [b"", str(logged.tag).encode()] if logged.tag else []
            yield _feed_id(logged.time), [*tag, *(part for ref in logged.refs for part in ref)]

    def collections(self, cursor: bytes, limit: bytes) -> list[bytes | list[bytes]]:
        """Reply the collections, all in one page; see ``lua/replica/collections.lua``."""
        stores = self.stores.items()
        return [b"0", [part for name, s in stores for part in (name, s.kind.name.encode())]]

    def scan(
        self, limit: bytes, part: bytes, cursor: bytes, *collections: bytes
    ) -> list[bytes | list[bytes]]:
        """Reply the entries of the collections; see ``lua/replica/scan.lua``.

        A collection is copied whole, whatever the limit: there is nobody else to wait.
        """
        body: list[bytes] = []
        done = taken = 0
        for name in collections[::2]:
            if taken >= int(limit):
                break
            found = list(self.stores[name].entries())
            body += _group(name, self.stores[name], found)
            taken += len(found)
            done += 1
        clock = str(self._newest()).encode()
        return [self.writer.encode(), clock, b"%d" % done, b"live", b"0", body]

    def apply(
        self,
        source: bytes,
        cursor: bytes,
        clock: bytes,
        asked_as: bytes,
        allowed: bytes,
        horizon: bytes,
        *body: bytes,
    ) -> list[int | bytes]:
        """Join a batch and move the cursor; see ``lua/replica/apply.lua``."""
        by = check_writer(source.decode()) if source else ""
        if by and replica_of(by) == self.replica_id:
            raise ReplicaConflict(f"two replicas are called {self.replica_id!r}")
        batch = read_body(body)
        latest = max((e.time for _, _, es in batch for e in es.values()), default=Time(0))
        self.check_drift(max(latest, parse_clock(horizon) if horizon else Time(0)), float(allowed))
        joined = [(name, kind, self._join(name, kind, entries)) for name, kind, entries in batch]
        refs = [(name, key) for name, _, entries in joined for key in entries]
        if refs:
            tag = Dot(parse_clock(clock), by) if by else None
            time = self.append(refs, tag, latest)
            for name, kind, entries in joined:
                if entries:
                    store = self._store(name, kind.name)
                    for key, entry in entries.items():
                        store.put(key, entry, time)
        holds = bool(by and cursor) and asked_as.decode() == self.writer
        if holds:
            self.known[by] = max(self.known.get(by, Time(0)), parse_clock(cursor))
        return [len(refs), b"1" if holds else b"0"]

    def check_drift(self, latest: Time, allowed: float) -> None:
        """Raise :class:`ClockDrift` for a time more than ``allowed`` milliseconds ahead."""
        ahead = latest.ms - self.clock.wall()
        if ahead > allowed:
            raise ClockDrift(
                f"refused: a time {ahead / 1000:.3f} s ahead of this replica's clock "
                f"(max_drift is {allowed / 1000:g} s); correct the clock that wrote it"
            )

    def _join(self, name: bytes, kind: Kind, entries: dict[bytes, Entry]) -> dict[bytes, Entry]:
        """Return what joining changes here; nothing is written yet."""
        store = self.stores.get(name)
        if store is None:
            return entries
        if store.kind is not kind:
            raise KindMismatch(f"{name.decode()!r} is a {store.kind.name} here, not a {kind.name}")
        changed = {}
        for key, theirs in entries.items():
            mine = store.get(key)
            after = theirs if mine is None else kind.join(mine, theirs)
            if after != mine:
                changed[key] = after
        return changed

    def _newest(self) -> Time:
        return self.feed[-1].time if self.feed else self.reach


def _feed_id(time: Time) -> bytes:
    return b"%d-%d" % time


def _group(name: bytes, store: Store[Any], found: Sequence[tuple[bytes, Entry]]) -> list[bytes]:
    flat = [name, store.kind.name.encode(), b"%d" % len(found)]
    for key, entry in found:
        flat += (key, bytes(entry))
    return flat


def read_body(body: Sequence[bytes]) -> list[tuple[bytes, Kind, dict[bytes, Entry]]]:
    """Read the body of a batch; :class:`InvalidDump` for anything malformed in it."""
    groups: dict[bytes, tuple[bytes, Kind, dict[bytes, Entry]]] = {}
    rest = list(body)
    at = 0
    while at < len(rest):
        head = rest[at : at + 3]
        kind = KINDS.get(head[1].decode("ascii", "replace")) if len(head) == 3 else None
        if kind is None or not head[2].isdigit():
            raise InvalidDump("an ill-formed batch")
        name, count = head[0], int(head[2])
        flat = rest[at + 3 : at + 3 + 2 * count]
        if len(flat) < 2 * count:
            raise InvalidDump("a truncated batch")
        entries = {f: kind.parse(f, e) for f, e in zip(flat[::2], flat[1::2], strict=True)}
        if len(entries) < count or name in groups:
            raise InvalidDump("a batch with repeated fields or collections")
        try:
            check_name(name.decode())
        except (InvalidName, UnicodeDecodeError) as error:
            raise InvalidDump(f"a batch with an ill-formed name: {name[:80]!r}") from error
        groups[name] = (name, kind, entries)
        at += 3 + 2 * count
    return list(groups.values())
