"""What a sync costs: by what changed, not by what exists; and against merging whole states."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from redis_crdt.cli.bench.figures import Figure, Spread
from redis_crdt.cli.bench.ground import Ground
from redis_crdt.cli.bench.measure import by_turns
from redis_crdt.replica.blocking import Replica
from redis_crdt.sync.report import SyncReport

CHANGES = 100
FEW = 1_000
MANY = 100_000


def element(i: int) -> str:
    """Return an element of 20 bytes."""
    return f"element {i:012}"


class Pair:
    """Two replicas of one set."""

    def __init__(self, ground: Ground, entries: int, part: str = "of") -> None:
        self.one = ground.replica(f"{part}-{entries}")
        self.other = ground.other(f"{part}-{entries}")
        self.entries = entries
        self.reports: list[SyncReport] = []
        self.one.or_set("set", str).update(map(element, range(entries)))
        self.other.pull(self.one)

    def change(self, replica: Replica, first: int, changes: int) -> None:
        """Add elements again, which are as many changes."""
        wanted = (element(i % self.entries) for i in range(first, first + changes))
        replica.or_set("set", str).update(wanted)

    def pull(self, first: int, changes: int) -> float:
        """Pull so many changes, and tell for how many seconds."""
        self.change(self.one, first, changes)
        report = self.other.pull(self.one)
        assert report.changed == changes
        self.reports.append(report)
        return report.seconds

    def sync(self, first: int, changes: int) -> float:
        """Sync both ways, after half of the changes on either side; tell for how many seconds."""
        self.change(self.one, first, changes // 2)
        self.change(self.other, first + changes // 2, changes - changes // 2)
        report = self.one.sync(self.other)
        assert report.changed == changes
        return report.seconds


def deltas(ground: Ground, rounds: int, entries: int) -> Iterator[Figure]:
    """Measure the pull of 100 changes in a large set against the same in a small one."""
    large, small = Pair(ground, entries), Pair(ground, FEW)
    found = by_turns(large.pull, small.pull, rounds, CHANGES)
    work = f"delta of {CHANGES} changes, of {entries:,} entries"
    yield Figure(work, f"the same of {FEW:,}", found.ratio, 1.2, note=found.medians())
    sizes = [median(report.bytes for report in pair.reports) for pair in (large, small)]
    note = f"{sizes[0]:.0f} bytes against {sizes[1]:.0f}"
    same = Spread.of([sizes[0] / sizes[1]])
    yield Figure(f"{work}: bytes", f"the same of {FEW:,}", same, 1.0, note=note)
    own = CHANGES * len(element(0))
    share = Spread.of([sizes[0] / (2 * own + 24 * CHANGES)])
    bound = f"2 x the elements' own {own:,} bytes + 24 each"
    yield Figure(f"{work}: bytes", bound, share, 1.0, note=f"{sizes[0]:.0f} bytes")


class Textbook:
    """The merge of two sets' states as textbooks have it: read both, join, write back.

    An OR-Set as two keys on each server: a hash of elements, each with the tags of its adds, and
    a set of the tags that were removed.
    """

    def __init__(self, ground: Ground, entries: int) -> None:
        self.entries = entries
        self.clients = (ground.client, ground.peer)
        self.added = ground.raw(f"textbook-{entries}")
        self.removed = ground.raw(f"textbook-removed-{entries}")
        for client in self.clients:
            self._write(client, {element(i): f"{i}@eu" for i in range(entries)})

    def _write(self, client: Any, tags: dict[Any, Any]) -> None:
        items = list(tags.items())
        for first in range(0, len(items), 500):
            client.hset(self.added, mapping=dict(items[first : first + 500]))

    def _read(self, client: Any) -> tuple[dict[bytes, set[bytes]], set[bytes]]:
        tags = {e: set(t.split()) for e, t in client.hgetall(self.added).items()}
        return tags, client.smembers(self.removed)

    def change(self, first: int, changes: int) -> None:
        """Add elements again, half of them on either side."""
        for side, client in enumerate(self.clients):
            numbers = range(first + side, first + changes, 2)
            tags = {element(i % self.entries): f"{i}@{side}" for i in numbers}
            self._write(client, tags)

    def merge(self) -> None:
        """Merge the states of both, and write the result to both."""
        (one, one_removed), (other, other_removed) = map(self._read, self.clients)
        removed = one_removed | other_removed
        nothing: set[bytes] = set()
        merged = {
            e: (one.get(e, nothing) | other.get(e, nothing)) - removed for e in one.keys() | other
        }
        for client in self.clients:
            self._write(client, {e: b" ".join(t) for e, t in merged.items() if t})

    def sync(self, first: int, changes: int) -> float:
        """Change, merge, and tell how many seconds the merge took."""
        self.change(first, changes)
        began = perf_counter()
        self.merge()
        return perf_counter() - began


def against_textbook(ground: Ground, rounds: int, entries: int) -> Iterator[Figure]:
    """Measure a sync both ways against a textbook merge of the whole states."""
    pair, textbook = Pair(ground, entries, "textbook"), Textbook(ground, entries)
    found = by_turns(pair.sync, textbook.sync, rounds, CHANGES)
    yield Figure(
        f"delta sync of {entries:,} entries with {CHANGES} differences",
        "a textbook full-state merge, by speed",
        found.speed,
        100 if entries >= MANY else None,
        at_least=True,
        note=found.medians(),
    )


class Cost(NamedTuple):
    """What a sync of so many changes among so many entries takes, in seconds."""

    entries: int
    changes: int
    delta: Spread
    textbook: Spread


def costs(ground: Ground, entries: int, changes: list[int], rounds: int) -> Iterator[Cost]:
    """Measure a sync and a textbook merge, for each number of changes."""
    pair, textbook = Pair(ground, entries, "costs"), Textbook(ground, entries)
    for many in changes:
        delta, whole = by_turns(pair.sync, textbook.sync, rounds, many)
        yield Cost(entries, many, Spread.of(delta), Spread.of(whole))
