"""The size of a delta, against what ``pycrdt`` and ``loro`` send for the same changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from redis_crdt import memory
from redis_crdt.cli.bench.figures import Figure, Spread
from tests.benchmarks.run import Run, missing

CHANGES = 100
TARGET = 4
ITEMS = {f"agent-{i:03}": "busy" for i in range(CHANGES)}


def delta_size(run: Run) -> Iterator[Figure]:
    """Compare the bytes of 100 small map entries; they are the same in each round."""
    work = f"delta of {CHANGES} small map entries: bytes"
    ours = _ours()
    for package, measure in (("pycrdt", _pycrdt), ("loro", _loro)):
        try:
            theirs = measure()
        except ImportError:
            yield missing(work, package)
            continue
        # Only the first is what the project promises; the other is for orientation.
        target = TARGET if package == "pycrdt" else None
        ratio, note = Spread.of([ours / theirs]), f"{ours} bytes against {theirs}"
        yield Figure(work, f"{package}'s update for the same", ratio, target, note=note)


def _ours() -> int:
    eu, us = memory.Replica(replica_id="eu"), memory.Replica(replica_id="us")
    for key, value in ITEMS.items():
        eu.lww_map("status", str).set(key, value)
    return us.pull(eu).bytes


def _pycrdt() -> int:
    from pycrdt import Doc, Map

    doc: Doc = Doc()
    map_: Map = Map()
    doc["status"] = map_
    before = doc.get_state()
    for key, value in ITEMS.items():
        map_[key] = value
    return len(doc.get_update(before))


def _loro() -> int:
    from loro import ExportMode, LoroDoc

    doc: Any = LoroDoc()
    map_ = doc.get_map("status")
    before = doc.oplog_vv
    for key, value in ITEMS.items():
        map_.insert(key, value)
    doc.commit()
    return len(doc.export(ExportMode.Updates(before)))
