"""Regions that are simulated: replicas in memory, the links between them, and their clock."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isqrt
from typing import Any
from unittest.mock import patch

from redis_crdt import memory
from redis_crdt.core.names import Keys
from redis_crdt.operations.operation import Operation, Script, as_is, drive
from redis_crdt.sync import pull
from redis_crdt.sync.pull import Pull
from redis_crdt.sync.report import SyncReport
from tests.simulation.readings import Flight, Readings

BEGIN = 1_800_000_000_000
"""When simulations begin, in milliseconds since 1970."""

ABOUT = "simulation"


class Clock:
    """The one clock of a simulation, in milliseconds; all regions have it."""

    now = BEGIN

    @staticmethod
    def read() -> int:
        """Return what it says."""
        return Clock.now


def links_of(shape: str, count: int) -> list[tuple[int, int]]:
    """Return who pulls from whom, as pairs of target and source.

    In a tree of stars the first of each ``isqrt(count)`` regions is the hub of the others, and the
    first hub that of the hubs.
    """
    size = isqrt(count)
    pairs: dict[str, Callable[[int, int], bool]] = {
        "mesh": lambda a, b: True,
        "star": lambda a, b: a == 0,
        "tree": lambda a, b: a == b - b % size if b % size else a == 0,
    }
    linked = pairs[shape]
    return [
        (a, b)
        for a in range(count)
        for b in range(count)
        if a != b and linked(min(a, b), max(a, b))
    ]


class Region:
    """One region: the same party to pulls, however often its server restarts."""

    def __init__(self, number: int, feed_limit: int) -> None:
        self.replica_id = f"region{number}"
        self.namespace, self.shards, self.max_drift, self.about = "default", 1, 60.0, ABOUT
        self.replica = memory.Replica(
            replica_id=self.replica_id, feed_limit=feed_limit, clock=Clock.read
        )

    def keys(self, shard: int) -> Keys:
        return Keys(self.namespace, shard)

    def flight(self, shard: int) -> None:
        """Nothing is far: distance is the simulation's affair."""

    def execute(self, operation: Operation[Any], /) -> Any:
        return self.replica.execute(operation)

    def restart(self) -> None:
        """Go on as another process would, which cannot tell whether anything was lost."""
        self.replica = pickle.loads(pickle.dumps(self.replica))

    @property
    def shard(self) -> Any:
        """What the replica is made of."""
        return self.replica._shards[0]


def size_of(value: Any) -> int:
    """Return how many bytes a request or a reply takes on the wire (RESP 2)."""
    if isinstance(value, list | tuple):
        return 3 + len(str(len(value))) + sum(map(size_of, value))
    if isinstance(value, int):
        return 3 + len(str(value))
    return 5 + len(str(len(value))) + len(value)


@dataclass(slots=True)
class Traffic:
    """What has crossed a link."""

    requests: int = 0
    sent: int = 0
    """Bytes of requests."""
    received: int = 0
    """Bytes of replies."""
    entries: int = 0
    payload: int = 0
    """Bytes of fields and entries among those of the replies."""
    scans: int = 0
    """How often all entries were compared, since the feed did not tell all that was lacking."""

    @property
    def bytes(self) -> int:
        return self.sent + self.received


class Link:
    """The way from a source to a target, which counts what crosses it."""

    def __init__(self, target: Region, source: Region) -> None:
        self.target, self.source = target, source
        self.namespace, self.shards, self.max_drift = "default", 1, 60.0
        self.about = ABOUT
        self.traffic = Traffic()
        self.follows = False
        """Whether it is pulled from again and again, as syncers do it: in one reading."""
        self._readings = Readings()
        self._pull = Pull(target, self)

    @property
    def replica_id(self) -> str:
        return self.source.replica_id

    def keys(self, shard: int) -> Keys:
        return self.source.keys(shard)

    def flight(self, shard: int) -> Any:
        """Nothing is far: distance is the simulation's affair."""
        return Flight(self.execute) if self.follows else None

    def execute(self, operation: Operation[Any], /) -> Any:
        assert isinstance(operation, Script)
        if operation.name == "replica/delta":
            reply = self._readings.delta(operation, self.source.execute)
        else:
            reply = self.source.execute(operation._replace(read=as_is))
        of = self.traffic
        of.requests += 1
        # EVALSHA, the hash of the script, the number of keys; keys; the witness with the arguments.
        args = [a if isinstance(a, int | bytes) else str(a).encode() for a in operation.args]
        of.sent += size_of([b"EVALSHA", b"0" * 40, b"3", *operation.keys, b"!", *args])
        of.received += size_of(reply)
        return operation.read(reply)

    def pull(self, anew: bool = True) -> SyncReport:
        """Bring what is new to the target, as its syncer does; ``anew`` after a restart."""
        if anew:
            self._pull.begin_anew()
        if self.follows:
            # How often a target is told that nothing came goes by the clock, too.
            with patch.object(pull, "monotonic", lambda: Clock.now / 1000):
                report = drive(self._pull.follow(0, 1.0)) or SyncReport()
        else:
            report = drive(self._pull.run())
        of = self.traffic
        of.entries += report.entries
        of.payload += report.bytes
        of.scans += report.full_scan
        return report


class Regions:
    """Regions in one of the shapes, with all that they have in common."""

    def __init__(self, shape: str, count: int, feed_limit: int = 100_000) -> None:
        Clock.now = BEGIN
        self.all = [Region(number, feed_limit) for number in range(count)]
        self.pairs = links_of(shape, count)
        self.links = [Link(self.all[a], self.all[b]) for a, b in self.pairs]

    def traffic(self) -> Iterator[Traffic]:
        """Yield what has crossed each link."""
        return (link.traffic for link in self.links)
