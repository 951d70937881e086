"""Seconds of writing: what crosses each link, and how long a change takes to be everywhere.

A source that has something new is pulled from as syncers do it: by each follower, one way's delay
after it is written, and once for all that came meanwhile. A pull takes no time beside that, and has
what its source has at its end. Writes are of one kind, elements of 20 bytes, each new: what else
crosses a link does not depend on what is written. All of them are made, none is sampled; it is the
seconds that are few.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count as numbers
from statistics import median

from tests.simulation.regions import Clock, Link, Region, Regions

DAY = 86_400_000

SAMPLES = 20
"""Of so many writes it is followed when they have come everywhere."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What crossed links, each second; of what is said of links, the mean of all and the most."""

    shape: str
    regions: int
    links: int
    writes: float
    """Each region's, a second."""
    known: int
    pulls: float
    """On a link, a second; so for all that follows."""
    bytes: float
    most: float
    about_state: float
    """Bytes of what source and target know, and of all else that is no entry."""
    entries: float
    median_ms: float
    """How long a write took to be everywhere."""
    most_ms: float


class Sea:
    """Regions that write and follow one another, and the events to come."""

    def __init__(self, shape: str, count: int, delay_ms: int) -> None:
        self.regions = Regions(shape, count)
        self.shape, self._delay = shape, delay_ms
        self._events: list[tuple[int, int, Link | None, int]] = []
        self._order = numbers()
        self._under_way: set[int] = set()
        self._following: dict[str, list[Link]] = defaultdict(list)
        for link in self.regions.links:
            self._following[link.replica_id].append(link)
        self._written: dict[bytes, tuple[int, set[str]]] = {}
        self.took: list[int] = []

    def restart(self) -> None:
        """Restart all regions, a day later, and have each hear of all others since."""
        Clock.now += DAY
        for region in self.regions.all:
            region.restart()
            region.replica.or_set("s", str).add(f"restarted {Clock.now} {region.replica_id}")
        for _ in range(3):
            for link in self.regions.links:
                link.pull()
        for region in self.regions.all:
            region.replica.gc_tombstones(0)

    def live(self, writes: float, ms: int) -> Flow:
        """Let all write so often a second, for so long, and wait until all are in step."""
        regions = self.regions.all
        began, total = Clock.now, max(1, round(writes * ms / 1000 * len(regions)))
        for n in range(total):
            at = began + n * ms // total
            heappush(self._events, (at, next(self._order), None, n))
        every = max(1, total // SAMPLES)
        while self._events:
            Clock.now, _, link, n = heappop(self._events)
            if link is None:
                # Neighbours in time are far from each other, so all links are alike.
                self._write(regions[n * 7 % len(regions)], n, n % every == 0)
            else:
                self._under_way.discard(id(link))
                if link.pull(anew=False).changed:
                    self._arrived(link.target)
        return self._flow(writes, ms / 1000)

    def _write(self, region: Region, n: int, is_sample: bool) -> None:
        name = f"{Clock.now:014}{n:06}"
        region.replica.or_set("s", str).add(name)
        if is_sample:
            self._written[b'"%b"' % name.encode()] = Clock.now, {region.replica_id}
        self._tell(region)

    def _tell(self, source: Region) -> None:
        for link in self._following[source.replica_id]:
            if id(link) not in self._under_way:
                self._under_way.add(id(link))
                heappush(self._events, (Clock.now + self._delay, next(self._order), link, 0))

    def _arrived(self, target: Region) -> None:
        live = target.shard.stores[b"s", "or_set"].live
        for name, (at, there) in list(self._written.items()):
            if name in live:
                there.add(target.replica_id)
                if len(there) == len(self.regions.all):
                    self.took.append(Clock.now - at)
                    del self._written[name]
        self._tell(target)

    def _flow(self, writes: float, seconds: float) -> Flow:
        traffic, n = list(self.regions.traffic()), len(self.regions.links)
        return Flow(
            self.shape,
            len(self.regions.all),
            n,
            writes,
            max(len(region.shard.knowledge()) for region in self.regions.all),
            sum(of.requests for of in traffic) / n / seconds,
            sum(of.bytes for of in traffic) / n / seconds,
            max(of.bytes for of in traffic) / seconds,
            sum(of.bytes - of.payload for of in traffic) / n / seconds,
            sum(of.entries for of in traffic) / n / seconds,
            median(self.took),
            max(self.took),
        )


def flow(
    shape: str, count: int, writes: float, ms: int, delay_ms: int = 50, restarts: int = 0
) -> Flow:
    """Live through some seconds, once all know each other, and have restarted so often."""
    sea = Sea(shape, count, delay_ms)
    for _ in range(restarts):
        sea.restart()
    for link in sea.regions.links:
        link.follows = True
    sea.live(1, 1000)
    for link in sea.regions.links:
        link.traffic = type(link.traffic)()
    sea.took.clear()
    return sea.live(writes, ms)


@dataclass(frozen=True, slots=True)
class Joined:
    """What a new region cost."""

    regions: int
    entries: int
    in_bytes: int
    """What it was sent, by all that it follows."""
    out_bytes: int
    """What was sent to those that follow it."""
    scans: int
    """How often it compared all entries."""
    others_scans: int


def joined(shape: str, count: int, entries: int) -> Joined:
    """Add a region to as many as there are, the last of them, once the others are in step."""
    sea = Sea(shape, count + 1, 50)
    *others, new = sea.regions.all
    links = [link for link in sea.regions.links if new not in (link.target, link.source)]
    for region in others:
        region.replica.or_set("s", str).update(
            f"{region.replica_id}:{n:012}" for n in range(entries // count)
        )
        region.replica.or_set("s", str).remove(f"{region.replica_id}:{0:012}")
    for _ in range(4):
        for link in links:
            link.pull()
    for region in others:
        region.replica.gc_tombstones(0)
    for link in links:
        link.traffic = type(link.traffic)()
    to_it = [link for link in sea.regions.links if link.target is new]
    from_it = [link for link in sea.regions.links if link.source is new]
    new.replica.or_set("s", str).add("its own")
    for _ in range(3):
        for link in [*to_it, *from_it, *links]:
            link.pull()
    return Joined(
        count,
        entries,
        sum(link.traffic.bytes for link in to_it),
        sum(link.traffic.bytes for link in from_it),
        sum(link.traffic.scans for link in to_it),
        sum(link.traffic.scans for link in [*from_it, *links]),
    )
