"""Following one peer: pulling as soon as there is something new there, and again after failures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic, time
from typing import Any

from redis.backoff import EqualJitterBackoff

from redis_crdt.core.clock import parse_clock
from redis_crdt.errors import CRDTError, NamespaceMissing, ServerError
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Command, Procedure, Wait, reading
from redis_crdt.sync.link import Link
from redis_crdt.sync.observer import Observer
from redis_crdt.sync.own_replica import OwnReplica
from redis_crdt.sync.party import read_clock
from redis_crdt.sync.pull import Pull
from redis_crdt.sync.report import SyncReport
from redis_crdt.sync.rights import move_rights
from redis_crdt.sync.throttle import Pace
from redis_crdt.transport.awaiting import all_of, drive
from redis_crdt.transport.server import ReplicaOperations

log = logging.getLogger("redis_crdt.sync")

FIRST_DELAY, LAST_DELAY = 0.1, 30.0
"""Between these many seconds a syncer waits before it tries a peer that failed again."""

FILLING = 10.0
"""For how many seconds a peer is not pulled from while a new replica fills itself from another."""

TELL_EVERY = 1.0
"""How often progress is written down at most, and how far behind a peer is is looked up."""

SHARE_EVERY = 0.1
"""How many seconds pass before it is looked again whether rights run out at a peer."""

ONE_WAY_AFTER = 2
"""After how many intervals a peer that has never read this replica is told of."""


class Follower:
    """Follows one peer."""

    def __init__(
        self,
        own: OwnReplica,
        peer: ReplicaOperations,
        interval: float,
        filling: asyncio.Lock,
        pace: Pace,
        observer: Observer | None,
    ) -> None:
        self._own, self._replica = own, own.replica
        self.peer = peer
        self._interval = interval
        self._filling, self._pace = filling, pace
        self._observer = observer
        every = max(interval, LAST_DELAY)
        self.link = Link(peer=peer.address, address=peer.address, every=every)
        self.in_step = asyncio.Event()
        """Set once all that the peer had has been pulled."""
        self._backoff = EqualJitterBackoff(cap=LAST_DELAY, base=FIRST_DELAY)
        self._pull: Pull | None = None
        self._failure: type[CRDTError] | None = None
        """How it fails; None where it does not, or by no fault of its own."""
        self._told = 0.0
        self._came = 0
        """How many entries had come when it failed last."""
        self._held_up = 0
        """How often in a row the replica's own server has failed."""
        self._unread_since: float | None = None
        """Since when the peer was seen not to have read this replica."""

    async def run(self) -> None:
        """Follow it until cancelled."""
        beside = [
            asyncio.create_task(work) for work in (self._watch_distance(), self._share_rights())
        ]
        try:
            while True:
                try:
                    await self._follow()
                except CRDTError as error:
                    await self._failed(error)
        finally:
            for task in beside:
                task.cancel()
            if self._pull is not None:
                self._pull.give_up()
                self._pull = None

    async def forget(self) -> None:
        """Take what was written down of it back: it is followed no more."""
        await self._tell("")

    async def _follow(self) -> None:
        """Pull whenever there is something new; a round of its own for each interval."""
        if self._pull is None:
            await drive(_ensure_open(self._replica))
            await drive(_ensure_open(self.peer))
            self.link.heard()
            self.link.peer = self.peer.replica_id
            self._pull = Pull(self._replica, self.peer, self._progressed, self._pace)
        self._pull.begin_anew()
        age, next_round = self._own.age, monotonic() + self._interval
        await self._pulled(await self._begin(self._pull))
        self._look_whether_read(self._pull)
        lanes = (self._follow_lane(self._pull, lane, age, next_round) for lane in self.peer.lanes)
        # What is measured takes round trips, and news are not to wait for them.
        await all_of([asyncio.create_task(work) for work in (self._measure(), *lanes)])
        await self._tell()

    async def _follow_lane(self, pull: Pull, lane: list[int], age: int, end: float) -> None:
        """Pull those shards in which there is something new, up to a time.

        Or until the replica is found not to be what it was: then all is to be asked anew.
        """
        while (left := end - monotonic()) > 0 and age == self._own.age:
            report: SyncReport | None = None
            if len(lane) == 1 and self.peer.flight(lane[0]):
                report = await drive(pull.follow(lane[0], left))
            elif news := await drive(_wait(self.peer, pull, lane, left)):
                report = await drive(pull.run(news))
            if report is not None:
                await self._pulled(report)
            elif not pull.progress.behind_entries:
                self.link.in_step()

    async def _begin(self, pull: Pull) -> SyncReport:
        """Pull for the first time in this round.

        A new replica fills itself from one peer after the other: once it has all of the first,
        it knows what that one knew of the others, and all that they still tell is what is new. No
        peer holds the others up for long by that, whatever it sends.
        """
        filling = self._filling
        if await drive(_is_filling(self._replica)):
            try:
                await asyncio.wait_for(filling.acquire(), FILLING)
            except TimeoutError:
                pass
            else:
                try:
                    return await drive(pull.run())
                finally:
                    filling.release()
        return await drive(pull.run())

    async def _measure(self) -> None:
        """Measure how far the peer is, and its clock ahead."""
        began = monotonic()
        theirs = await drive(read_clock(self.peer, self.peer.about))
        passed = monotonic() - began
        ours = await drive(read_clock(self._replica, self._replica.about))
        self.link.heard()
        self.link.round_trip = passed
        self.link.drift = theirs + passed / 2 - ours

    async def _watch_distance(self) -> None:
        """Look up now and then how old the oldest write is that was not read yet."""
        while True:
            await asyncio.sleep(TELL_EVERY)
            pull, link = self._pull, self.link
            if pull is None or (link.state == "following" and not link.behind_entries):
                continue
            # Of a peer that cannot be asked no more is known than before.
            if self._failure is None or not issubclass(self._failure, ServerError):
                with suppress(CRDTError):
                    age = await drive(_oldest_unread(self.peer, pull))
                    link.unread_since = None if age is None else time() - age

    async def _share_rights(self) -> None:
        """Move rights to the peer where they run out there, as long as it hears of them."""
        while True:
            await asyncio.sleep(SHARE_EVERY)
            if self.link.state == "following" and not self.link.one_way:
                with suppress(CRDTError):  # of which those who pull tell
                    places = await drive(self._own.rights())
                    await drive(move_rights(self._replica, self.peer.replica_id, places))

    def _look_whether_read(self, pull: Pull) -> None:
        """Warn, once, of a peer that has not read this replica for long, nor any that had."""
        own = self._replica.replica_id.encode()
        if any(_knows(shard.source_knows, own) for shard in pull.shards):
            self._unread_since, self.link.one_way = None, False
            return
        self._unread_since = self._unread_since or monotonic()
        passed = monotonic() - self._unread_since
        if passed > ONE_WAY_AFTER * self._interval and not self.link.one_way:
            self.link.one_way = True
            log.warning(
                "peer.one_way peer=%s address=%s detail='it has never read this replica: "
                "does a syncer of its region have this one among its peers?'",
                self.link.peer,
                self.link.address,
            )

    async def _pulled(self, report: SyncReport) -> None:
        was_failing, self._failure = self._failure is not None, None
        is_news = self.link.pulled(report)
        if self._pull is not None:
            self.link.progressed(self._pull.progress)
        # Where it is written faster than it is read, a pull leaves the rest to the next.
        if not self.link.behind_entries:
            self.link.in_step()
        if self._observer:
            self._observer.pulled(self.link, report)
        self.in_step.set()
        self._held_up = 0
        if self._own.error is not None and await self._tell():
            self._own.recovered(written=True)
        if is_news:
            event = "peer.recovered" if was_failing else "peer.following"
            log.info("%s peer=%s entries=%d", event, self.link.peer, report.entries)
            for refused in report.refused[:10]:
                log.warning("entry.refused peer=%s detail=%r", self.link.peer, refused)
        if is_news or monotonic() - self._told >= TELL_EVERY:
            await self._tell()

    async def _failed(self, error: CRDTError) -> None:
        if self._own.is_cause_of(error):
            self.link.interrupted(error)
            self._own.failed(error)
            if monotonic() - self._told >= TELL_EVERY:
                await self._tell()  # a full server takes that, too
            self._held_up = min(self._held_up + 1, 7)
            await self._own.until_well(self._backoff.compute(self._held_up))
            return
        # Who comes on between two failures, as over a bad network, is not to be tried more rarely.
        came = self._pull.progress.entries if self._pull is not None else 0
        if came > self._came:
            self._came, self.link.failures = came, 0
        self._failure = None if isinstance(error, NamespaceMissing) else type(error)
        is_news = self.link.failed(error)
        delay = self._backoff.compute(min(self.link.failures, 16))
        if is_news:
            self._log(error, delay)
        # What is no news to the syncer may be so to its server, which may have forgotten it; and
        # whoever does not tell for long seems to be gone.
        if is_news or monotonic() - self._told >= TELL_EVERY:
            await self._tell()
        if self._observer and not isinstance(error, NamespaceMissing):
            self._observer.failed(self.link, error)
        await asyncio.sleep(delay)

    def _log(self, error: CRDTError, delay: float) -> None:
        link = self.link
        if isinstance(error, NamespaceMissing):
            # So it is where regions start one after the other; or the name is mistyped.
            log.info(
                "peer.waiting peer=%s namespace=%s retry_in=%.1f detail='it has not that "
                "namespace yet'",
                link.address,
                self.peer.namespace,
                delay,
            )
            return
        log.warning(
            "peer.failed peer=%s address=%s error=%s retry_in=%.1f detail=%r",
            link.peer,
            link.address,
            type(error).__name__,
            delay,
            str(error),
        )

    def _progressed(self) -> Procedure[None]:
        assert self._pull is not None
        self.link.heard()
        if self.link.progressed(self._pull.progress):
            log.info("peer.scanning peer=%s entries=%d", self.link.peer, self.link.to_scan)
        if monotonic() - self._told >= TELL_EVERY:
            yield from self._telling()

    async def _tell(self, text: str | None = None) -> bool:
        """Write down how the link is doing; returns whether the replica's server took that."""
        # Where the replica's own server is what failed, there is nobody to tell.
        with suppress(CRDTError):
            await drive(self._telling(text))
            return True
        return False

    def _telling(self, text: str | None = None) -> Procedure[None]:
        """Write down how the link is doing, for ``redis-crdt status``."""
        if self._pull is not None:
            self.link.progressed(self._pull.progress)
        self._told = monotonic()
        self.link.told = time()
        if text is None:
            text = self.link.model_dump_json()
        keys, about = self._replica.keys(0), self._replica.about
        yield self._replica, ask.report(keys, self.link.peer, self.link.address, text, about)


def _ensure_open(replica: ReplicaOperations) -> Procedure[None]:
    yield replica, Command(("PING",), about=replica.about)


def _knows(known: Mapping[bytes, bytes], replica_id: bytes) -> bool:
    return any(writer.partition(b"#")[0] == replica_id for writer in known)


def _is_filling(replica: ReplicaOperations) -> Procedure[bool]:
    """Tell whether a replica has yet to end its first pull."""
    own = replica.replica_id.encode()
    for shard in range(replica.shards):
        found = yield replica, ask.knowledge(replica.keys(shard), replica.about)
        if all(writer.partition(b"#")[0] == own for writer in found.known):
            return True
    return False


@reading
def _read_first_id(reply: Any) -> int | None:
    return parse_clock(reply[0][0]).ms if reply else None


def _oldest_unread(peer: ReplicaOperations, pull: Pull) -> Procedure[float | None]:
    """Tell how many seconds old the oldest write of a peer's feeds is that was not read yet."""
    oldest: int | None = None
    for number, shard in enumerate(pull.shards):
        feed = shard.source_keys.base[1]
        command = ("XRANGE", feed, b"(" + shard.read_to, "+", "COUNT", 1)
        first = yield peer, Command(command, _read_first_id, peer.about, number)
        if first is not None and (oldest is None or first < oldest):
            oldest = first
    if oldest is None:
        return None
    now = yield from read_clock(peer, peer.about)
    return max(0.0, now - oldest / 1000)


def _wait(
    peer: ReplicaOperations, pull: Pull, lane: list[int], seconds: float
) -> Procedure[list[int]]:
    """Wait for something new in some of the peer's feeds; tells in which there is."""
    starts = {number: pull.shards[number].clock for number in lane}
    entries = yield peer, Wait(starts, seconds, count=1)
    return sorted({number for number, _, _ in entries})
