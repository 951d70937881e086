"""What comes of a source, joined at its target: in parts that keep nobody waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from redis_crdt.operations import bodies, replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Close, Landing, Procedure, Script
from redis_crdt.operations.refusals import TooMuchEffort
from redis_crdt.sync.party import Party
from redis_crdt.sync.report import SyncReport
from redis_crdt.sync.throttle import Pace
from redis_crdt.sync.window import Window
from redis_crdt.transport.flight.flight import LOST, Flight

MAX_WEIGHT = 1_000_000
"""How many bytes are joined at once, unless one entry has more."""

AHEAD = 2
"""How many light batches are on their way to the target at once: one is joined while
the next is read from the source."""

LIGHT = 65_536
"""So many bytes are joined in so short a time that others may wait for two such batches."""


class Progress(NamedTuple):
    """How far pulling from a source has come; of all shards together."""

    scanned: int = 0
    to_scan: int = 0
    """How many entries were read while reconciling, and how many the source is known to have."""
    behind_entries: int = 0
    """About how many references of the source's feed were not read, as it last told."""
    window: int = 0
    """How many requests may be under way."""
    entries: int = 0
    bytes: int = 0
    """What has come since pulling began."""


Progressed = Callable[[], Procedure[None]]
"""What to do after each batch of which it is known that it is not the last."""


class Joining:
    """One shard of a source and of a target, and what was last heard of the target."""

    def __init__(
        self, target: Party, source: Party, shard: int, progressed: Progressed | None, pace: Pace
    ) -> None:
        self.target, self.source = target, source
        self.target_keys, self.source_keys = target.keys(shard), source.keys(shard)
        self.about = f"pull of {source.about}"
        self._progressed, self._pace = progressed, pace
        self.progress = Progress()
        self.target_knows: replies.Knowledge | None = None
        self._known: dict[bytes, bytes] = {}
        self.seen = self.standing = b""
        """What was last heard of the target: its clock, who it is and how much it had learnt. One
        that has forgotten that since does not do what was asked for by its former self."""
        self.report = SyncReport()
        self.window = Window(source, shard)
        self._shard = shard
        self._to_target: Flight | None = None
        self._ahead: deque[tuple[replies.Vouched, Sequence[bytes]]] = deque()
        """What is on its way to the target."""

    def ask_target(self) -> Procedure[replies.Knowledge]:
        """Ask the target what it knows."""
        mine: replies.Knowledge
        mine = yield self.target, ask.knowledge(self.target_keys, self.about)
        self.target_knows, self._known = mine, mine.known
        self.seen, self.standing = mine.clock, mine.standing
        return mine

    def apply(
        self,
        source: replies.Vouched,
        cursor: bytes,
        mode: str,
        body: Sequence[bytes],
    ) -> Procedure[replies.Applied]:
        """Join a batch; returns what the target replies.

        In parts where it is so much that others would wait at the target's server: no script takes
        more than about 1 MB or 2000 dots, or else one entry.
        """
        parts = deque([body])
        if bodies.weight_of(body) > MAX_WEIGHT:
            parts = deque(bodies.split(body, MAX_WEIGHT, ask.BATCH))
        refused: tuple[replies.Refused, ...] = ()
        while True:
            part = parts.popleft()
            is_last = not parts and not refused
            try:
                applied = yield from self._apply_part(
                    *(source, cursor if is_last else b"", mode if is_last else "more", part)
                )
            except TooMuchEffort as error:
                if error.entries < 1:
                    raise
                # Those after it are mostly alike.
                parts.extendleft(reversed([*bodies.split(part, MAX_WEIGHT, error.entries)]))
                continue
            refused += applied.refused
            if not parts or not replies.has_forgotten_nothing(applied.standing, self.standing):
                return applied._replace(refused=refused)

    def _apply_part(
        self,
        source: replies.Vouched,
        cursor: bytes,
        mode: str,
        body: Sequence[bytes],
    ) -> Procedure[replies.Applied]:
        request = self._joining(source, cursor, mode, body)
        flight = self._flight_to_target()
        applied: Any = LOST
        if flight is not None:
            yield flight, request
            applied = yield flight, Landing(None)
        if applied is LOST:
            applied = yield self.target, request
        result = self._note_applied(applied, body)
        while result.is_unfinished:
            again = self._joining(source, cursor, mode, body)
            result = self._note_applied((yield self.target, again), ())
        return result

    def _joining(
        self, source: replies.Vouched, cursor: bytes, mode: str, body: Sequence[bytes]
    ) -> Script[replies.Applied]:
        # While others are on their way, the latest that was heard of is not the latest.
        keys, seen, about = self.target_keys, b"" if self._ahead else self.seen, self.about
        drift, asked_as = self.target.max_drift, self.standing
        return ask.apply(keys, source, asked_as, cursor, mode, drift, "", body, about, seen)

    def _flight_to_target(self) -> Flight | None:
        self._to_target = self._to_target or self.target.flight(self._shard)
        return self._to_target

    def _note_applied(self, applied: replies.Applied, body: Sequence[bytes]) -> replies.Applied:
        if replies.has_forgotten_nothing(applied.standing, self.standing):
            self.seen, self.standing = applied.clock, applied.standing
        entries, size = bodies.count(body), sum(map(len, body))
        self.report += SyncReport(
            entries=entries,
            changed=applied.changed,
            bytes=size,
            batches=1,
            refused=applied.refused,
        )
        self.progress = self.progress._replace(
            entries=self.progress.entries + entries, bytes=self.progress.bytes + size
        )
        return applied

    def apply_ahead(
        self, source: replies.Vouched, body: Sequence[bytes]
    ) -> Procedure[list[replies.Applied]]:
        """Have a batch joined that moves no cursor, if possible without waiting for that.

        Returns what the target replied to those before it, as far as that was waited for; the rest
        comes by :meth:`land_all`.
        """
        flight = self._flight_to_target()
        if flight is None or bodies.weight_of(body) > LIGHT:
            landed = yield from self.land_all()
            return [*landed, (yield from self.apply(source, b"", "more", body))]
        landed = yield from self.land_all(AHEAD - 1)
        yield flight, self._joining(source, b"", "more", body)
        self._ahead.append((source, body))
        return landed

    def land_all(self, but: int = 0) -> Procedure[list[replies.Applied]]:
        """Wait for the replies to all batches that are on their way, but for the last few."""
        landed, left = [], []
        while len(self._ahead) > but:
            assert self._to_target is not None
            try:
                applied = yield self._to_target, Landing(None)
            except TooMuchEffort:
                applied = LOST
            sent = self._ahead.popleft()
            if applied is LOST or applied.is_unfinished:
                left.append(sent)
                but = 0
            else:
                landed.append(self._note_applied(applied, sent[1]))
        for source, body in left:
            landed.append((yield from self.apply(source, b"", "more", body)))
        return landed

    def rest(self) -> Procedure[None]:
        """Give the connections back for now."""
        yield from self.window.rest()
        flight, self._to_target = self._to_target, None
        if flight is not None:
            yield flight, Close()

    def abandon(self) -> None:
        """Give up what is under way, at once."""
        self.window.abandon()
        self._ahead.clear()
        flight, self._to_target = self._to_target, None
        if flight is not None:
            flight.abandon()

    def note_progress(self, **news: Any) -> Procedure[None]:
        """Note how far this has come, and tell whoever wants to know."""
        self.progress = self.progress._replace(window=self.window.size, **news)
        if self._progressed:
            yield from self._progressed()

    def keep_pace(self, size: int) -> Procedure[None]:
        """Wait until so many bytes more may be reconciled."""
        yield from self._pace.keep(size)

    def note(self, contexts: Mapping[replies.Place, bytes]) -> Procedure[None]:
        """Have the target note what is known of collections alone."""
        for (name, kind), context in contexts.items():
            known = replies.read_context(context)
            keys, drift = self.target_keys, self.target.max_drift
            request = ask.note(keys, self.standing, drift, name, kind, known, self.about)
            yield self.target, request
