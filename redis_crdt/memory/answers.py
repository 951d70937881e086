"""What a replica in memory answers: the twin of the scripts in ``lua/replica``.

The same requests, the same replies, so that memory and servers can be source and target of each
other. What the server looks at before it answers, whether it is the one that it was, is not asked
here: an object that was copied writes under a name of its own
(:class:`redis_crdt.memory.store.Pen`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count, starmap
from typing import Any, NamedTuple

from redis_crdt import counting
from redis_crdt.clock import Dot, Time, check_writer, parse_clock, replica_of
from redis_crdt.entries import MAX_BATCH, MAX_DOTS, Dots, Entry
from redis_crdt.errors import CRDTError, InvalidDump, InvalidName, ReplicaConflict
from redis_crdt.joins import knows
from redis_crdt.kinds import DROPPED, KIND_OF, KINDS, Kind
from redis_crdt.memory.shard import ALL, Shard, join, raise_to
from redis_crdt.memory.store import Store
from redis_crdt.names import check_stored_name
from redis_crdt.operations.bodies import (
    Group,
    Item,
    body_of,
    check_shape,
    heads_of,
    split_items,
)
from redis_crdt.operations.packed import Aliases, key_of
from redis_crdt.operations.requests import BATCH_BYTES

SCANS = 16
"""How many scans may be under way; of more, the one not gone on with for longest begins anew."""


class Answers:
    """Answers for one shard."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._scans: dict[bytes, Iterator[tuple[bytes, Entry]]] = {}
        self._tokens = count(1)

    def __getstate__(self) -> dict[str, Any]:
        return {"_shard": self._shard, "_scans": {}, "_tokens": count(1)}

    def answer(self, request: str, args: Sequence[bytes]) -> Any:
        """Answer a request by its name."""
        reply: Callable[..., Any] = getattr(self, request)
        return reply(*args)

    # As a source ----------------------------------------------------------------------------

    def knowledge(self) -> list[Any]:
        """Reply what this replica knows."""
        shard = self._shard
        is_empty = not any(s.live or s.removed for s in shard.stores.values())
        return [*self._about(), b"%d" % is_empty, _flat(shard.silent), self._standing()]

    def dump(self, limit: bytes, asker: bytes, token: bytes, position: bytes, *rest: bytes) -> Any:
        """Reply the delta for a target that knows so much."""
        shard, knows_ = self._shard, _known(rest)
        peer = self._check_peer(asker)
        writer, now, known = self._about()
        clock, start = shard.newest(), self._start(knows_)
        shard.peers[peer] = start or Time(0)
        cursor, skip = start or Time(0), 0
        by, *at = position.split(b" ")
        if by == shard.writer.encode():
            cursor, skip = parse_clock(at[0]), int(at[1])
        if cursor < max(shard.reach, shard.collected) or cursor > clock:
            return [b"reconcile", b"1", writer, now, b"0", now, b"0", known, []]
        body = Body(shard, cursor)
        looked_at = 0
        for logged in shard.after(cursor):
            refs = logged.refs
            if logged.tag is not None and knows(knows_, logged.tag):
                refs = ()
            size = max(1, len(refs) - skip)
            if looked_at and looked_at + size > int(limit):
                break
            while skip < len(refs) and not body.is_full(int(limit)):
                body.send(*refs[skip])
                skip += 1
            if skip < len(refs):
                break
            looked_at, cursor, skip = looked_at + size, logged.time, 0
            if body.is_full(int(limit)) or looked_at >= int(limit):
                break
        more = b"%d" % (cursor < clock)
        about = [b"delta", b"1", writer, _text(cursor), b"%d" % skip, now, more, known]
        return [*about, body.flat()]

    def since(self, start: bytes, limit: int) -> Iterator[tuple[bytes, list[bytes]]]:
        """Yield the feed's entries after an id, as the server's stream would give them."""
        ms, seq = map(int, start.split(b"-"))
        for logged in self._shard.after(Time(ms, seq))[:limit]:
            tag = [b"", str(logged.tag).encode()] if logged.tag else []
            yield _id(logged.time), [*tag, *(part for ref in logged.refs for part in ref)]

    def collections(self, cursor: bytes, limit: bytes) -> list[Any]:
        """Reply the collections, all in one page."""
        names, sizes, contexts = [], [], []
        for name, kind in self._places():
            store = self._shard.stores.get((name, kind))
            names += [name, kind.encode()]
            sizes += [len(store.live), len(store.removed)] if store else [0, 0]
            contexts.append(_context(store) if store else b"")
        return [b"0", names, sizes, contexts]

    def _places(self) -> list[tuple[bytes, str]]:
        """Name what is there, and each name that was dropped."""
        dropped = [(name, DROPPED) for name in self._shard.generations]
        return dropped + [place for place, s in self._shard.stores.items() if not s.dropped]

    def kinds(self, name: bytes) -> list[bytes]:
        """Reply the kinds that a name stands for."""
        stores = self._shard.stores.items()
        return [kind.encode() for (of, kind), s in stores if of == name and not s.dropped]

    def scan(
        self,
        limit: bytes,
        token: bytes,
        directory: bytes,
        part: bytes,
        cursor: bytes,
        *collections: bytes,
    ) -> list[Any]:
        """Reply a batch of all entries, from a position on.

        What was there as the scan of a collection began comes, as it is by then; the cursor names
        the scan.
        """
        shard = self._shard
        names = [(n, k.decode()) for n, k in zip(collections[::2], collections[1::2], strict=True)]
        found = [] if directory else self._places()
        names += found
        stores = (shard.stores.get(place) for place in found)
        size = sum(len(store.live) + len(store.removed) for store in stores if store)
        body = Body(shard)
        left = len(names)
        for name, kind in names:
            if body.is_full(int(limit)):
                break
            store = shard.stores.get((name, kind))
            going = self._scans.pop(cursor, None)
            if going is None:
                going = _all_of(store, [*store.live, *store.removed]) if store else iter(())
            group = body.group(name, kind)
            for key, entry in going:
                group.append((key, bytes(entry)))
                if body.count(key, group[-1][1]) and body.is_full(int(limit)):
                    cursor = b"%d" % next(self._tokens)
                    self._scans[cursor] = going
                    while len(self._scans) > SCANS:
                        del self._scans[next(iter(self._scans))]
                    break
            else:
                cursor, left = b"0", left - 1
        flat = [part for name, kind in found for part in (name, kind.encode())]
        at = [b"0", left, b"live", cursor, flat, size]
        return [b"1", *self._about(), *at, body.flat()]

    def entries(self, name: bytes, kind: bytes, *fields: bytes) -> list[Any]:
        """Reply the entries of fields, an empty one for each that is not there."""
        shard = self._shard
        store = shard.stores.get((name, kind.decode()))
        body = Body(shard)
        group = body.group(name, kind.decode())
        for key in fields:
            entry = store.get(key) if store else None
            group.append((key, b"" if entry is None else bytes(entry)))
        return [*self._about(), b"%d" % len(fields), body.flat()]

    # As a target ----------------------------------------------------------------------------

    def apply(
        self,
        source: bytes,
        cursor: bytes,
        clock: bytes,
        asked_as: bytes,
        allowed: bytes,
        horizon: bytes,
        mode: bytes,
        known_parts: bytes,
        *rest: bytes,
    ) -> list[Any]:
        """Join a batch and move the cursor."""
        shard = self._shard
        theirs = _known(rest[: int(known_parts)])
        by = check_writer(source.decode()) if source else ""
        peer = self._check_peer(source) if by else ""
        if asked_as and asked_as != self._standing():
            return [0, b"0", [], *self._now()]
        batch = Batch(shard, rest[int(known_parts) :], theirs if by else {}, bool(by))
        shard.check_drift(max(batch.latest, _time(horizon)), float(allowed))
        if mode == b"note":
            shard.check_drift(max(theirs.values(), default=Time(0)), float(allowed))
        if mode == b"try":
            return [batch.changes, b"0", [], *self._now()]
        if batch.refs:
            tag = Dot(parse_clock(clock), by) if by and not batch.has_refused else None
            batch.write(shard.append(batch.refs, tag, batch.latest))
            shard.brought[peer] = shard.newest()
        if mode == b"note":
            for group in batch.groups:
                shard.note(shard.store_of(group.name, group.kind.name), theirs)
        if not by:
            return [batch.changes, b"0", [], *self._now()]
        shard.peers[peer] = self._start(theirs) or Time(0)
        holds = bool(cursor) and not batch.refused
        if holds:
            shard.learn({**(theirs if mode == b"last" else {}), by: parse_clock(cursor)}, by)
        return [batch.changes, b"%d" % holds, batch.refused, *self._now()]

    def expect(self, asked_as: bytes, source: bytes, began: bytes, *rest: bytes) -> bytes:
        """Hear that all that a source showed is joined."""
        shard = self._shard
        if asked_as != self._standing():
            return b"gone"
        known = _known(rest)
        raise_to(shard.pending, known)
        if not began or known.get(shard.writer, Time(0)) > parse_clock(began):
            return b"look"
        peer = replica_of(source.decode())
        others = (time for by, time in shard.brought.items() if by != peer)
        return b"look" if max(others, default=Time(0)) > parse_clock(began) else b"nothing"

    def covered(
        self, name: bytes, kind: bytes, cursor: bytes, limit: bytes, *rest: bytes
    ) -> list[Any]:
        """Reply the live fields of a collection, and their dots that another one's knowledge
        covers."""
        known = _known(rest)
        store = self._shard.stores.get((name, kind.decode()))
        flat: list[bytes] = []
        for key, entry in store.live.items() if store else ():
            dots = [key_of(str(dot).encode()) for dot in entry.live if knows(known, dot)]
            if dots:
                flat += (key, b" ".join(dots))
        return [b"0", flat]

    def finish(
        self, asked_as: bytes, source: bytes, clock: bytes, known_parts: bytes, *rest: bytes
    ) -> bytes:
        """End reconciling."""
        shard = self._shard
        if asked_as != self._standing():
            return b"0"
        known = _known(rest[: int(known_parts)])
        known[source.decode()] = parse_clock(clock)
        told = _known(rest[int(known_parts) :])
        # What the source has collected since reconciling began is not known by it, and told later.
        silent = {w: min(t, known[w]) for w, t in told.items() if w in known}
        ours = shard.knowledge(shard.newest())
        news = dict(silent)
        if ALL in told:
            raise_to(news, {writer: min(told[ALL], clock) for writer, clock in known.items()})
            silent[ALL] = told[ALL]
        is_news = any(not knows(ours, Dot(time, writer)) for writer, time in news.items())
        if is_news:
            shard.collected = shard.append([])
            shard.fall_silent(silent)
        shard.learn(known, source.decode())
        ours = shard.knowledge(shard.newest())
        shard.pending = {w: t for w, t in shard.pending.items() if not knows(ours, Dot(t, w))}
        shard.peers[replica_of(source.decode())] = self._start(known) or Time(0)
        return b"1"

    # Looking after it -----------------------------------------------------------------------

    def position(self) -> list[bytes]:
        """Reply the writer, the clock, the reach, and the incarnations before."""
        shard = self._shard
        past = b"".join(b"%b@%b " % (w.encode(), _id(t)) for w, t in shard.past.items())
        return [shard.writer.encode(), _id(shard.newest()), _id(shard.reach), past]

    def collect(
        self, age: bytes, name: bytes, kind: bytes, cursor: bytes, limit: bytes
    ) -> list[bytes | int]:
        """Drop the tombstones of a collection that may go."""
        shard = self._shard
        store = shard.store_of(name, kind.decode())
        return [b"0", shard.collect(store, self._stable(), shard.clock.wall() - int(age))]

    def prune(self, age: bytes, cursor: bytes, limit: bytes) -> list[bytes | int]:
        """Do nothing: that goes with collecting."""
        return [b"0", 0]

    def fold(self, kind: bytes, collection: bytes) -> int:
        """Count past incarnations in with the present one; see ``lua/counter/fold.lua``."""
        shard = self._shard
        store = shard.store_of(collection[1:], kind.decode())
        gone = 0
        for side in ("",) if kind == b"g_counter" else ("+", "-"):
            own = side + shard.writer
            totals = {key.decode(): total for key, total in store.live.items()}
            total = counting.fold(totals, own)
            if total is not None:
                past = [key for key in totals if replica_of(key) == replica_of(own) and key != own]
                time = shard.append([(collection, own.encode())])
                store.put(own.encode(), total, time)
                for key in past:
                    del store.live[key.encode()]
                gone += len(past)
        return gone

    def aliases(self, *step: bytes) -> bytes:
        """Do nothing: names are not abbreviated here."""
        return b"0"

    def trim(self, age: bytes) -> int:
        """Take old entries out of the feed that all have read."""
        shard = self._shard
        before, stable = shard.clock.wall() - int(age), self._stable()
        old = sum(logged.time.ms <= before and logged.time <= stable for logged in shard.feed[:-1])
        shard.trim_to(len(shard.feed) - old)
        return 0

    def forget(self, peer: bytes) -> int:
        """Forget a peer."""
        return int(self._shard.peers.pop(peer.decode(), None) is not None)

    def drop(self, name: bytes) -> int:
        """Drop what a name stands for."""
        shard = self._shard
        if all(s.dropped for (of, _), s in shard.stores.items() if of == name):
            return 0
        shard.append([(KINDS[DROPPED].letter.encode() + name, b"")])
        shard.drop(name, shard.generations.get(name, 0) + 1)
        return 1

    def reset(self, replica: bytes) -> int:
        """Throw everything away, and begin anew."""
        stores = self._shard.stores
        for store in stores.values():
            store.drop()
        self._shard.begin_life()
        # Collections that were opened go on in the new life.
        self._shard.stores = stores
        return len(stores)

    def _about(self) -> list[Any]:
        """Say who this is, what its clock says, and what it knows."""
        shard = self._shard
        writer, clock = shard.writer, shard.newest()
        return [writer.encode(), _text(clock), _flat(shard.knowledge(clock))]

    def _standing(self) -> bytes:
        """Say who this is; what it has learnt it does not forget."""
        return self._shard.writer.encode() + b" 0"

    def _now(self) -> list[bytes]:
        return [_text(self._shard.newest()), self._standing()]

    def _check_peer(self, writer: bytes) -> str:
        peer = replica_of(check_writer(writer.decode()))
        if peer == self._shard.replica_id:
            raise ReplicaConflict(f"two replicas are called {self._shard.replica_id!r}")
        return peer

    def _stable(self) -> Time:
        """The time up to which all peers have come."""
        return min(self._shard.peers.values(), default=self._shard.clock.last)

    def _start(self, known: Mapping[str, Time]) -> Time | None:
        """Return where one who knows so much has come to in this feed; None if nowhere."""
        shard = self._shard
        start = known.get(shard.writer)
        cuts = list(shard.past.values())
        for i, writer in reversed(list(enumerate(shard.past))):
            if start is None and writer in known:
                start = min(known[writer], *cuts[i:])
        return start


class Body:
    """The body of a batch that is being put together; see ``lua/lib/body.lua``."""

    def __init__(self, shard: Shard, after: Time | None = None) -> None:
        self._shard = shard
        self._after = after
        self._groups: dict[tuple[bytes, str], list[Item]] = {}
        self._sent: set[tuple[bytes, bytes]] = set()
        self._entries = self._bytes = 0

    def group(self, name: bytes, kind: str) -> list[Item]:
        """Return the fields and entries of a collection, to be added to."""
        return self._groups.setdefault((name, kind), [])

    def count(self, key: bytes, entry: bytes) -> bool:
        """Count what is sent."""
        self._entries += 1
        self._bytes += len(key) + len(entry)
        return True

    def is_full(self, limit: int) -> bool:
        """Whether no more is to go into it."""
        return self._entries >= limit or self._bytes >= BATCH_BYTES

    def send(self, collection: bytes, key: bytes) -> None:
        """Send the present entry of what the feed names, if it is not sent yet."""
        if (collection, key) in self._sent:
            return
        self._sent.add((collection, key))
        name, kind = collection[1:], KIND_OF[collection[:1].decode()]
        store = self._shard.stores.get((name, kind))
        group = self.group(name, kind)
        entry = store.get(key) if store else None
        if entry is not None:
            group.append((key, bytes(entry)))
            self.count(*group[-1])

    def flat(self) -> list[bytes]:
        """Return it as it is sent."""
        return body_of(starmap(self._group, self._groups.items()))

    def _group(self, place: tuple[bytes, str], entries: list[Item]) -> Group:
        store = self._shard.stores.get(place)
        context = _context(store, self._after) if store else b""
        generation = b"%d" % self._shard.generations.get(place[0], 0)
        return Group(*place, generation, context, entries)


class Batch:
    """A batch that was sent: validated, and joined with what is here; nothing is written yet."""

    class Group:
        """One collection of it."""

        def __init__(self, name: bytes, kind: Kind, generation: int | None) -> None:
            self.name, self.kind, self.generation = name, kind, generation
            self.changed: dict[bytes, Entry] = {}
            self.echoes: list[bytes] = []
            """Fields that stay as they are, and are told again."""
            self.gone: list[bytes] = []
            """Fields of a counter that others have counted in."""

    def __init__(
        self, shard: Shard, body: Sequence[bytes], theirs: dict[str, Time], tolerant: bool
    ) -> None:
        self._shard = shard
        self._theirs = theirs
        self._tolerant = tolerant
        self._surely_ours = shard.knowledge(shard.newest())
        self._ours = dict(self._surely_ours)
        raise_to(self._ours, {w: t for w, t in shard.pending.items() if w != shard.writer})
        self.latest = Time(0)
        self.relieved: dict[str, Time] = {}
        """What was forgotten of entries that would have had too many dots."""
        self.has_refused = False
        """Whether a live dot of the source was refused; see ``lua/replica/apply.lua``."""
        self.refused: list[bytes] = []
        self.groups: list[Batch.Group] = []
        self.refs: list[tuple[bytes, bytes]] = []
        self._raised: dict[bytes, int] = {}
        for group in read_body(body):
            self._join(*group)

    def _join(
        self,
        name: bytes,
        kind: Kind,
        generation: int | None,
        context: bytes,
        items: list[Item],
        plain: Callable[[bytes], bytes],
    ) -> None:
        here = self._shard.generations.get(name, 0)
        group = self.Group(name, kind, generation)
        self.groups.append(group)
        if generation is not None and generation < here:
            return
        store = self._shard.stores.get((name, kind.name))
        if generation is not None and generation > here:
            store = None
            if name not in self._raised:
                self._raised[name] = generation
                self.refs.append((KINDS[DROPPED].letter.encode() + name, b""))
        noted = {w: known.clock for w, known in store.context.items()} if store else {}
        ours, surely_ours, theirs = (
            dict(known) for known in (self._ours, self._surely_ours, self._theirs)
        )
        raise_to(ours, noted)
        raise_to(surely_ours, noted)
        raise_to(theirs, read_context(context))
        for key, text in items:
            mine = store.get(key) if store else None
            try:
                entry = None
                if text or not (self._tolerant and kind.has_dots):
                    entry = kind.parse(key, plain(text))
                    self.latest = max(self.latest, entry.time)
                else:
                    kind.check(key)
                joined = join(kind, mine, entry, ours, theirs)
                if joined is not None and joined != mine:
                    joined = self._relieved(joined, surely_ours)
                    kind.check_joined(joined)
            except CRDTError as error:
                if not self._tolerant:
                    raise
                reason = f"{type(error).__name__}: {error}"[:255]
                self.refused += (name, kind.name.encode(), key[:255], reason.encode())
                continue
            refuses = self._tolerant and _has_refused(entry, joined)
            self.has_refused = self.has_refused or refuses
            if joined == mine:
                if refuses and self._needs_echo(store, key, theirs):
                    group.echoes.append(key)
            elif joined is not None and not (
                mine is None and not refuses and _tells_nothing(joined, surely_ours)
            ):
                group.changed[key] = joined
        if group.changed and kind.counts:
            self._fold(group, store)
        collection = kind.letter.encode() + name
        self.refs += ((collection, key) for key in (*group.changed, *group.echoes))

    def _fold(self, group: Batch.Group, store: Store[Any] | None) -> None:
        """Let fields of a counter go that are counted in with others, and take none that come."""
        fields = {**(store.live if store else {}), **group.changed}
        totals: dict[str, Any] = {key.decode(): total for key, total in fields.items()}
        folded = counting.folded_in(totals.items())
        gone = [key for key, total in totals.items() if not counting.left_of(folded, key, total)]
        group.gone = [key.encode() for key in gone]
        for key in group.gone:
            group.changed.pop(key, None)

    def _needs_echo(self, store: Store[Any] | None, key: bytes, theirs: Mapping[str, Time]) -> bool:
        """Whether a source that holds what is gone here claims to know all that has removed it.

        Then it will not be told of that unless the field is logged again.
        """
        assert store is not None
        if key in store.removed:
            writer = self._shard.writer
            return knows(self._theirs, Dot(store.removed[key][0], writer))
        return all(knows(theirs, dot) for dot in store.live[key].live)

    @property
    def changes(self) -> int:
        """How many entries change, and names that are dropped."""
        return len(self._raised) + sum(len(group.changed) for group in self.groups)

    def _relieved(self, entry: Entry, known: dict[str, Time]) -> Entry:
        """Forget what is known of an entry that would have more dots than it may."""
        if (
            not isinstance(entry, Dots)
            or len(entry.live) + len(entry.seen) <= MAX_DOTS
            or entry.count <= MAX_DOTS
        ):
            return entry
        living = {dot.writer: dot.time for dot in sorted(entry.live)}
        gone = {
            writer: time
            for writer, time in entry.seen.items()
            if living.get(writer) != time and knows(known, Dot(time, writer))
        }
        raise_to(self.relieved, gone)
        seen = {writer: time for writer, time in entry.seen.items() if writer not in gone}
        return Dots(entry.live, {**living, **seen})

    def write(self, time: Time) -> None:
        """Store what changed, as of this time."""
        for name, generation in self._raised.items():
            self._shard.drop(name, generation)
        if self.relieved:
            self._shard.collected = time
            self._shard.fall_silent(self.relieved)
        for group in self.groups:
            if group.changed or group.gone:
                store: Store[Any] = self._shard.store_of(group.name, group.kind.name)
                for key, entry in group.changed.items():
                    store.put(key, entry, time)
                for key in group.gone:
                    store.live.pop(key, None)


def _has_refused(entry: Entry | None, joined: Entry | None) -> bool:
    """Whether a live dot that came is not there any more."""
    if not isinstance(entry, Dots) or not isinstance(joined, Dots):
        return False
    return not entry.live.keys() <= joined.live.keys()


def _tells_nothing(entry: Entry, known: Mapping[str, Time]) -> bool:
    """Whether an entry only tells of what is known to be gone."""
    return (
        isinstance(entry, Dots)
        and not entry.live
        and all(knows(known, Dot(time, writer)) for writer, time in entry.seen.items())
    )


def _all_of(store: Store[Any], keys: Iterable[bytes]) -> Iterator[tuple[bytes, Entry]]:
    for key in dict.fromkeys(keys):
        entry = store.get(key)
        if entry is not None:
            yield key, entry


def _context(store: Store[Any], after: Time | None = None) -> bytes:
    parts = (
        f"{writer} {known.clock}"
        for writer, known in store.context.items()
        if after is None or known.noted > after
    )
    return " ".join(parts).encode()


def read_context(text: bytes) -> dict[str, Time]:
    """Read what is known of a collection alone; :class:`InvalidDump` if it is ill-formed."""
    try:
        return _known(text.split()) if text else {}
    except ValueError as error:
        raise InvalidDump(f"an ill-formed context: {text[:80]!r}") from error


def _flat(known: Mapping[str, Time]) -> list[bytes]:
    return [text.encode() for item in known.items() for text in map(str, item)]


def _known(flat: Sequence[bytes]) -> dict[str, Time]:
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return {writer.decode(): parse_clock(clock) for writer, clock in pairs}


def _time(text: bytes) -> Time:
    return parse_clock(text) if text else Time(0)


def _text(time: Time) -> bytes:
    return str(time).encode()


def _id(time: Time) -> bytes:
    return b"%d-%d" % time


class Received(NamedTuple):
    """One collection in the body of a batch that was sent."""

    name: bytes
    kind: Kind
    generation: int | None
    context: bytes
    items: list[Item]
    plain: Callable[[bytes], bytes]
    """Gives the plain text of what is sent; :class:`InvalidDump` if it is ill-formed."""


def read_body(body: Sequence[bytes]) -> Iterator[Received]:
    """Read the body of a batch; :class:`InvalidDump` for one that is ill-formed as a whole."""
    if not body:
        return
    check_shape(body)
    aliases = Aliases(body[0])
    seen: set[tuple[bytes, str]] = set()
    generations: dict[bytes, bytes] = {}
    total = 0
    for (name, kind_name), generation, context, text in heads_of(body):
        kind = KINDS.get(kind_name)
        if kind is None or not (generation or b"0").isdigit() or len(generation) > 15:
            raise InvalidDump("an ill-formed batch")
        items = split_items(text)
        if len(dict(items)) < len(items) or (name, kind_name) in seen:
            raise InvalidDump("a batch with repeated fields or collections")
        if generations.setdefault(name, generation) != generation:
            raise InvalidDump(f"a batch with two generations of {name[:80]!r}")
        try:
            check_stored_name(name.decode())
        except (InvalidName, UnicodeDecodeError) as error:
            raise InvalidDump(f"a batch with an ill-formed name: {name[:80]!r}") from error
        seen.add((name, kind_name))
        total += len(items)
        if total > MAX_BATCH:
            raise InvalidDump(f"more than {MAX_BATCH} entries in a batch")
        plain = aliases.unpack if kind.is_packed else bytes
        number = int(generation) if generation else None
        yield Received(name, kind, number, context, items, plain)
