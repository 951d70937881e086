"""State in memory: collections, the feed of their changes, and the joining of what others send.

The twin of the scripts in ``lua/replica``: the same requests, the same replies, so that memory
and servers can be source and target of each other.
"""

from __future__ import annotations

import secrets
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from redis_crdt.clock import (
    Dot,
    HybridClock,
    Time,
    check_writer,
    parse_clock,
    replica_of,
    wall_clock,
)
from redis_crdt.entries import MAX_BATCH, Entry
from redis_crdt.errors import (
    ClockDrift,
    ForgottenPeer,
    InvalidDump,
    InvalidName,
    KindMismatch,
    ReplicaConflict,
    StaleDump,
    StaleReplica,
)
from redis_crdt.kinds import KINDS, Kind, check_kind
from redis_crdt.memory.store import Bell, FeedEntry, Peer, Pen, Store
from redis_crdt.names import check_replica_id, check_stored_name

MAX_HISTORY = 16
"""Of so many incarnations of another replica it is kept how far they are known."""


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
        self.past: dict[str, Time] = {}
        self.peers: dict[str, Peer | None] = {}
        self.scans: dict[str, bytes] = {}
        self.joined = False
        self.collected = Time(0)
        self.bell = Bell()
        self._pen = Pen(replica_id)
        self._batch: list[tuple[bytes, bytes]] | None = None

    @property
    def writer(self) -> str:
        """The name under which this object writes."""
        if self._pen.holder is not self:
            if self._pen.holder is not None:
                self.past[self._pen.writer] = self.clock.last
                self._pen = Pen(self.replica_id)
            self._pen.holder = self
        return self._pen.writer

    def fork(self) -> Shard:
        """Return an empty shard of the same replica, which may go on in place of this one."""
        other = Shard(self.replica_id, self.clock.wall, self.max_drift)
        other.clock.observe(self.clock.last)
        other.collected = self.collected
        other._pen = self._pen
        self._pen.holder = None
        return other

    def store(self, name: str, kind: str) -> Store[Any]:
        """Return the named collection, made if need be; KindMismatch if of another kind."""
        return self._store(check_stored_name(name), kind)

    def _store(self, name: bytes, kind: str) -> Store[Any]:
        store = self.stores.setdefault(name, Store(KINDS[kind]))
        check_kind(name.decode(), store.kind.name, kind)
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
            self.trim_to(self.feed_limit)
        self.bell.ring()

    def trim_to(self, keep: int) -> None:
        """Forget all but the latest entries of the feed."""
        cut = len(self.feed) - keep
        if cut > 0:
            self.reach = self.feed[cut - 1].time
            del self.feed[:cut]

    # What a replica is asked ----------------------------------------------------------------

    def knowledge(self) -> list[Any]:
        """Reply what this replica knows; see ``lua/replica/knowledge.lua``."""
        known = {self.writer: self._newest(), **self.past, **self.known}
        scans = [part for w, scan in self.scans.items() for part in (w.encode(), scan)]
        return [self.writer.encode(), b"%d" % self.joined, _flat(known), scans]

    def dump(self, limit: bytes, asker: bytes, joined: bytes, count: bytes, *rest: bytes) -> Any:
        """Reply the delta for a target that knows so much; see ``lua/replica/dump.lua``."""
        peer = self._check_peer(asker)
        scanned, knows = _known(rest[: int(count)]), _known(rest[int(count) :])
        clock = self._newest()
        cursor = self._start(knows)
        self._admit(peer, knows[asker.decode()], joined == b"1", knows, scanned)
        begun = {w: parse_clock(s.split(b"\n")[1]) for w, s in self.scans.items() if s[:1] == b"f"}
        head = [b"delta", self.writer.encode(), str(clock).encode(), str(clock).encode(), b"0"]
        about = [b"%d" % self.joined, _flat(begun), _flat(self.known)]
        if cursor < self.reach or cursor < self.collected or cursor > clock:
            return [b"scan", *head[1:], *about, []]
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
        head[2], head[4] = str(cursor).encode(), b"%d" % (cursor < clock)
        return [*head, *about, body]

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

    def collections(self, cursor: bytes, limit: bytes) -> list[Any]:
        """Reply the collections, all in one page; see ``lua/replica/collections.lua``."""
        stores = self.stores.items()
        names = [part for name, s in stores for part in (name, s.kind.name.encode())]
        return [b"0", names, [n for _, s in stores for n in (len(s.live), len(s.removed))]]

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
            done += 1
            if store := self.stores.get(name):
                found = list(store.entries())
                body += _group(name, store, found)
                taken += len(found)
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
        mode: bytes,
        scan: bytes,
        joined: bytes,
        scanned_parts: bytes,
        known_parts: bytes,
        *rest: bytes,
    ) -> list[int | bytes]:
        """Join a batch and move the cursor; see ``lua/replica/apply.lua``."""
        split = int(scanned_parts), int(scanned_parts) + int(known_parts)
        scanned, knows = _known(rest[: split[0]]), _known(rest[split[0] : split[1]])
        by = check_writer(source.decode()) if source else ""
        if by:
            peer = self._check_peer(source)
            self._admit(peer, parse_clock(clock), joined == b"1", knows, scanned)
        batch = read_body(rest[split[1] :])
        if not by and mode != b"force":
            for name, kind, entries in batch:
                self.check_age(kind, self.stores.get(name), entries, name.decode())
        latest = max((e.time for _, _, es in batch for e in es.values()), default=Time(0))
        self.check_drift(max(latest, parse_clock(horizon) if horizon else Time(0)), float(allowed))
        changes = [(name, kind, self._join(name, kind, entries)) for name, kind, entries in batch]
        refs = [(name, key) for name, _, entries in changes for key in entries]
        if mode == b"try":
            return [len(refs), b"0"]
        if refs:
            self.joined = True
            tag = Dot(parse_clock(clock), by) if by else None
            time = self.append(refs, tag, latest)
            for name, kind, entries in changes:
                if entries:
                    store = self._store(name, kind.name)
                    for key, entry in entries.items():
                        store.put(key, entry, time)
        if not by or asked_as.decode() != self.writer:
            return [len(refs), b"0"]
        if scan:
            self.scans[by] = scan
        if not cursor:
            return [len(refs), b"0"]
        self.scans = {w: s for w, s in self.scans.items() if replica_of(w) != peer}
        self._learn(by, parse_clock(cursor), is_source=True)
        if mode == b"last":
            for writer, read in knows.items():
                if replica_of(writer) != self.replica_id:
                    self._learn(writer, read)
        return [len(refs), b"1"]

    def _learn(self, writer: str, read: Time, is_source: bool = False) -> None:
        """Note how far a writer's feed is known; of each replica for the latest ones only."""
        if writer not in self.known:
            alike = [w for w in self.known if replica_of(w) == replica_of(writer)]
            if len(alike) >= MAX_HISTORY:
                oldest = min(alike, key=self.known.__getitem__)
                if not is_source and read < self.known[oldest]:
                    return
                del self.known[oldest]
        self.known[writer] = max(self.known.get(writer, Time(0)), read)

    def collect(
        self, age: bytes, name: bytes, kind: bytes, cursor: bytes, limit: bytes
    ) -> list[bytes | int]:
        """Drop the tombstones of a collection that may go; see ``lua/replica/collect.lua``."""
        before = self.clock.wall() - int(age)
        stable = self._acknowledged_by_all()
        removed = self.stores[name].removed
        old = {key: t for key, (t, _) in removed.items() if t.ms <= before and t <= stable}
        for key, time in old.items():
            self.collected = max(self.collected, time)
            del removed[key]
        return [b"0", len(old)]

    def trim(self, age: bytes) -> int:
        """Take old entries out of the feed that all have read; see ``lua/replica/trim.lua``."""
        before = self.clock.wall() - int(age)
        stable = self._acknowledged_by_all()
        old = sum(logged.time.ms <= before and logged.time <= stable for logged in self.feed[:-1])
        self.trim_to(len(self.feed) - old)
        return 0

    def forget(self, peer: bytes) -> int:
        """Forget a peer; see ``lua/replica/forget.lua``."""
        if peer.decode() not in self.peers:
            return 0
        self.peers[peer.decode()] = None
        return 1

    def reset(self, replica: bytes) -> int:
        """Throw everything away, and begin anew; see ``lua/replica/reset.lua``."""
        for store in self.stores.values():
            store.live.clear()
            store.removed.clear()
        self.feed.clear()
        self.known, self.past, self.peers, self.scans = {}, {}, {}, {}
        self.reach = self.collected = Time(0)
        self.joined = False
        self._pen = Pen(self.replica_id)
        return len(self.stores)

    # Peers ----------------------------------------------------------------------------------

    def _check_peer(self, writer: bytes) -> str:
        peer = replica_of(check_writer(writer.decode()))
        if peer == self.replica_id:
            raise ReplicaConflict(f"two replicas are called {self.replica_id!r}")
        return peer

    def _admit(
        self,
        peer: str,
        clock: Time,
        joined: bool,
        knows: dict[str, Time],
        scanned: dict[str, Time],
    ) -> None:
        stored = self.peers.get(peer)
        begins_anew = clock == Time(0)
        if peer in self.peers and stored is None and not begins_anew:
            raise ForgottenPeer(
                f"replica {peer!r} was forgotten here; reset it and let it begin anew"
            )
        stands = max(self._start(knows), self._start(scanned))
        base = None
        if not joined:
            base = stored.base if stored else None
            has_read = any(replica_of(writer) == peer for writer in self.known)
            if begins_anew or (base is None and not has_read):
                base = self._newest()
            stands = max(stands, base or Time(0))
        if stands < self.collected:
            raise StaleReplica(
                f"replica {peer!r} has missed removals that {self.replica_id!r} has collected "
                "since; reset it and let it begin anew"
            )
        self.peers[peer] = Peer(stands, base)

    def _acknowledged_by_all(self) -> Time:
        positions = (peer.position for peer in self.peers.values() if peer is not None)
        return min(positions, default=self.clock.last)

    def _start(self, knows: dict[str, Time]) -> Time:
        """Return where one who knows so much has come to in this feed."""
        start = knows.get(self.writer)
        cuts = list(self.past.values())
        for i, writer in reversed(list(enumerate(self.past))):
            if start is None and writer in knows:
                start = min(knows[writer], *cuts[i:])
        return start or Time(0)

    def check_age(
        self, kind: Kind, store: Store[Any] | None, entries: Mapping[bytes, Entry], about: str
    ) -> None:
        """Raise :class:`StaleDump` where something may have been removed and collected here."""
        if kind.name not in ("or_set", "lww_map") or self.collected == Time(0):
            return
        for key, entry in entries.items():
            known = store is not None and store.get(key) is not None
            if not known and not entry.is_tombstone and entry.time <= self.collected:
                raise StaleDump(
                    f"{about!r} has entries that may have been removed, and the tombstones "
                    "collected, since this dump was made; force=True takes them nonetheless"
                )

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
            if mine is None:
                changed[key] = theirs
            elif (joined := kind.join(mine, theirs)) != mine:
                kind.check_joined(joined)
                changed[key] = joined
        return changed

    def _newest(self) -> Time:
        return self.feed[-1].time if self.feed else self.reach


def _flat(known: Mapping[str, Time]) -> list[bytes]:
    return [text.encode() for item in known.items() for text in map(str, item)]


def _known(flat: Sequence[bytes]) -> dict[str, Time]:
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return {writer.decode(): parse_clock(clock) for writer, clock in pairs}


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
    at = total = 0
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
            check_stored_name(name.decode())
        except (InvalidName, UnicodeDecodeError) as error:
            raise InvalidDump(f"a batch with an ill-formed name: {name[:80]!r}") from error
        groups[name] = (name, kind, entries)
        total += count
        if total > MAX_BATCH:
            raise InvalidDump(f"more than {MAX_BATCH} entries in a batch")
        at += 3 + 2 * count
    return list(groups.values())
