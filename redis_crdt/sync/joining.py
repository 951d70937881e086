"""What comes of a source, joined at its target: in parts that keep nobody waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from redis_crdt.operations import bodies, replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure, TooMuchEffort
from redis_crdt.sync.party import Party
from redis_crdt.sync.report import SyncReport
from redis_crdt.sync.throttle import Pace
from redis_crdt.sync.window import Window

MAX_WEIGHT = 1_000_000
"""How many bytes are joined at once, unless one entry has more."""


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
        drift = self.target.max_drift
        keys, asked_as, seen, about = self.target_keys, self.standing, self.seen, self.about
        request = ask.apply(keys, source, asked_as, cursor, mode, drift, "", body, about, seen)
        applied = yield self.target, request
        if replies.has_forgotten_nothing(applied.standing, asked_as):
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
        result: replies.Applied = applied
        return result

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
