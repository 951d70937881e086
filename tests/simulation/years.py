"""Years of daily restarts: how large knowledge and all that goes with it become.

What grows with restarts does not grow with writes: an incarnation counts once it has written. So
each day each region restarts and makes a few writes only (:func:`write_some`). Then it pulls thrice
from each peer, or, where that would be too many, from some that chance picks anew each day, for
knowledge goes on from one to the next. A collection of tombstones ends the day. Writes and pulls
are sampled so; no restart is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from redis_crdt.core.dots import Dots
from tests.simulation.regions import Clock, Link, Region, Regions

DAY, HOUR = 86_400_000, 3_600_000
GRACE = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Age:
    """How large things are after so many days: the largest of all regions."""

    day: int
    known: int
    """Of how many writers a clock is known."""
    known_bytes: int
    """How many bytes that takes on the wire."""
    history: int
    silent: int
    seen: int
    """How many writers an entry has seen."""
    fields: int
    """How many fields the counter has."""
    tombstones: int
    feed: int
    scans: int
    """How often all entries were compared since the last of these, by all regions."""
    pulls: int
    bytes: int
    """How many bytes crossed all links since then."""
    payload: int


def write_some(region: Region, day: int, hot: int, rnd: Random) -> None:
    """Make the day's sample of writes: most to what no other region writes; ``hot`` are shared."""
    on, own = region.replica, f"{region.replica_id}-{day}"
    on.or_set("tasks", str).add(own)
    on.or_set("tasks", str).discard(f"{region.replica_id}-{day - 3}")
    on.lww_map("status", str).set(region.replica_id, own)
    on.g_counter("done").increment(1)
    if hot:
        on.or_set("hot", str).add(f"e{rnd.randrange(hot)}")


def look(regions: Regions, day: int, before: dict[str, int]) -> Age:
    """Measure all regions, and what has crossed since ``before``, which is brought up to date."""
    shards: list[Any] = [region.shard for region in regions.all]
    sums = {
        name: sum(getattr(traffic, name) for traffic in regions.traffic())
        for name in ("scans", "requests", "bytes", "payload")
    }
    passed = {name: total - before.get(name, 0) for name, total in sums.items()}
    before.update(sums)
    knowledge = [shard.knowledge(shard.newest()) for shard in shards]
    stores = [store for shard in shards for store in shard.stores.values()]
    dots = [e for s in stores for e in (*s.live.values(), *(e for _, e in s.removed.values()))]
    return Age(
        day,
        max(map(len, knowledge)),
        max(sum(len(w) + 24 for w in known) for known in knowledge),
        max(len(shard.past) for shard in shards),
        max(len(shard.silent) for shard in shards),
        max(len(e.seen) for e in dots if isinstance(e, Dots)),
        max(len(store.live) for store in stores if store.kind.sides),
        max(sum(len(store.removed) for store in shard.stores.values()) for shard in shards),
        max(len(shard.feed) for shard in shards),
        passed["scans"],
        passed["requests"],
        passed["bytes"],
        passed["payload"],
    )


def days(
    shape: str,
    count: int,
    last: int,
    every: int,
    peers: int | None = None,
    hot: int = 0,
    seed: int = 1,
) -> Iterator[Age]:
    """Live through so many days, and tell how things are after each ``every`` of them.

    ``peers`` is from how many each region pulls a day, if not from all that it has; ``hot`` how
    many elements are written by all regions again and again.
    """
    rnd, regions = Random(seed), Regions(shape, count, feed_limit=20 * count)
    links_to: dict[int, list[Link]] = {number: [] for number in range(count)}
    for (target, _), link in zip(regions.pairs, regions.links, strict=True):
        links_to[target].append(link)
    before: dict[str, int] = {}
    for day in range(1, last + 1):
        for region in regions.all:
            Clock.now += (DAY - HOUR) // count
            if day > 1:
                region.restart()
            write_some(region, day, hot, rnd)
        pulled = [
            link
            for links in links_to.values()
            for link in rnd.sample(links, min(len(links), peers or len(links)))
        ]
        for link in (
            3 * pulled
        ):  # what the first brings the second passes on, and the third acknowledges
            link.pull()
        Clock.now += HOUR
        for region in regions.all:
            region.replica.gc_tombstones(GRACE)
        if day % every == 0 or day == last:
            yield look(regions, day, before)
