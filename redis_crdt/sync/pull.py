"""Pulling: bringing to one replica what another has and it does not.

For each shard, side by side where calls are awaited: ask the target what it knows, ask the source
for what is new to one who knows that, and pass the answer on, unread, to the target, which joins it
and moves its cursor in the same script. Meanwhile what comes next is on its way already
(:mod:`redis_crdt.sync.window`). Where the source's feed does not tell all that the target
lacks, the two are reconciled instead (:mod:`redis_crdt.sync.reconcile`). Whatever breaks off
wherever, the next pull goes on from a valid state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from time import monotonic

from redis_crdt.core.clock import Time, parse_clock
from redis_crdt.errors import ReplicaMismatch
from redis_crdt.operations import bodies, replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure, Script, SideBySide, Wait
from redis_crdt.sync.joining import Joining, Progress, Progressed
from redis_crdt.sync.party import Party
from redis_crdt.sync.reading import Dialogue, Reading, is_news
from redis_crdt.sync.reconcile import Reconciling
from redis_crdt.sync.report import SyncReport
from redis_crdt.sync.throttle import Pace
from redis_crdt.sync.window import AT_ONCE

MAX_CHASE = 100
"""After how many batches of what was written meanwhile a pull leaves the rest to the next."""

MAX_BATCHES = 10_000
"""After how many batches a pull leaves the rest to the next in any case: fifty times a feed of the
usual length. So no source keeps one for ever."""

MAX_RESTARTS = 3
"""How often one pull begins anew because the target is not what it was."""

MAX_AHEAD = 1.0
"""For how many seconds one waits for news whose end has to be waited for, too."""

STREAM = 6
"""How many requests are under way to a far source of which all that was heard of has come."""

SAID_EVERY = 0.25
"""For how many seconds a target is not told how far a source was read that had nothing for it:
what it had itself written comes back so with each write."""

MAX_RECONCILED = 3
"""How often one pull reconciles before it leaves the rest to the next."""


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

    def __init__(
        self,
        target: Party,
        source: Party,
        progressed: Progressed | None = None,
        pace: Pace | None = None,
    ) -> None:
        if target.namespace != source.namespace or target.shards != source.shards:
            raise ReplicaMismatch(
                f"cannot pull {source.about} of {source.shards} shards into {target.about} of "
                f"{target.shards}: both must be the same on all replicas"
            )
        pace = pace or Pace()
        self.shards = [
            ShardPull(target, source, shard, progressed, pace) for shard in range(target.shards)
        ]

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        return Progress(*map(sum, zip(*(shard.progress for shard in self.shards), strict=True)))

    def run(self, only: Collection[int] | None = None) -> Procedure[SyncReport]:
        """Pull once, all shards or some. After an exception, :meth:`begin_anew` before the next."""
        began = monotonic()
        numbers = range(len(self.shards)) if only is None else only
        shards = [self.shards[number] for number in numbers]
        with self._giving_up_what_fails(shards):
            if len(shards) == 1:
                report = yield from shards[0].run()
            else:
                together = SideBySide(shard.run() for shard in shards)
                reports = yield together, together.operation
                report = sum(reports, SyncReport())
        return replace(report, seconds=monotonic() - began)

    def follow(self, number: int, seconds: float) -> Procedure[SyncReport | None]:
        """Wait for something new in one shard, and pull it; None where nothing came."""
        began = monotonic()
        with self._giving_up_what_fails([self.shards[number]]):
            report = yield from self.shards[number].follow(seconds)
        return report and replace(report, seconds=monotonic() - began)

    @contextmanager
    def _giving_up_what_fails(self, shards: Sequence[ShardPull]) -> Iterator[None]:
        try:
            yield
        except BaseException:  # that it is not carried on, included
            for shard in shards:
                shard.abandon()
            raise

    def give_up(self) -> None:
        """Abandon what is under way, at once."""
        for shard in self.shards:
            shard.abandon()

    def begin_anew(self) -> None:
        """Ask the target again what it knows, for it may have forgotten something."""
        for shard in self.shards:
            shard.begin_anew()


class ShardPull(Joining):
    """The pull of one shard."""

    def __init__(
        self, target: Party, source: Party, shard: int, progressed: Progressed | None, pace: Pace
    ) -> None:
        super().__init__(target, source, shard, progressed, pace)
        self.clock = b"0-0"
        """The source's clock, when last heard of."""
        self._dialogue = Dialogue()
        self._reading = Reading()
        self._reconciling: Reconciling | None = None
        self._batches_left: float | None = None
        """About how many batches of the source's feed are to be read, if that is known."""
        self._said = 0.0
        """When the target was last told of how far the source was read, where nothing came."""
        self._told_as: bytes | None = None
        """Which incarnation of the target was last told that it has all; None if that need not be
        told where nothing comes. One that has begun takes tasks up once it was told of all."""
        self._read_to = self._clock_then = 0
        """The times up to which the feed was read, and went, as the last batch came."""

    @property
    def source_knows(self) -> Mapping[bytes, bytes]:
        """What the source knew when it was last heard of."""
        return self._dialogue.heard

    @property
    def read_to(self) -> bytes:
        """How far the target has come in the source's feed, as last heard of; 0-0 if nowhere."""
        replica, known = self.source.replica_id.encode(), self._known
        clocks = (known[w] for w in known if w.partition(b"#")[0] == replica)
        return max(clocks, key=parse_clock, default=b"0-0")

    def begin_anew(self) -> None:
        """Ask the target again what it knows, and the source for what was refused."""
        self.target_knows, self._told_as = None, b""
        self._reading = Reading()
        self.window.pause()

    def run(self) -> Procedure[SyncReport]:
        """Pull all that the source has at some moment."""
        self.report = SyncReport()
        yield from self._run(None)
        yield from self.rest()
        return self.report

    def _forget_distance(self) -> None:
        self._batches_left, self._read_to = None, 0

    def _end(self) -> None:
        self._forget_distance()
        self.progress = self.progress._replace(
            scanned=0, to_scan=0, behind_entries=0, window=self.window.size
        )

    def follow(self, seconds: float) -> Procedure[SyncReport | None]:
        """Wait for something new, and pull it; nothing is returned where nothing came.

        What is new comes with the news: behind the blocked read a request for it waits at the
        source already.
        """
        self.report = SyncReport()
        window, mine = self.window, self.target_knows
        if mine is None or not window.goes_on:
            yield from self._run(None, follows=True)
            return self.report
        if not window.under_way:
            yield from self._send_wait(mine, seconds)
        delta = yield from self._next(mine, 0)
        if delta is not None and not delta.more and not delta.reconcile:
            self.clock = delta.source.clock
            if window.is_far and seconds > MAX_AHEAD:
                yield from self._send_wait(mine, seconds)
            self._end()
            if not delta.body and not self._reading.refused:
                if monotonic() - self._said < SAID_EVERY:
                    return None  # the next wait, which is no longer than that of a second, tells it
                self._said = monotonic()
            if not (yield from self._take(mine, delta)):
                window.pause()
        else:
            yield from self._run(delta, follows=True)
        return self.report if self.report.batches else None

    def _send_wait(self, mine: replies.Knowledge, seconds: float) -> Procedure[None]:
        wait = Wait({self.source_keys.shard: self.clock}, min(seconds, MAX_AHEAD), count=1)
        yield from self.window.send(wait)
        yield from self.window.send(self._next_request(mine))

    def _run(self, delta: replies.Delta | None, follows: bool = False) -> Procedure[None]:
        """Pull until nothing more is there, beginning with what has come already, if anything.

        Who follows a far source goes on as long as anything comes: there would be a gap of a round
        trip before the next news.
        """
        window = self.window
        reconciled = chased = restarted = batches = 0
        goal: Time | None = None
        while True:
            mine = self.target_knows or (yield from self.ask_target())
            if delta is None:
                delta = yield from self._ask_source(mine)
            source = delta.source
            self.clock = source.clock
            more, ahead = delta.more, STREAM if follows and delta.body and window.is_far else 0
            if delta.reconcile:
                # Where the feed is trimmed faster than all is read, the next pull goes on.
                if (reconciled := reconciled + 1) > MAX_RECONCILED:
                    yield from window.stop()
                    return
                yield from self._reconcile(mine, source)
                more = True
            elif not (yield from self._take(mine, delta)):
                yield from window.stop()
                if (restarted := restarted + 1) > MAX_RESTARTS:
                    return
                more = True
            elif (batches := batches + 1) > MAX_BATCHES:
                self.clock = delta.cursor
                yield from window.stop()
                return
            elif more:
                yield from self._note_distance(delta)
                goal = goal or parse_clock(source.clock)
                if parse_clock(delta.cursor) >= goal and (chased := chased + 1) > MAX_CHASE:
                    if not follows:
                        self.clock = delta.cursor
                        yield from window.stop()
                    return
            delta = None
            if not more:
                self._end()
                if not window.under_way and not (ahead and window.goes_on):
                    return
                # What is under way was asked for before that was known. It goes on from there.
                if self.target_knows is not None:
                    delta = yield from self._next(self.target_knows, ahead)
                if delta is None:
                    yield from window.stop()
                    return

    def _ask_source(self, mine: replies.Knowledge) -> Procedure[replies.Delta]:
        """Ask the source for what the target lacks, or for what comes after what it has told."""
        window = self.window
        delta: replies.Delta | None = None
        if window.goes_on:
            # Not many more than the source seems to have.
            left = self._batches_left
            most = None if left is None else round(left) + AT_ONCE
            delta = yield from self._next(mine, most)
        if delta is None:
            self._forget_distance()
            self._dialogue.begin()
            token, position = (yield from window.begin()), self._reading.position
            keys, about = self.source_keys, self.about
            seen = self._dialogue.witness
            request = ask.dump(keys, mine.writer, mine.known, position, about, token, seen)
            began = monotonic()
            delta = self._dialogue.hear((yield self.source, request))
            window.begun(delta.number, monotonic() - began)
        return delta

    def _next(self, mine: replies.Knowledge, most: int | None) -> Procedure[replies.Delta | None]:
        """Return the next reply of the reading; None where it is to begin anew."""
        delta = yield from self.window.next(partial(self._next_request, mine), most)
        return delta and self._dialogue.hear(delta)

    def _note_distance(self, delta: replies.Delta) -> Procedure[None]:
        """Note how far the source is ahead, as if its writes came as close as in this batch."""
        at, clock = parse_clock(delta.cursor).ms, parse_clock(delta.source.clock).ms
        span = at - self._read_to if self._read_to else 0
        # What is written on will be more by the time that it is asked for.
        is_written = self._read_to and clock > self._clock_then
        coming = 1000 * self.window.round_trip if is_written else 0
        self._read_to, self._clock_then = at, clock
        self._batches_left = (clock - at + coming) / span if span else None
        entries = (clock - at) / span * bodies.count(delta.body) if span else 0
        yield from self.note_progress(behind_entries=round(entries))

    def _next_request(self, mine: replies.Knowledge) -> Script[replies.Delta]:
        keys, about, token = self.source_keys, self.about, self.window.token
        return ask.dump(keys, mine.writer, self._dialogue.say(), b"+", about, token)

    def _take(self, mine: replies.Knowledge, delta: replies.Delta) -> Procedure[bool]:
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
        is_first = mode == "last" and self._told_as not in (None, mine.writer)
        if delta.body or is_first or any(is_news(mine, *item) for item in news.items()):
            # What was refused before is not held, so nothing after it can be claimed as known.
            cursor = b"" if reading.refused else delta.cursor
            applied = yield from self.apply(source, cursor, mode, delta.body)
            if applied.refused:
                reading.refused = True
            elif cursor and not applied.holds:
                self.target_knows = None
                self._reading = Reading()
                return False
            elif cursor:
                learnt = {w: clock for w, clock in news.items() if is_news(mine, w, clock)}
                mine.known.update(learnt)
                self._dialogue.learn(learnt)
        if mode == "last":
            self._told_as = mine.writer
        reading.go_on(delta)
        if not delta.more and not reading.refused:
            yield from self.note(reading.contexts)
            self._reading = Reading()
        return True

    def _reconcile(self, mine: replies.Knowledge, head: replies.Vouched) -> Procedure[None]:
        """Bring target and source together without a feed; goes on where the last one broke off."""
        self.report = replace(self.report, full_scan=True)
        self.window.pause()
        going = self._reconciling
        if going is None or not going.goes_on(mine, head):
            # What it was asked before may be long ago: then it may have held nothing.
            going = Reconciling(self, (yield from self.ask_target()), head)
        self._reconciling = going
        ended = yield from going.run()
        self.window.pause()
        # What has ended, or cannot go on, begins anew; an exception leaves it where it is.
        self._reconciling = None
        self.target_knows = None
        self._reading = Reading()
        if ended and going.refused:
            self._reading = Reading(head.writer, True, b"%b %b 0" % (head.writer, head.clock))
        elif ended:
            yield from self.note(going.contexts)
