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
from time import monotonic

from redis_crdt.errors import CRDTError, InvalidSetting
from redis_crdt.sync.follower import Follower
from redis_crdt.sync.link import Link
from redis_crdt.sync.observer import Observer
from redis_crdt.sync.own_replica import OwnReplica
from redis_crdt.sync.sharing import share
from redis_crdt.sync.status import read_status
from redis_crdt.sync.throttle import Pace
from redis_crdt.sync.tombstones import GRACE, check_age, collect
from redis_crdt.transport.awaiting import drive
from redis_crdt.transport.server import ReplicaOperations

log = logging.getLogger("redis_crdt.sync")


SHARE_EVERY = 1.0
"""For how many seconds at least what others ask for is not looked at again."""

SHARE_REST = 20
"""And for how many times as long as looking took."""


class Syncer:
    """Pulls into one replica what its peers have, from each on its own, until it is cancelled.

    ``replica`` and ``peers`` are replicas on servers, of :mod:`redis_crdt.asyncio` or blocking
    ones, which are then asked in threads. ``interval`` is for how many seconds a change may lie
    unseen if a wake-up is lost; every ``gc_interval`` seconds tombstones older than ``grace``
    seconds are collected. A peer that fails is tried again after a tenth of a second, then ever
    more rarely, up to every half minute, and logged once, and again every ten minutes. Trouble of
    the replica's own server is logged as such. ``links`` tells how each is doing.

    ``max_bytes_per_second`` bounds what comes from all peers together where all entries are
    compared, as for a new replica, so that it starves nobody; what is new is not held up.

    Raises :class:`InvalidSetting` for numbers out of range, and for a peer that is there twice.
    """

    def __init__(
        self,
        replica: ReplicaOperations,
        peers: Iterable[ReplicaOperations],
        *,
        interval: float = 30.0,
        grace: float = GRACE,
        gc_interval: float = 600.0,
        max_bytes_per_second: float | None = None,
        observer: Observer | None = None,
    ) -> None:
        if not interval > 0 or not gc_interval > 0:
            raise InvalidSetting("interval and gc_interval: numbers of seconds above 0")
        self.interval, self._gc_interval = interval, gc_interval
        self._grace = check_age(grace)
        self._observer = observer
        self.own = OwnReplica(replica, observer)
        """Whether the replica's own server is well."""
        self._filling, self._pace = asyncio.Lock(), Pace(max_bytes_per_second)
        self._tasks: asyncio.TaskGroup | None = None
        self._followers: dict[Follower, asyncio.Task[None] | None] = {}
        for peer in _each_once(peers):
            self._begin(peer)

    @property
    def links(self) -> list[Link]:
        """How each peer is doing."""
        # Other threads ask, too, while followers come and go.
        return [follower.link for follower in list(self._followers)]

    async def run(self) -> None:
        """Work until cancelled. Raises only what is a defect; all else is tried again."""
        log.info("sync.started peers=%d interval=%g", len(self._followers), self.interval)
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for follower in self._followers:
                    self._start(follower)
                self._tasks.create_task(self.own.watch())
                self._tasks.create_task(self._collect_now_and_then())
                self._tasks.create_task(self._share_now_and_then())
                if self._observer:
                    self._tasks.create_task(self._survey(self._observer))
        finally:
            self._tasks = None
            log.info("sync.stopped")

    async def in_step(self) -> None:
        """Wait until each peer has been pulled from at least once."""
        for follower in list(self._followers):
            await follower.in_step.wait()

    async def set_peers(self, peers: Iterable[ReplicaOperations]) -> None:
        """Follow these peers from now on, and no others; those that are the same objects go on.

        What was written down of the others is taken back, and they are used no more when this
        returns. To be awaited where the syncer runs. Raises :class:`InvalidSetting` for a peer
        that is there twice. One round trip to the replica for each peer that goes.
        """
        wanted = _each_once(peers)
        gone = [f for f in self._followers if not any(f.peer is peer for peer in wanted)]
        kept = [follower.peer for follower in self._followers if follower not in gone]
        for follower in gone:
            task = self._followers.pop(follower)
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
            await follower.forget()
            log.info("peer.removed peer=%s address=%s", follower.link.peer, follower.link.address)
            if self._observer:
                self._observer.ended(follower.link)
        for peer in wanted:
            if not any(peer is one for one in kept):
                follower = self._begin(peer)
                log.info("peer.added address=%s", follower.link.address)
                self._start(follower)

    def _begin(self, peer: ReplicaOperations) -> Follower:
        follower = Follower(
            self.own, peer, self.interval, self._filling, self._pace, self._observer
        )
        self._followers[follower] = None
        if self._observer:
            self._observer.began(follower.link)
        return follower

    def _start(self, follower: Follower) -> None:
        if self._tasks is not None:
            self._followers[follower] = self._tasks.create_task(follower.run())

    async def _collect_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._gc_interval)
            try:
                gone = await drive(collect(self.own.replica, self._grace))
            except CRDTError as error:
                if self.own.is_cause_of(error):
                    self.own.failed(error)
                else:
                    log.warning("gc.failed error=%s detail=%r", type(error).__name__, str(error))
            else:
                log.info("gc.done tombstones=%d", gone)
                if self._observer:
                    self._observer.collected(gone)

    async def _share_now_and_then(self) -> None:
        while True:
            began = monotonic()
            with suppress(CRDTError):  # of which those who watch the replica tell
                await drive(share(self.own.replica))
            # Where there is much to look through, that is done more rarely.
            await asyncio.sleep(max(SHARE_EVERY, SHARE_REST * (monotonic() - began)))

    async def _survey(self, observer: Observer) -> None:
        while True:
            with suppress(CRDTError):  # of which those who look at the replica tell
                observer.surveyed(await drive(read_status(self.own.replica)))
            await asyncio.sleep(self.interval)


def _each_once(peers: Iterable[ReplicaOperations]) -> list[ReplicaOperations]:
    """Return the peers; raises :class:`InvalidSetting` where two are at one address."""
    found: dict[str, ReplicaOperations] = {}
    for peer in peers:
        if found.setdefault(peer.address, peer) is not peer:
            raise InvalidSetting(f"peers: {peer.address} is among them twice")
    return list(found.values())
