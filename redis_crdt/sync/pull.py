"""Pulling: bringing to one replica what another has and it does not.

For each shard, side by side where calls are awaited: ask the target what it knows, ask the source
for what is new to one who knows that, and pass the answer on, unread, to the target, which joins it
and moves its cursor in the same script. Where the source's feed does not tell all that the target
lacks, the two are reconciled instead (:mod:`redis_crdt.sync.reconcile`). Whatever breaks off
wherever, the next pull goes on from a valid state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from redis_crdt.clock import Time, parse_clock
from redis_crdt.errors import ReplicaMismatch
from redis_crdt.operations import bodies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure, Script, SideBySide, Together
from redis_crdt.sync.party import Party
from redis_crdt.sync.reconcile import Reconciling
from redis_crdt.sync.report import SyncReport

MAX_CHASE = 100
"""After how many batches of what was written meanwhile a pull leaves the rest to the next."""

MAX_RECONCILED = 3
"""How often one pull reconciles before it leaves the rest to the next."""


Progressed = Callable[[int, int], Procedure[None]]
"""What to do as reconciling comes on: given how many entries were read, and of how many."""

Scanning = Callable[[int, int, int], Procedure[None]]
"""The same for one of the shards, whose number comes first."""


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
            shard.begin_anew()


class ShardPull:
    """The pull of one shard."""

    def __init__(self, target: Party, source: Party, shard: int, scanning: Scanning | None) -> None:
        self.target, self.source = target, source
        self.target_keys, self.source_keys = target.keys(shard), source.keys(shard)
        self.about = f"pull of {source.about}"
        self.scanning = scanning
        self.target_knows: ask.Knowledge | None = None
        self.seen = self.standing = b""
        """What was last heard of the target: its clock, who it is and how much it had learnt. One
        that has forgotten that since does not do what was asked for by its former self."""
        self.clock = b"0-0"
        """The source's clock, when last heard of."""
        self.report = SyncReport()
        self._reading = Reading()
        self._reconciling: Reconciling | None = None

    def begin_anew(self) -> None:
        """Ask the target again what it knows, and the source for what was refused."""
        self.target_knows = None
        self._reading = Reading()

    def run(self) -> Procedure[SyncReport]:
        """Pull all that the source has at some moment."""
        self.report = SyncReport()
        reconciled = chased = 0
        goal: Time | None = None
        while True:
            mine = self.target_knows or (yield from self._ask_target())
            request = ask.dump(
                self.source_keys, mine.writer, mine.known, self._reading.position, self.about
            )
            delta = yield self.source, request
            source = delta.source
            self.clock = source.clock
            if delta.reconcile:
                # Where the feed is trimmed faster than all is read, the next pull goes on.
                if (reconciled := reconciled + 1) > MAX_RECONCILED:
                    return self.report
                yield from self._reconcile(mine, source)
                continue
            held = yield from self._take(mine, delta)
            if not held:
                continue
            if not delta.more:
                return self.report
            goal = goal or parse_clock(source.clock)
            if parse_clock(delta.cursor) >= goal and (chased := chased + 1) > MAX_CHASE:
                self.clock = delta.cursor
                return self.report

    def _ask_target(self) -> Procedure[ask.Knowledge]:
        mine: ask.Knowledge
        mine = yield self.target, ask.knowledge(self.target_keys, self.about)
        self.target_knows = mine
        self.seen, self.standing = mine.clock, mine.standing
        return mine

    def _take(self, mine: ask.Knowledge, delta: ask.Delta) -> Procedure[bool]:
        """Join a batch; returns whether the target still is what it was when it was asked."""
        source, reading = delta.source, self._reading
        if source.writer != reading.writer:
            reading = self._reading = Reading(source.writer)
        reading.hear(delta.body)
        mode = "more" if delta.more or reading.refused else "last"
        news = {**source.known, source.writer: delta.cursor} if mode == "last" else {}
        news.setdefault(source.writer, delta.cursor)
        if reading.refused and not delta.body:
            reading.go_on(delta)
            return True
        if delta.body or any(is_news(mine, *item) for item in news.items()):
            # What was refused before is not held, so nothing after it can be claimed as known.
            cursor = b"" if reading.refused else delta.cursor
            applied = yield from self.apply(mine, source, cursor, mode, delta.body)
            if applied.refused:
                reading.refused = True
            elif cursor and not applied.holds:
                self.target_knows = None
                self._reading = Reading()
                return False
            elif cursor:
                mine.known.update(
                    (w, clock) for w, clock in news.items() if is_news(mine, w, clock)
                )
        reading.go_on(delta)
        if not delta.more and not reading.refused:
            yield from self._note(reading.contexts)
            self._reading = Reading()
        return True

    def apply(
        self,
        mine: ask.Knowledge,
        source: ask.Vouched,
        cursor: bytes,
        mode: str,
        body: Sequence[bytes],
        ahead: Script[Any] | None = None,
    ) -> Procedure[Any]:
        """Join a batch; meanwhile, ask the source for what comes next, if that is known.

        Returns what the target replies, with the source's reply where it was asked.
        """
        drift = self.target.max_drift
        keys, asked_as, seen, about = self.target_keys, self.standing, self.seen, self.about
        request = ask.apply(keys, source, asked_as, cursor, mode, drift, "", body, about, seen)
        if ahead is None:
            applied, found = (yield self.target, request), None
        else:
            both = Together((self.target, request), (self.source, ahead))
            applied, found = yield both, both.operation
        if ask.has_forgotten_nothing(applied.standing, asked_as):
            self.seen, self.standing = applied.clock, applied.standing
        self.report += SyncReport(
            entries=bodies.count(body),
            changed=applied.changed,
            bytes=sum(map(len, body)),
            batches=1,
            refused=applied.refused,
        )
        return applied if ahead is None else (applied, found)

    def _note(self, contexts: Mapping[ask.Place, bytes]) -> Procedure[None]:
        for (name, kind), context in contexts.items():
            known = ask.read_context(context)
            keys, drift = self.target_keys, self.target.max_drift
            request = ask.note(keys, self.standing, drift, name, kind, known, self.about)
            yield self.target, request

    def _reconcile(self, mine: ask.Knowledge, head: ask.Vouched) -> Procedure[None]:
        """Bring target and source together without a feed; goes on where the last one broke off."""
        self.report = replace(self.report, full_scan=True)
        going = self._reconciling
        if going is None or not going.goes_on(mine, head):
            going = Reconciling(self, mine, head)
        self._reconciling = going
        ended = yield from going.run()
        # What has ended, or cannot go on, begins anew; an exception leaves it where it is.
        self._reconciling = None
        self.target_knows = None
        self._reading = Reading()
        if ended and going.refused:
            self._reading = Reading(head.writer, True, b"%b %b 0" % (head.writer, head.clock))
        elif ended:
            yield from self._note(going.contexts)


@dataclass(slots=True)
class Reading:
    """How far a source was read, where that is not what its target knows."""

    writer: bytes = b""
    refused: bool = False
    """Whether an entry was refused, and left out. The target's cursor then stays before it."""
    position: bytes = b""
    """Where to go on: writer, cursor, and how many references after it are done."""
    contexts: dict[ask.Place, bytes] = field(default_factory=dict)
    """What is known of collections alone; the target may note it once it has all the rest."""

    def hear(self, body: Sequence[bytes]) -> None:
        """Remember the contexts that come with a batch."""
        for head in bodies.heads_of(body):
            if head.context:
                self.contexts[head.place] = head.context

    def go_on(self, delta: ask.Delta) -> None:
        """Note how far a batch went."""
        self.position = b"%b %b %d" % (delta.source.writer, delta.cursor, delta.sent)


def is_news(mine: ask.Knowledge, writer: bytes, clock: bytes) -> bool:
    """Whether a target can learn that from a source. Of its own present writer it knows all."""
    if writer == mine.writer:
        return False
    known = mine.known.get(writer)
    return known is None or parse_clock(clock) > parse_clock(known)
