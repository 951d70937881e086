"""Pulling: bringing to one replica what another has and it does not.

Each shard in turn: ask the target what it knows, ask the source for what is new to one who
knows that, and pass the answer on, unread, to the target, which joins it and moves its cursor
in the same script. So whatever breaks off wherever, the next pull goes on from a valid state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import Protocol

from redis_crdt.clock import parse_clock
from redis_crdt.errors import ReplicaConflict, ReplicaMismatch
from redis_crdt.names import Keys
from redis_crdt.operations import replica as ask
from redis_crdt.operations.operation import Executor, Procedure
from redis_crdt.sync.report import SyncReport

SCAN_AHEAD = 100
"""How many collections a request of a full scan may name, so that small ones share one."""

MAX_SCANS = 3
"""How many full scans one pull makes before it leaves the rest to the next."""


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
    """
    if target.namespace != source.namespace or target.shards != source.shards:
        raise ReplicaMismatch(
            f"cannot pull {source.about} of {source.shards} shards into {target.about} of "
            f"{target.shards}: both must be the same on all replicas"
        )
    began = monotonic()
    report = SyncReport()
    for shard in range(target.shards):
        report += yield from _Pull(target, source, shard).run()
    return replace(report, seconds=monotonic() - began)


class _Pull:
    """The pull of one shard."""

    def __init__(self, target: Party, source: Party, shard: int) -> None:
        self.target, self.source = target, source
        self.target_keys, self.source_keys = target.keys(shard), source.keys(shard)
        self.about = f"pull of {source.about}"
        self.known: dict[bytes, bytes] = {}
        self.asked_as = b""
        self.report = SyncReport()

    def run(self) -> Procedure[SyncReport]:
        yield from self._ask_target()
        scans = 0
        while True:
            known = [part for item in self.known.items() for part in item]
            delta = yield self.source, ask.dump(self.source_keys, known, self.about)
            self._check_source(delta.writer)
            if delta.full_scan:
                # Where the feed is trimmed faster than all is read, the next pull goes on.
                if (scans := scans + 1) > MAX_SCANS:
                    return self.report
                yield from self._scan(delta.writer, delta.clock)
                continue
            cursor = parse_clock(delta.cursor)
            if delta.body or cursor > parse_clock(self.known.get(delta.writer, b"0")):
                yield from self._apply(delta.writer, delta.cursor, delta.clock, delta.body)
            if not delta.more:
                return self.report

    def _check_source(self, writer: bytes) -> None:
        replica_id = self.asked_as.partition(b"#")[0]
        if writer.partition(b"#")[0] == replica_id:
            raise ReplicaConflict(
                f"{self.about}: both replicas are {replica_id.decode()!r}; give each its own id"
            )

    def _ask_target(self) -> Procedure[None]:
        reply = yield self.target, ask.knowledge(self.target_keys, self.about)
        self.known = dict(zip(reply[::2], reply[1::2], strict=True))
        self.asked_as = reply[0]

    def _apply(
        self, writer: bytes, cursor: bytes, clock: bytes, body: Sequence[bytes]
    ) -> Procedure[None]:
        request = ask.apply(
            self.target_keys,
            writer,
            cursor,
            clock,
            self.asked_as,
            self.target.max_drift,
            "",
            body,
            self.about,
        )
        applied = yield self.target, request
        self.report += SyncReport(
            entries=ask.count(body), changed=applied.changed, bytes=sum(map(len, body)), batches=1
        )
        if not cursor:
            return
        if applied.holds:
            self.known[writer] = cursor
        else:
            # The target forgot what it knew when it was asked: its server has restarted.
            yield from self._ask_target()

    def _scan(self, writer: bytes, clock: bytes) -> Procedure[None]:
        """Join all entries. The cursor then stands where the clock stood as the scan began."""
        self.report = replace(self.report, full_scan=True)
        page_cursor = b"0"
        while True:
            request = ask.collections(self.source_keys, page_cursor, self.about)
            page_cursor, flat = yield self.source, request
            names = ask.names_of(flat)
            position = (b"live", b"0")
            while names:
                request_ = ask.scan(self.source_keys, position, names[:SCAN_AHEAD], self.about)
                page = yield self.source, request_
                if page.writer != writer:
                    return  # the source's server has restarted; what it had may have gone
                if page.body:
                    yield from self._apply(writer, b"", page.clock, page.body)
                names, position = names[page.done :], page.position
            if page_cursor == b"0":
                break
        yield from self._apply(writer, clock, clock, ())
