"""Pulling: bringing to one replica what another has and it does not.

For each shard, side by side where calls are awaited: ask the target what it knows, ask the source
for what is new to one who knows that, and pass the answer on, unread, to the target, which joins
it and moves its cursor in the same script. So whatever breaks off wherever, the next pull goes on
from a valid state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from time import monotonic
from typing import NamedTuple, Protocol

from redis_crdt.clock import Time, parse_clock
from redis_crdt.errors import ReplicaMismatch
from redis_crdt.names import Keys
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Executor, Procedure, Script, SideBySide, Together
from redis_crdt.sync.report import SyncReport

SCAN_AHEAD = 100
"""How many collections a request of a full scan may name, so that small ones share one."""

MAX_CHASE = 100
"""After how many batches of what was written meanwhile a pull leaves the rest to the next."""

MAX_SCANS = 3
"""How many full scans one pull makes before it leaves the rest to the next."""


Progressed = Callable[[int, int], Procedure[None]]
"""What to do as full scans come on: given how many entries were read, and of how many."""

Scanning = Callable[[int, int, int], Procedure[None]]
"""The same for one of the shards, whose number comes first."""


class Party(Executor, Protocol):
    """A replica of any backend, as source or target of a pull."""

    namespace: str
    shards: int
    max_drift: float

    @property
    def replica_id(self) -> str:
        """The id of the replica."""

    @property
    def about(self) -> str:
        """How error messages name this replica."""

    def keys(self, shard: int) -> Keys:
        """Return the keys of a shard."""


def pull(target: Party, source: Party) -> Procedure[SyncReport]:
    """Pull all shards of the source's namespace.

    It ends once the target has all that the source had at one moment, so a batch of writes is
    there in whole or not at all; in the meantime a field that several batches wrote may be ahead.
    So it may in the end where the source is written faster than it is read: then a pull ends once
    it is well past the moment at which it began.
    """
    return (yield from Pull(target, source).run())


class Pull:
    """Pulling from one source again and again, without asking the target each time."""

    def __init__(self, target: Party, source: Party, progressed: Progressed | None = None) -> None:
        if target.namespace != source.namespace or target.shards != source.shards:
            raise ReplicaMismatch(
                f"cannot pull {source.about} of {source.shards} shards into {target.about} of "
                f"{target.shards}: both must be the same on all replicas"
            )
        self._progressed = progressed
        self._scanned: dict[int, tuple[int, int]] = {}
        self.shards = [
            ShardPull(target, source, shard, self._scanning if progressed else None)
            for shard in range(target.shards)
        ]

    def run(self, only: Collection[int] | None = None) -> Procedure[SyncReport]:
        """Pull once, all shards or some. After an exception, :meth:`begin_anew` before the next."""
        began = monotonic()
        numbers = range(len(self.shards)) if only is None else only
        for number in numbers:
            self._scanned.pop(number, None)
        shards = [self.shards[number] for number in numbers]
        if len(shards) == 1:
            report = yield from shards[0].run()
        else:
            together = SideBySide(shard.run() for shard in shards)
            reports = yield together, together.operation
            report = sum(reports, SyncReport())
        return replace(report, seconds=monotonic() - began)

    def _scanning(self, shard: int, done: int, total: int) -> Procedure[None]:
        assert self._progressed is not None
        self._scanned[shard] = done, total
        yield from self._progressed(*map(sum, zip(*self._scanned.values(), strict=True)))

    def begin_anew(self) -> None:
        """Ask the target again what it knows, for it may have forgotten something."""
        for shard in self.shards:
            shard.target_knows = None


class Scan(NamedTuple):
    """How far a full scan has come; the target keeps it, so that another process may go on."""

    fresh: bool
    """Whether the target had joined nothing of others as it began."""
    clock: bytes
    """The source's clock as it began."""
    done: int
    total: int
    """How many entries were read, and how many there were as it began."""
    next_page: bytes
    """Where the next page of collections begins; empty before the first one."""
    position: tuple[bytes, bytes]
    """The part of the first collection, and the cursor in that."""
    names: list[tuple[bytes, str]]
    """The collections of this page that are not done yet."""

    @classmethod
    def parse(cls, text: bytes) -> Scan:
        """Read what :meth:`__bytes__` wrote."""
        fresh, clock, done, total, page, part, cursor, *flat = text.split(b"\n")
        names = ask.names_of(flat)
        return cls(fresh == b"fresh", clock, int(done), int(total), page, (part, cursor), names)

    def __bytes__(self) -> bytes:
        head = (b"fresh" if self.fresh else b"joined", self.clock)
        counts = (b"%d" % self.done, b"%d" % self.total)
        flat = (part for name, kind in self.names for part in (name, kind.encode()))
        return b"\n".join((*head, *counts, self.next_page, *self.position, *flat))


class ShardPull:
    """The pull of one shard."""

    def __init__(self, target: Party, source: Party, shard: int, scanning: Scanning | None) -> None:
        self.target, self.source = target, source
        self.target_keys, self.source_keys = target.keys(shard), source.keys(shard)
        self.about = f"pull of {source.about}"
        self.scanning = scanning
        self.target_knows: ask.Knowledge | None = None
        self.clock = b"0-0"
        """The source's clock, when last heard of."""
        self.report = SyncReport()

    def run(self) -> Procedure[SyncReport]:
        """Pull all that the source has at some moment."""
        self.report = SyncReport()
        scans = chased = 0
        goal: Time | None = None
        while True:
            mine = self.target_knows or (yield from self._ask_target())
            known = [part for item in mine.known.items() for part in item]
            begun = ((w, scan.clock) for w, scan in self._scans(mine).items() if scan.fresh)
            scanned = [part for item in begun for part in item]
            delta = yield (
                self.source,
                ask.dump(
                    self.source_keys,
                    mine.writer,
                    mine.joined,
                    scanned,
                    known,
                    self.about,
                ),
            )
            source = delta.source
            self.clock = source.clock
            if delta.full_scan:
                # Where the feed is trimmed faster than all is read, the next pull goes on.
                if (scans := scans + 1) > MAX_SCANS:
                    return self.report
                yield from self._scan_all(mine, source)
                continue
            news = {source.writer: delta.cursor}
            if not delta.more:
                news.update(self._unknown(mine, source))
            if delta.body or not all(self._has(mine, *item) for item in news.items()):
                mode = "more" if delta.more else "last"
                yield from self._apply(source, delta.cursor, b"", mode, delta.body)
            if not delta.more:
                return self.report
            goal = goal or parse_clock(source.clock)
            if parse_clock(delta.cursor) >= goal and (chased := chased + 1) > MAX_CHASE:
                self.clock = delta.cursor
                return self.report

    def _has(self, mine: ask.Knowledge, writer: bytes, cursor: bytes) -> bool:
        return parse_clock(cursor) <= parse_clock(mine.known.get(writer, b"0"))

    def _scans(self, mine: ask.Knowledge) -> dict[bytes, Scan]:
        """Return the scans of this source: of its present incarnation, and of past ones."""
        source = self.source.replica_id.encode()
        return {
            writer: Scan.parse(text)
            for writer, text in mine.scans.items()
            if writer.partition(b"#")[0] == source
        }

    def _ask_target(self) -> Procedure[ask.Knowledge]:
        mine: ask.Knowledge
        mine = yield self.target, ask.knowledge(self.target_keys, self.about)
        self.target_knows = mine
        return mine

    def _apply(
        self,
        source: ask.Vouched,
        cursor: bytes,
        scan: bytes,
        mode: str,
        body: Sequence[bytes],
        ahead: Script[ask.Page] | None = None,
    ) -> Procedure[ask.Page | None]:
        """Join a batch; meanwhile, ask the source for what comes next, if that is known."""
        mine = self.target_knows
        assert mine is not None
        request = ask.apply(
            self.target_keys,
            source,
            mine.writer,
            cursor,
            scan,
            mode,
            self.target.max_drift,
            "",
            body,
            self.about,
        )
        page: ask.Page | None = None
        if ahead is None:
            applied = yield self.target, request
        else:
            both = Together((self.target, request), (self.source, ahead))
            applied, page = yield both, both.operation
        self.report += SyncReport(
            entries=ask.count(body), changed=applied.changed, bytes=sum(map(len, body)), batches=1
        )
        # What the target knows now. Where it forgot what it knew when it was asked, as after a
        # restart of its server, it is asked again; so too where it has joined its first entries.
        if (cursor and not applied.holds) or (applied.changed and not mine.joined):
            self.target_knows = None
        elif cursor:
            mine.known[source.writer] = cursor
            mine.scans.pop(source.writer, None)
            if mode == "last":
                mine.known.update(self._unknown(mine, source))
        return page

    def _unknown(self, mine: ask.Knowledge, source: ask.Vouched) -> dict[bytes, bytes]:
        """Return what the source knows of third replicas, and the target does not."""
        own = mine.writer.partition(b"#")[0]
        return {
            writer: clock
            for writer, clock in zip(source.known[::2], source.known[1::2], strict=True)
            if writer.partition(b"#")[0] != own and not self._has(mine, writer, clock)
        }

    def _scan_all(self, mine: ask.Knowledge, source: ask.Vouched) -> Procedure[None]:
        """Join all entries. The cursor then stands where the clock stood as the scan began."""
        self.report = replace(self.report, full_scan=True)
        scan = self._scans(mine).get(source.writer)
        if scan is None:
            total = yield from count_shard(self.source, self.source_keys.shard)
            scan = Scan(not mine.joined, source.clock, 0, total, b"", (b"live", b"0"), [])
        page: ask.Page | None = None
        while scan.names or scan.next_page != b"0":
            if not scan.names:
                request = ask.collections(self.source_keys, scan.next_page or b"0", self.about)
                page_cursor, flat, _ = yield self.source, request
                scan = scan._replace(next_page=page_cursor, names=ask.names_of(flat))
                continue
            if page is None:
                page = yield self.source, self._scan_request(scan)
            if page.writer != source.writer:
                return  # another process, to which the position means nothing
            scan = scan._replace(
                done=scan.done + ask.count(page.body),
                names=scan.names[page.done :],
                position=page.position,
            )
            body, vouched, page = page.body, source._replace(clock=page.clock), None
            if body:
                ahead = self._scan_request(scan) if scan.names else None
                page = yield from self._apply(vouched, b"", bytes(scan), "more", body, ahead)
                if self.target_knows is None:
                    # It has joined its first entries; or it forgot, and the scan begins anew.
                    mine = yield from self._ask_target()
                    if source.writer not in mine.scans:
                        return
                if self.scanning:
                    yield from self.scanning(self.source_keys.shard, scan.done, scan.total)
        now = yield self.source, ask.knowledge(self.source_keys, self.about)
        if now.writer == source.writer:
            yield from self._apply(source, scan.clock, b"", "more", ())

    def _scan_request(self, scan: Scan) -> Script[ask.Page]:
        return ask.scan(self.source_keys, scan.position, scan.names[:SCAN_AHEAD], self.about)


def count_shard(replica: Party, shard: int) -> Procedure[int]:
    """Return how many entries a shard has, tombstones included."""
    total: int = 0
    cursor = b"0"
    while True:
        request = ask.collections(replica.keys(shard), cursor, replica.about)
        cursor, _, sizes = yield replica, request
        total += sum(sizes)
        if cursor == b"0":
            return total


def count_entries(replica: Party) -> Procedure[int]:
    """Return how many entries a replica has, tombstones included."""
    total = 0
    for shard in range(replica.shards):
        total += yield from count_shard(replica, shard)
    return total
