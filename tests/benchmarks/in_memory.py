"""Merging in memory: by delta and by full state, against the textbook, ``pycrdt`` and ``loro``."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from redis_crdt import memory
from redis_crdt.cli.bench.figures import Figure
from redis_crdt.cli.bench.measure import by_turns
from tests.benchmarks.run import Run, missing

CHANGES = 100


def element(i: int) -> str:
    return f"element {i:012}"


def spent(work: Any, *args: Any) -> float:
    gc.collect()
    began = perf_counter()
    work(*args)
    return perf_counter() - began


class TextbookSet:
    """Shapiro et al., "A study of CRDTs", 2011, specification 15: tags added, tags removed."""

    def __init__(self, replica_id: str) -> None:
        self.replica_id, self.count = replica_id, 0
        self.added: dict[str, set[str]] = {}
        self.removed: set[str] = set()

    def add(self, element: str) -> None:
        self.count += 1
        self.added.setdefault(element, set()).add(f"{self.replica_id}-{self.count}")

    def merge(self, other: TextbookSet) -> TextbookSet:
        merged = TextbookSet(self.replica_id)
        nothing: set[str] = set()
        merged.removed = self.removed | other.removed
        merged.added = {
            e: self.added.get(e, nothing) | other.added.get(e, nothing)
            for e in self.added.keys() | other.added.keys()
        }
        merged.count = self.count
        return merged


class FullState:
    """Two sets, the first of which is to have what the second does."""

    def __init__(self, one: Any, other: Any) -> None:
        self.one, self.other = one, other

    def merge(self, first: int, changes: int) -> float:
        for i in range(first, first + changes):
            self.other.add(element(i))
        seconds = spent(self.one.merge, self.other)
        self.one = self.one.merge(self.other)
        return seconds


def textbook_sets(entries: int) -> FullState:
    one = TextbookSet("a")
    for i in range(entries):
        one.add(element(i))
    return FullState(one, TextbookSet("b").merge(one))


def our_sets(entries: int, copied: bool) -> FullState:
    """Make sets that were merged before, or one with a copy that came from elsewhere."""
    one: memory.ORSet[str] = memory.ORSet(str, replica_id="a")
    other: memory.ORSet[str] = memory.ORSet(str, replica_id="b")
    for i in range(entries):
        one.add(element(i))
    return FullState(one, other.merge(one.dump() if copied else one))


class Delta:
    def __init__(self, entries: int) -> None:
        self.one, self.other = memory.Replica(replica_id="a"), memory.Replica(replica_id="b")
        self.other.or_set("set", str).update(map(element, range(entries)))
        self.one.pull(self.other)

    def merge(self, first: int, changes: int) -> float:
        self.other.or_set("set", str).update(map(element, range(first, first + changes)))
        return spent(self.one.pull, self.other)


class Pycrdt:
    def __init__(self, entries: int) -> None:
        from pycrdt import Doc, Map

        self.one: Any = Doc()
        self.other: Any = Doc()
        self.map: Any = self.other.get("set", type=Map)
        with self.other.transaction():
            for i in range(entries):
                self.map[element(i)] = True
        self.one.apply_update(self.other.get_update())

    def merge(self, first: int, changes: int) -> float:
        for i in range(first, first + changes):
            self.map[element(i)] = True
        return spent(lambda: self.one.apply_update(self.other.get_update(self.one.get_state())))


class Loro:
    def __init__(self, entries: int) -> None:
        from loro import ExportMode, LoroDoc

        self.updates = ExportMode.Updates
        self.one, self.other = LoroDoc(), LoroDoc()
        self.map = self.other.get_map("set")
        for i in range(entries):
            self.map.insert(element(i), True)
        self.other.commit()
        self.one.import_(self.other.export(ExportMode.Snapshot()))

    def merge(self, first: int, changes: int) -> float:
        # Loro records no write of what is there already.
        for i in range(first, first + changes):
            self.map.insert(element(i), i)
        self.other.commit()
        return spent(lambda: self.one.import_(self.other.export(self.updates(self.one.oplog_vv))))


def merging(run: Run) -> Iterator[Figure]:
    """Measure the merge of OR-Sets with 100 differences."""
    entries, rounds = run.many, max(5, run.few_rounds)
    textbook, delta = textbook_sets(entries), Delta(entries)
    work = f"in memory, {entries:,} elements with {CHANGES} differences:"
    against = "a textbook merge, by speed"
    found = by_turns(delta.merge, textbook.merge, rounds, CHANGES)
    note = found.medians()
    yield Figure(f"{work} by delta", against, found.speed, 20, at_least=True, note=note)
    for copied, what, target in (
        (False, "by full state", 3),
        (True, "by full state, of a copy from elsewhere", None),
    ):
        full = our_sets(entries, copied)
        found = by_turns(full.merge, textbook.merge, rounds, CHANGES)
        note = found.medians()
        yield Figure(f"{work} {what}", against, found.speed, target, at_least=True, note=note)
    for package, cls in (("pycrdt", Pycrdt), ("loro", Loro)):
        try:
            theirs = cls(entries)
        except ImportError:
            yield missing(f"{work} by delta", package)
            continue
        found = by_turns(delta.merge, theirs.merge, rounds, CHANGES)
        note = found.medians()
        yield Figure(f"{work} by delta", f"{package}'s, a map of them", found.ratio, note=note)
