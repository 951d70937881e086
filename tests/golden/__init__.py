"""Golden files: what each format of the library has written, and what it must read as for ever.

A folder for each pair of format numbers (:mod:`redis_crdt.core.formats`), and in it of each server
flavour that wrote them, and of each set of contents: an RDB with some namespaces, a dump of each
(some are compressed), and JSON that says what is in them: of each collection what a program reads,
and its whole state. ``python -m tests.golden`` makes what is missing of the present formats; what
is there is never made anew, so types that come to a format have a set of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis_crdt.core import formats

ROOT = Path(__file__).parent
PRESENT = ROOT / f"stored-{formats.STORED}-dumped-{formats.DUMPED}"
"""Where the files of the present formats are."""

ANY_TIME = 9e8
"""For ``max_drift``: the tests are of reading, and the clock here may be behind the makers'."""

SUFFIX = {"one": ".ndjson", "several": ".ndjson.gz"}
"""Of the dump of each namespace."""


@dataclass(frozen=True)
class Golden:
    """The files that one server flavour has written, of one set of contents."""

    folder: Path
    flavour: str
    contents: str = ""
    """The name of the set; the first one has none."""

    def __str__(self) -> str:
        return f"{self.folder.name}-{self.stem}"

    @property
    def stem(self) -> str:
        """How the names of the files begin."""
        return f"{self.flavour}-{self.contents}" if self.contents else self.flavour

    @property
    def rdb(self) -> Path:
        return self.folder / f"{self.stem}.rdb"

    @property
    def json(self) -> Path:
        return self.folder / f"{self.stem}.json"

    def dump(self, namespace: str) -> Path:
        return self.folder / f"{self.stem}-{namespace}{SUFFIX[namespace]}"

    @property
    def namespaces(self) -> dict[str, Any]:
        """What is in each namespace: its replica, its shards, and its collections."""
        namespaces: dict[str, Any] = json.loads(self.json.read_bytes())["namespaces"]
        return namespaces


def all_golden() -> Iterator[Golden]:
    """Yield all that there are, of all formats."""
    for path in sorted(ROOT.glob("stored-*/*.json")):
        flavour, _, contents = path.stem.partition("-")
        yield Golden(path.parent, flavour, contents)


def in_order(elements: Iterable[Any]) -> list[Any]:
    """Return elements in the order in which JSON beside the files has them."""
    return sorted(elements, key=lambda element: json.dumps(element, ensure_ascii=False))


def opened(replica: Any, kind: str, name: str, partitions: int) -> Any:
    """Open a collection."""
    options = {"partitions": partitions} if partitions > 1 else {}
    return getattr(replica, kind)(name, **options)


def read(replica: Any, kind: str, name: str, partitions: int) -> Any:
    """Return what a program reads of a collection, as JSON has it."""
    collection = opened(replica, kind, name, partitions)
    match kind:
        case "or_set" | "g_set" | "rw_set":
            return in_order(collection)
        case "g_counter" | "pn_counter":
            return {"value": collection.value(), "by_replica": collection.by_replica()}
        case "lww_map" | "sorted_map" | "counter_map":
            return dict(sorted(collection.items()))
        case "ew_flag" | "dw_flag":
            return collection.value()
        case "cardinality":
            return collection.count()
        case "log":
            return list(collection)
        case "budget":
            return collection.remaining()
        case "work_queue":
            here = collection.pending() + collection.claimed() + len(collection.dead())
            return here + collection.elsewhere()
    return collection.get()


def check(replica: Any, collections: list[Any]) -> None:
    """Hold all that a replica has against what it must be: values, and every dot behind them."""
    for expected in collections:
        place = expected["kind"], expected["name"], expected["partitions"]
        assert read(replica, *place) == expected["reads"], place
        assert opened(replica, *place).dump().entries == expected["state"]["entries"], place
    assert sorted(replica.collections()) == sorted((c["name"], c["kind"]) for c in collections)
