"""The syncer: keeps a replica in step with its peers for as long as it runs.

For each peer it waits on that one's feed, so that a change crosses as soon as it is made, and
pulls. All it needs to remember is kept by the replicas' servers, so syncers may die at any
instruction, and any number of them may work for one pair.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic, time
from typing import Any, Protocol

from redis.backoff import EqualJitterBackoff

from redis_crdt.errors import CRDTError, InvalidSetting
from redis_crdt.operations import requests as ask
from redis_crdt.operations.awaiting import all_of, drive
from redis_crdt.operations.operation import Command, Procedure, Wait, reading
from redis_crdt.operations.replica import ReplicaOperations
from redis_crdt.sync.link import Link
from redis_crdt.sync.pull import Pull
from redis_crdt.sync.report import SyncReport
from redis_crdt.sync.status import Status, read_status
from redis_crdt.sync.tombstones import GRACE, check_age, collect

log = logging.getLogger("redis_crdt.sync")

FIRST_DELAY, LAST_DELAY = 0.1, 30.0
"""Between these many seconds a syncer waits before it tries a peer that failed again."""

PEER_TIMEOUT = 10.0
"""For how many seconds a peer may leave a command unanswered before it counts as gone."""

FILLING = 10.0
"""For how many seconds a peer is not pulled from while a new replica fills itself from another."""

TELL_EVERY = 1.0
"""How often progress is written down at most."""


class Observer(Protocol):
    """One who wants to know all that a syncer does, such as its metrics."""

    def pulled(self, link: Link, report: SyncReport) -> None:
        """A pull ended well."""

    def failed(self, link: Link, error: CRDTError) -> None:
        """A pull failed."""

    def collected(self, tombstones: int) -> None:
        """So many tombstones were collected."""

    def measured(self, link: Link) -> None:
        """The drift of a peer's clock was measured."""

    def surveyed(self, status: Status) -> None:
        """The replica was looked over, as it is once per interval."""


class Syncer:
    """Pulls into one replica what its peers have, from each on its own, until it is cancelled.

    ``replica`` and ``peers`` are replicas on servers, of :mod:`redis_crdt.asyncio` or blocking
    ones, which are then asked in threads. ``interval`` is for how many seconds a change may lie
    unseen if a wake-up is lost; every ``gc_interval`` seconds tombstones older than ``grace``
    seconds are collected. A peer that fails is tried again after a tenth of a second, then ever
    more rarely, up to every half minute, and logged once. ``links`` tells how each is doing.
    """

    def __init__(
        self,
        replica: ReplicaOperations,
        peers: Iterable[ReplicaOperations],
        *,
        interval: float = 30.0,
        grace: float = GRACE,
        gc_interval: float = 600.0,
        observer: Observer | None = None,
    ) -> None:
        if not interval > 0 or not gc_interval > 0:
            raise InvalidSetting("interval and gc_interval: numbers of seconds above 0")
        self._replica = replica
        self._peers = list(peers)
        self._interval, self._gc_interval = interval, gc_interval
        self._grace = check_age(grace)
        self._observer = observer
        every = max(interval, LAST_DELAY)
        self.links = [Link(peer=p.address, address=p.address, every=every) for p in self._peers]
        self._in_step = [asyncio.Event() for _ in self._peers]
        self._filling = asyncio.Lock()

    async def run(self) -> None:
        """Work until cancelled. Raises only what is a defect; all else is tried again."""
        log.info("sync.started peers=%d interval=%g", len(self._peers), self._interval)
        try:
            async with asyncio.TaskGroup() as tasks:
                for i in range(len(self._peers)):
                    tasks.create_task(_Follower(self, i).run())
                tasks.create_task(self._collect_now_and_then())
                if self._observer:
                    tasks.create_task(self._survey(self._observer))
        finally:
            log.info("sync.stopped")

    async def in_step(self) -> None:
        """Wait until each peer has been pulled from at least once."""
        for event in self._in_step:
            await event.wait()

    async def _collect_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._gc_interval)
            try:
                gone = await drive(collect(self._replica, self._grace))
            except CRDTError as error:
                log.warning("gc.failed error=%s", type(error).__name__)
            else:
                log.info("gc.done tombstones=%d", gone)
                if self._observer:
                    self._observer.collected(gone)

    async def _survey(self, observer: Observer) -> None:
        while True:
            with suppress(CRDTError):  # of an unreachable server its followers tell
                observer.surveyed(await drive(read_status(self._replica)))
            await asyncio.sleep(self._interval)


class _Follower:
    """Follows one peer."""

    def __init__(self, syncer: Syncer, index: int) -> None:
        self._syncer = syncer
        self._replica = syncer._replica
        self._peer = syncer._peers[index]
        self._link = syncer.links[index]
        self._in_step = syncer._in_step[index]
        self._observer = syncer._observer
        self._interval = syncer._interval
        self._backoff = EqualJitterBackoff(cap=LAST_DELAY, base=FIRST_DELAY)
        self._pull: Pull | None = None
        self._told = 0.0
        self._came = 0
        """How many entries had come when it failed last."""

    async def run(self) -> None:
        try:
            while True:
                try:
                    await self._follow()
                except CRDTError as error:
                    await self._failed(error)
                _check_cancelled()
        finally:
            if self._pull is not None:
                self._pull.give_up()

    async def _follow(self) -> None:
        """Pull whenever there is something new; a round of its own for each interval."""
        if self._pull is None:
            await drive(_ensure_open(self._replica))
            await drive(_ensure_open(self._peer))
            self._link.peer = self._peer.replica_id
            self._pull = Pull(self._replica, self._peer, self._progressed)
        self._pull.begin_anew()
        next_round = monotonic() + self._interval
        await self._pulled(await self._begin(self._pull))
        _check_cancelled()  # else the lanes, which are tasks of their own, would go on
        lanes = (self._follow_lane(self._pull, lane, next_round) for lane in self._peer.lanes)
        # What is measured takes round trips, and news are not to wait for them.
        await all_of([asyncio.create_task(work) for work in (self._measure(), *lanes)])
        await self._tell()

    async def _follow_lane(self, pull: Pull, lane: list[int], end: float) -> None:
        """Pull those shards in which there is something new, up to a time."""
        while (left := end - monotonic()) > 0:
            _check_cancelled()
            report: SyncReport | None = None
            if len(lane) == 1 and self._peer.flight(lane[0]):
                report = await drive(pull.follow(lane[0], left))
            elif news := await drive(_wait(self._peer, pull, lane, left)):
                report = await drive(pull.run(news))
            if report is not None:
                await self._pulled(report)

    async def _begin(self, pull: Pull) -> SyncReport:
        """Pull for the first time in this round.

        A new replica fills itself from one peer after the other: once it has all of the first,
        it knows what that one knew of the others, and all that they still tell is what is new. No
        peer holds the others up for long by that, whatever it sends.
        """
        filling = self._syncer._filling
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
        theirs = await drive(_time(self._peer))
        passed = monotonic() - began
        ours = await drive(_time(self._replica))
        self._link.round_trip = passed
        self._link.drift = theirs + passed / 2 - ours
        if self._observer:
            self._observer.measured(self._link)

    async def _pulled(self, report: SyncReport) -> None:
        was_failing = self._link.last_error is not None
        is_news = self._link.pulled(report)
        if self._pull is not None:
            self._link.progressed(self._pull.progress)
        if self._observer:
            self._observer.pulled(self._link, report)
        self._in_step.set()
        if is_news:
            event = "peer.recovered" if was_failing else "peer.following"
            log.info("%s peer=%s entries=%d", event, self._link.peer, report.entries)
            for refused in report.refused[:10]:
                log.warning("entry.refused peer=%s detail=%r", self._link.peer, refused)
        if is_news or monotonic() - self._told >= TELL_EVERY:
            await self._tell()

    async def _failed(self, error: CRDTError) -> None:
        # Who comes on between two failures, as over a bad network, is not to be tried more rarely.
        came = self._pull.progress.entries if self._pull is not None else 0
        if came > self._came:
            self._came, self._link.failures = came, 0
        is_news = self._link.failed(error)
        if is_news:
            log.warning(
                "peer.failed peer=%s address=%s error=%s detail=%r",
                self._link.peer,
                self._link.address,
                type(error).__name__,
                str(error),
            )
        # What is no news to the syncer may be so to its server, which may have forgotten it; and
        # whoever does not tell for long seems to be gone.
        if is_news or monotonic() - self._told >= TELL_EVERY:
            await self._tell()
        if self._observer:
            self._observer.failed(self._link, error)
        await asyncio.sleep(self._backoff.compute(min(self._link.failures, 16)))

    def _progressed(self) -> Procedure[None]:
        _check_cancelled()  # a pull may take long
        assert self._pull is not None
        if self._link.progressed(self._pull.progress):
            log.info("peer.scanning peer=%s entries=%d", self._link.peer, self._link.to_scan)
        if monotonic() - self._told >= TELL_EVERY:
            yield from self._telling()

    async def _tell(self) -> None:
        # Where the replica's own server is what failed, there is nobody to tell.
        with suppress(CRDTError):
            await drive(self._telling())

    def _telling(self) -> Procedure[None]:
        """Write down how the link is doing, for ``redis-crdt status``."""
        if self._pull is not None:
            self._link.progressed(self._pull.progress)
        self._told = monotonic()
        self._link.told = time()
        text = self._link.model_dump_json()
        keys, about = self._replica.keys(0), self._replica.about
        yield self._replica, ask.report(keys, self._link.peer, self._link.address, text, about)


def _check_cancelled() -> None:
    """Stop a task that was cancelled.

    Until Python 3.12 ``asyncio.wait_for``, which redis-py sends its commands with, may swallow
    a cancellation that comes as the awaited thing is done.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _ensure_open(replica: ReplicaOperations) -> Procedure[None]:
    yield replica, Command(("PING",), about=replica.about)


def _is_filling(replica: ReplicaOperations) -> Procedure[bool]:
    """Tell whether a replica has yet to end its first pull."""
    own = replica.replica_id.encode()
    for shard in range(replica.shards):
        found = yield replica, ask.knowledge(replica.keys(shard), replica.about)
        if all(writer.partition(b"#")[0] == own for writer in found.known):
            return True
    return False


@reading
def _read_time(reply: Any) -> float:
    seconds, micros = reply
    return int(seconds) + int(micros) / 1e6


def _time(replica: ReplicaOperations) -> Procedure[float]:
    now: float = yield replica, Command(("TIME",), _read_time, replica.about)
    return now


def _wait(
    peer: ReplicaOperations, pull: Pull, lane: list[int], seconds: float
) -> Procedure[list[int]]:
    """Wait for something new in some of the peer's feeds; tells in which there is."""
    starts = {number: pull.shards[number].clock for number in lane}
    entries = yield peer, Wait(starts, seconds, count=1)
    return sorted({number for number, _, _ in entries})
