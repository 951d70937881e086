"""What was asked of the regions and what came of it, as journals that survive kills.

A client writes a line before each operation and one after it, so one that was killed leaves an
operation without an end: nobody knows what became of that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from redis_crdt.core.entries import Entry
from redis_crdt.core.kinds import KINDS

Outcome = Literal["acknowledged", "refused", "unknown"]

COLLECTIONS = {
    "tasks": "or_set",  # each element is added once at most
    "contested": "or_set",
    "batched": "or_set",  # in one batch with an increment of `batches`
    "batches": "g_counter",
    "done": "g_counter",
    "pool": "pn_counter",
    "money": "budget",
    "config": "lww_register",
    "status": "lww_map",
    "owner": "mv_register",
    "seen": "g_set",
    "banned": "rw_set",
    "stopped": "ew_flag",
    "allowed": "dw_flag",
    "high": "max_register",
    "low": "min_register",
    "scores": "counter_map",
    "ranks": "sorted_map",
    "said": "log",
    "recent": "log",  # trimmed to `RECENT` entries
    "visitors": "cardinality",
    "jobs": "work_queue",
}
"""What the clients write to: name -> kind. Values are written once at most, everywhere, except by
flags and by the largest and the smallest."""

RECENT = 20
"""How long a region's own appends let the trimmed log become."""

Effect = tuple[str, str, Any]
"""What an operation was to do: verb, collection, argument."""

Field = tuple[str, str]
"""Collection and field."""

Entries = dict[Field, str]
"""Entries of a replica, tombstones included, in their text form."""


def field_of(element: str) -> str:
    return json.dumps(element)


def parse(name: str, field: str, entry: str) -> Entry:
    return KINDS[COLLECTIONS[name]].parse(field.encode(), entry.encode())


def join(one: Entries, other: Entries) -> Entries:
    """The state that has what either has."""
    joined = {**one, **other}
    for at in one.keys() & other.keys():
        if one[at] != other[at]:
            a, b = parse(*at, one[at]), parse(*at, other[at])
            joined[at] = bytes(KINDS[COLLECTIONS[at[0]]].join(a, b)).decode()
    return joined


@dataclass(frozen=True)
class Operation:
    """Times are seconds of the clock that all processes of a machine share."""

    region: str
    effects: list[Effect]
    invoked: float
    completed: float = float("inf")
    outcome: Outcome = "unknown"
    took_effect: bool = False
    """Whether a removal found something."""
    reply: str = ""
    """The id of what was appended."""
    error: str = ""
    observed: Entries = field(default_factory=dict)
    """What the client read of the entries that it had written."""
    observed_at: float = float("inf")


@dataclass(frozen=True)
class Forgot:
    """A region's server went back to what it had some time ago."""

    region: str
    since: float
    """What was acknowledged before is still there."""
    until: float
    """What was acknowledged later was written to the server that has forgotten."""
    held: Entries
    """What the other regions had when the server was gone, or had forgotten."""


@dataclass
class History:
    operations: list[Operation]
    forgot: list[Forgot] = field(default_factory=list)
    collected: bool = False
    """Whether tombstones were collected in the meantime."""

    def is_forgotten(self, operation: Operation) -> bool:
        """Whether it was acknowledged by a server that may have forgotten it."""
        return operation.outcome == "acknowledged" and self.may_be_forgotten(
            operation.region, operation.invoked, operation.completed
        )

    def may_be_forgotten(self, region: str, begin: float, end: float) -> bool:
        """Whether what happened there between these times may have been forgotten."""
        return any(
            forgot.region == region and end > forgot.since and begin < forgot.until
            for forgot in self.forgot
        )


class Journal:
    """Lines of one client, written at once, so that a kill costs none of them."""

    def __init__(self, path: Path, region: str) -> None:
        self._file = open(path, "a", buffering=1)  # noqa: SIM115 - open as long as the process
        self._region = region

    def close(self) -> None:
        self._file.close()

    def begin(self, effects: list[Effect]) -> None:
        self._write(region=self._region, effects=effects, invoked=monotonic())

    def end(self, outcome: Outcome, reply: object = None, error: str = "") -> None:
        """``reply`` is what the library returned."""
        self._write(
            outcome=outcome,
            took_effect=reply is True,
            reply=reply if isinstance(reply, str) else "",
            error=error,
            completed=monotonic(),
        )

    def observe(self, entries: Entries) -> None:
        self._write(observed=list(entries.items()), observed_at=monotonic())

    def _write(self, **line: Any) -> None:
        self._file.write(json.dumps(line) + "\n")


def read_journals(paths: Iterable[Path]) -> list[Operation]:
    return [operation for path in paths for operation in _read(path)]


def _read(path: Path) -> Iterator[Operation]:
    told: dict[str, Any] = {}
    for text in path.read_text().splitlines():
        line = json.loads(text)
        if "invoked" in line and told:
            yield Operation(**told)
            told = {}
        if "observed" in line:
            line["observed"] = {(name, at): entry for (name, at), entry in line["observed"]}
        if "effects" in line:
            line["effects"] = [tuple(effect) for effect in line["effects"]]
        told |= line
    if told:
        yield Operation(**told)
