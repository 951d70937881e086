"""Rules of counters: all that was acknowledged counts, until a reset has seen it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from redis_crdt.core.clock import replica_of
from redis_crdt.core.entries import Entry, Total
from redis_crdt.core.tallies import Tally
from redis_crdt.core.totals import baselines_of, is_told, places_of
from tests.faults.evidence import Evidence
from tests.faults.history import COLLECTIONS, Field, Forgot, Operation, parse

COUNTERS = ("g_counter", "pn_counter", "counter_map")

Counter = tuple[str, str, str]
"""Its name, and its key where there are many; the direction; the region that counts."""

Counts = dict[Counter, list[tuple[Operation, int]]]


def totals_of(entries: Mapping[Field, Entry], taken: bool = False) -> dict[Counter, int]:
    """Return what was counted, or what of it resets have taken away."""
    totals: dict[Counter, int] = defaultdict(int)
    for name in {name for name, _ in entries if COLLECTIONS[name] in ("g_counter", "pn_counter")}:
        fields = _fields(entries, name)
        fields = baselines_of(fields.items()) if taken else fields
        for at, place in places_of(fields.items()).items():
            sign = "-" if at.startswith("-") else "+"
            totals[name, sign, at.lstrip("+-")] += sum(place.amounts.values())
    for (name, field), entry in entries.items():
        for writer, count in entry.counts.items() if isinstance(entry, Tally) else ():
            key, region = f"{name} {field}", replica_of(writer)
            totals[key, "+", region] += count.up_seen if taken else count.up
            totals[key, "-", region] += count.down_seen if taken else count.down
    return totals


def is_counted_in(evidence: Evidence, at: Field, was: Total) -> bool:
    """Whether a total that is not there is part of that of a later incarnation."""
    name, field = at
    fields = _fields(evidence.final, name)
    seen = places_of(baselines_of(fields.items()).items())
    is_reset = was.baseline is None or is_told(seen, field, was.baseline)
    return is_reset and is_told(places_of(fields.items()), field, was)


def _fields(entries: Mapping[Field, Entry], name: str) -> dict[str, Total]:
    return {
        field: entry
        for (of, field), entry in entries.items()
        if of == name and isinstance(entry, Total)
    }


def miscounted(evidence: Evidence, told_by_peers: list[Forgot]) -> Iterator[str]:
    """All that was acknowledged counts, once; what has an unknown outcome once at most."""
    counts, finals = _counts(evidence), totals_of(evidence.final)

    def since(at: Counter, begin: float) -> int:
        return sum(n for op, n in counts[at] if op.invoked >= begin and evidence.holds(op))

    held = [
        (forgot, totals_of({at: parse(*at, entry) for at, entry in forgot.held.items()}))
        for forgot in told_by_peers
    ]
    for at in sorted(counts.keys() | finals.keys()):
        most = sum(n for op, n in counts[at] if evidence.may_have_run(op))
        least = max(
            since(at, 0.0),
            *(
                totals.get(at, 0) + since(at, forgot.until)
                for forgot, totals in held
                if forgot.region == at[2]
            ),
            0,
        )
        if not least <= finals.get(at, 0) <= most:
            yield f"{at}: {finals.get(at, 0)}, but should be {least} to {most}"


def reset_wrongly(evidence: Evidence) -> Iterator[str]:
    """A reset takes away what its region had counted by then, and nothing that came later."""
    counts, taken = _counts(evidence), totals_of(evidence.final, taken=True)
    resets: dict[str, list[Operation]] = defaultdict(list)
    for operation, (verb, name, key) in evidence.effects(*COUNTERS):
        if verb == "reset" and evidence.may_have_run(operation):
            resets[name if key is None else f"{name} {key}"].append(operation)
    for at in sorted(counts.keys() | taken.keys()):
        last = max((reset.completed for reset in resets[at[0]]), default=0.0)
        most = sum(n for op, n in counts[at] if evidence.may_have_run(op) and op.invoked < last)
        here = [r.invoked for r in resets[at[0]] if r.region == at[2] and evidence.holds(r)]
        seen = max(here, default=0.0)
        least = sum(n for op, n in counts[at] if evidence.holds(op) and op.completed < seen)
        if not least <= taken.get(at, 0) <= most:
            yield f"{at}: {taken.get(at, 0)} is reset, but should be {least} to {most}"


def _counts(evidence: Evidence) -> Counts:
    """Return what operations were to count."""
    counts: Counts = defaultdict(list)
    for operation, (verb, name, argument) in evidence.effects(*COUNTERS):
        if verb != "reset":
            sign = "+" if verb == "add" else "-"
            key, amount = (
                (f"{name} {argument[0]}", argument[1]) if name == "scores" else (name, argument)
            )
            counts[key, sign, operation.region].append((operation, amount))
    return counts
