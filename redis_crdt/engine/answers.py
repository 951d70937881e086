"""What a replica in memory answers: the twin of the scripts in ``lua/replica``.

The same requests, the same replies, so that memory and servers can be source and target of each
other. What the server looks at before it answers, whether it is the one that it was, is not asked
here: an object that was copied writes under a name of its own
(:class:`redis_crdt.engine.store.Pen`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from redis_crdt.core.clock import Dot, Time, check_writer, parse_clock, replica_of
from redis_crdt.core.entries import Entry
from redis_crdt.core.joins import knows
from redis_crdt.core.kinds import DROPPED, KINDS
from redis_crdt.engine.body import Body
from redis_crdt.engine.clocks import (
    context_of,
    flat_clocks,
    id_of,
    read_clocks,
    read_time,
    start_of,
    text_of,
)
from redis_crdt.engine.joining import Batch
from redis_crdt.engine.shard import ALL, Shard, raise_to
from redis_crdt.engine.store import Store
from redis_crdt.engine.upkeep import Upkeep
from redis_crdt.errors import ReplicaConflict
from redis_crdt.operations.packed import key_of

SCANS = 16
"""How many scans may be under way; of more, the one not gone on with for longest begins anew."""


class Answers(Upkeep):
    """Answers for one shard."""

    def __init__(self, shard: Shard) -> None:
        super().__init__(shard)
        self._scans: dict[bytes, Iterator[tuple[bytes, Entry]]] = {}
        self._token = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"_shard": self._shard, "_scans": {}, "_token": 0}

    def answer(self, request: str, args: Sequence[bytes]) -> Any:
        """Answer a request by its name."""
        self._shard.settle()
        reply: Callable[..., Any] = getattr(self, request)
        return reply(*args)

    # As a source ----------------------------------------------------------------------------

    def knowledge(self) -> list[Any]:
        """Reply what this replica knows."""
        shard = self._shard
        is_empty = not any(s.live or s.removed for s in shard.stores.values())
        return [*self._about(), b"%d" % is_empty, flat_clocks(shard.silent), self._standing()]

    def delta(self, limit: bytes, asker: bytes, token: bytes, position: bytes, *rest: bytes) -> Any:
        """Reply the delta for a target that knows so much."""
        shard, knows_ = self._shard, read_clocks(rest)
        peer = self._check_peer(asker)
        writer, now, known = self._about()
        clock, start = shard.newest(), start_of(knows_, shard.writer, shard.past)
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
            tag = logged.tag
            if tag is not None and (tag.writer == asker.decode() or knows(knows_, tag)):
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
        about = [b"delta", b"1", writer, text_of(cursor), b"%d" % skip, now, more, known]
        return [*about, body.flat()]

    def since(self, start: bytes, limit: int) -> Iterator[tuple[bytes, list[bytes]]]:
        """Yield the feed's entries after an id, as the server's stream would give them."""
        ms, seq = map(int, start.split(b"-"))
        for logged in self._shard.after(Time(ms, seq))[:limit]:
            tag = [b"", str(logged.tag).encode()] if logged.tag else []
            yield id_of(logged.time), [*tag, *(part for ref in logged.refs for part in ref)]

    def collections(self, cursor: bytes, limit: bytes) -> list[Any]:
        """Reply the collections, all in one page."""
        names, contexts = [], []
        sizes: list[int] = []
        for name, kind in self._places():
            store = self._shard.stores.get((name, kind))
            names += [name, kind.encode()]
            counts = [len(store.live), len(store.removed)] if store else [0, 0]
            sizes += reversed(counts) if KINDS[kind].is_inverted else counts
            contexts.append(context_of(store) if store else b"")
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
        alive: bytes,
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
                wanted = store and (alive == b"0" or not store.kind.has_dots)
                dying = store.dying if store and wanted else ()
                fields = [*store.live, *dying, *store.removed] if store else ()
                going = _all_of(store, fields) if store else iter(())
            group = body.group(name, kind)
            for key, entry in going:
                group.append((key, bytes(entry)))
                if body.count(key, group[-1][1]) and body.is_full(int(limit)):
                    self._token += 1
                    cursor = b"%d" % self._token
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
        theirs = read_clocks(rest[: int(known_parts)])
        by = check_writer(source.decode()) if source else ""
        peer = self._check_peer(source) if by else ""
        if asked_as and asked_as != self._standing():
            return [0, b"0", [], *self._now()]
        batch = Batch(shard, rest[int(known_parts) :], theirs if by else {}, bool(by))
        shard.check_drift(max(batch.latest, read_time(horizon)), float(allowed))
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
        shard.peers[peer] = self._come_to(theirs)
        holds = bool(cursor) and not batch.refused
        if holds:
            shard.learn({**(theirs if mode == b"last" else {}), by: parse_clock(cursor)}, by)
        return [batch.changes, b"%d" % holds, batch.refused, *self._now()]

    def reconcile_joined(self, asked_as: bytes, source: bytes, began: bytes, *rest: bytes) -> bytes:
        """Hear that all that a source showed is joined."""
        shard = self._shard
        if asked_as != self._standing():
            return b"gone"
        known = read_clocks(rest)
        raise_to(shard.pending, known)
        if not began or known.get(shard.writer, Time(0)) > parse_clock(began):
            return b"look"
        peer = replica_of(source.decode())
        others = (time for by, time in shard.brought.items() if by != peer)
        return b"look" if max(others, default=Time(0)) > parse_clock(began) else b"nothing"

    def reconcile_candidates(
        self, name: bytes, kind: bytes, cursor: bytes, limit: bytes, *rest: bytes
    ) -> list[Any]:
        """Reply the live fields of a collection, and their dots that another one's knowledge
        covers."""
        known = read_clocks(rest)
        store = self._shard.stores.get((name, kind.decode()))
        flat: list[bytes] = []
        for key, entry in store.live.items() if store else ():
            seen = entry.alive(store.now) if store else entry
            dots = [key_of(str(dot).encode()) for dot in seen.live if knows(known, dot)]
            if dots:
                flat += (key, b" ".join(dots))
        return [b"0", flat]

    def reconcile_finish(
        self, asked_as: bytes, source: bytes, clock: bytes, known_parts: bytes, *rest: bytes
    ) -> bytes:
        """End reconciling."""
        shard = self._shard
        if asked_as != self._standing():
            return b"0"
        known = read_clocks(rest[: int(known_parts)])
        known[source.decode()] = parse_clock(clock)
        told = read_clocks(rest[int(known_parts) :])
        # What the source has collected since reconciling began is not known by it, and told later.
        clocks = {writer: known.get(writer) for writer in told}
        silent = {w: min(t, clocks[w]) for w, t in told.items() if clocks[w] is not None}
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
        shard.peers[replica_of(source.decode())] = self._come_to(known)
        return b"1"

    def expired(self, since: bytes, *collections: bytes) -> list[Any]:
        """Reply what has expired since a moment."""
        shard = self._shard
        now, flat = shard.clock.wall(), []
        for (name, kind), store in shard.stores.items() if since else ():
            collection = KINDS[kind].letter.encode() + name
            if not collections or collection in collections:
                for key, entry in store.dying.items():
                    if int(since) < entry.last_deadline <= now:
                        flat += [collection, key]
        return [b"%d" % now, flat]

    def _about(self) -> list[Any]:
        """Say who this is, what its clock says, and what it knows."""
        shard = self._shard
        writer, clock = shard.writer, shard.newest()
        return [writer.encode(), text_of(clock), flat_clocks(shard.knowledge(clock))]

    def _standing(self) -> bytes:
        """Say who this is; what it has learnt it does not forget."""
        return self._shard.writer.encode() + b" 0"

    def _now(self) -> list[bytes]:
        return [text_of(self._shard.newest()), self._standing()]

    def _check_peer(self, writer: bytes) -> str:
        peer = replica_of(check_writer(writer.decode()))
        if peer == self._shard.replica_id:
            raise ReplicaConflict(f"two replicas are called {self._shard.replica_id!r}")
        return peer

    def _come_to(self, known: Mapping[str, Time]) -> Time:
        return start_of(known, self._shard.writer, self._shard.past) or Time(0)


def _all_of(store: Store[Any], keys: Iterable[bytes]) -> Iterator[tuple[bytes, Entry]]:
    for key in dict.fromkeys(keys):
        entry = store.get(key)
        if entry is not None:
            yield key, entry
