"""The syncer's own replica: whether its server is well, and holds what it did.

Its trouble is no peer's fault: it is told once, and under its own name. Where it holds less than it
did, as after a reset or where its server was lost, it is filled again at once.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from time import monotonic

from redis.backoff import EqualJitterBackoff

from redis_crdt.core.clock import parse_clock
from redis_crdt.core.floors import is_known
from redis_crdt.errors import (
    AccessDenied,
    CRDTError,
    EvictionEnabled,
    ForeignKey,
    ReplicaMismatch,
    ServerError,
    ServerFull,
    ServerReadOnly,
)
from redis_crdt.operations import replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure
from redis_crdt.sync.link import Failures
from redis_crdt.sync.observer import Observer
from redis_crdt.sync.rights import with_rights
from redis_crdt.transport.awaiting import drive
from redis_crdt.transport.server import ReplicaOperations

log = logging.getLogger("redis_crdt.sync")

LOOK_EVERY = 1.0
"""How many seconds pass between looks at the own replica, of 16 shards."""

RIGHTS_EVERY = 2.0
"""How many seconds pass between looks for new collections that have rights."""

LAST_DELAY = 5.0
"""How many seconds pass at most before a server that failed is looked at again."""

OF_THE_SERVER = (ServerError, EvictionEnabled, ForeignKey, ReplicaMismatch)
"""What a server's own trouble is told by; all else is about what it was given."""

OF_WRITES = (ServerFull, ServerReadOnly, AccessDenied, ForeignKey)
"""Of these those are, of which who only looks may hear nothing."""


class OwnReplica:
    """The replica that a syncer keeps in step, looked at once a second."""

    def __init__(self, replica: ReplicaOperations, observer: Observer | None) -> None:
        self.replica = replica
        self._observer = observer
        self.error: str | None = None
        """What is the matter with its server; None where it is well."""
        self._kind: type[CRDTError] | None = None
        self.is_open = False
        """Whether it has answered since the syncer began."""
        self.age = 0
        """Raised whenever the replica is not what it was: all that it knows is to be asked anew."""
        self._well = asyncio.Event()
        self._well.set()
        self._failures = Failures()
        self._rights: list[tuple[int, bytes, str]] = []
        self._rights_until = 0.0
        self._knew: dict[int, replies.Knowledge] = {}
        self._backoff = EqualJitterBackoff(cap=LAST_DELAY, base=0.1)

    def rights(self) -> Procedure[list[tuple[int, bytes, str]]]:
        """Return where it has rights, as they were looked for a moment ago."""
        if monotonic() >= self._rights_until:
            self._rights = yield from with_rights(self.replica)
            self._rights_until = monotonic() + RIGHTS_EVERY
        return self._rights

    def knows(self) -> set[bytes]:
        """Return whose writes it had read when it was looked at last, as replica ids."""
        return {w.partition(b"#")[0] for found in self._knew.values() for w in found.known}

    def is_cause_of(self, error: CRDTError) -> bool:
        """Tell whether an error is trouble of this replica's server.

        What has no name of its own may be due to what a peer sent.
        """
        has_name = isinstance(error, OF_THE_SERVER) and type(error) is not ServerError
        return has_name and error.server == self.replica.address

    def failed(self, error: CRDTError) -> None:
        """Note what is the matter with it; logged if that is news, or has not been so for long."""
        self.error, self._kind = f"{type(error).__name__}: {error}", type(error)
        self._well.clear()
        if self._failures.is_news(error):
            log.error(
                "replica.failed address=%s error=%s detail=%r",
                self.replica.address,
                type(error).__name__,
                str(error),
            )
        if self._observer:
            self._observer.replica_failed(error)

    def recovered(self, *, written: bool) -> None:
        """Note that it is well, as far as one who has written to it can tell, or who has not."""
        self.is_open = True
        if self._kind is None or (issubclass(self._kind, OF_WRITES) and not written):
            return
        self.error = self._kind = None
        self._failures.forget()
        self._well.set()
        log.info("replica.recovered address=%s", self.replica.address)
        if self._observer:
            self._observer.replica_recovered()

    async def until_well(self, seconds: float) -> None:
        """Wait until it is well again, but no longer than so many seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._well.wait(), seconds)

    async def watch(self) -> None:
        """Look at it again and again, until cancelled."""
        failures = 0
        while True:
            try:
                lost = await drive(self._look())
            except CRDTError as error:
                failures += 1
                self.failed(error)
                await asyncio.sleep(self._backoff.compute(min(failures, 16)))
                continue
            failures = 0
            self.recovered(written=False)
            if lost:
                log.warning(
                    "replica.refilling address=%s detail='it holds less than it did'",
                    self.replica.address,
                )
            await asyncio.sleep(LOOK_EVERY * max(1, self.replica.shards / 16))

    def _look(self) -> Procedure[bool]:
        """Ask what it knows; tells whether that is less than it was."""
        replica, lost, changed = self.replica, False, False
        for shard in range(replica.shards):
            found = yield replica, ask.knowledge(replica.keys(shard), replica.about)
            before = self._knew.get(shard)
            if before and not replies.has_forgotten_nothing(found.standing, before.standing):
                changed = True
                lost = lost or _knows_less(found, before)
            self._knew[shard] = found
        self.age += changed
        return lost


def _knows_less(found: replies.Knowledge, before: replies.Knowledge) -> bool:
    return any(
        not is_known(found.known, writer, parse_clock(clock))
        for writer, clock in before.known.items()
    )
