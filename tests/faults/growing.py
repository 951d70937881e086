"""Rules of what only grows: the largest and the smallest, cardinalities and logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from redis_crdt.core.entries import Entry, Line
from redis_crdt.core.kinds import KINDS
from redis_crdt.types.cardinality.registers import entries_of
from redis_crdt.types.log.ids import floors_of, is_floor
from redis_crdt.values.codec import codec_for
from redis_crdt.values.ranks import rank_of
from tests.faults.evidence import Evidence
from tests.faults.history import COLLECTIONS, RECENT, Field, Operation, field_of

LOGS = [name for name, kind in COLLECTIONS.items() if kind == "log"]


def is_lost(name: str, was: Entry, now: Entry) -> bool:
    """Whether an entry is less than it was."""
    return KINDS[COLLECTIONS[name]].join(was, now) != now


def is_trimmed(evidence: Evidence, at: Field) -> bool:
    """Whether an entry of a log is one that was taken out of it."""
    name, id_ = at
    if name not in LOGS or is_floor(id_.encode()):
        return False
    ((floor, least),) = floors_of([id_.encode()]).items()
    found = evidence.final.get((name, floor.decode()))
    return isinstance(found, Line) and found.text >= least.text


# The largest and the smallest, and how many -------------------------------------------------


def extremes(evidence: Evidence) -> Iterator[str]:
    """It is one of those that were written, and none that was acknowledged goes beyond it."""
    codec = codec_for(int)
    for name in ("high", "low"):
        writes = [(op, arg[1]) for op, (_, of, arg) in evidence.effects() if of == name]
        found = evidence.final.get((name, "value"))
        for operation, value in writes:
            beyond = found is None or is_lost(name, rank_of(codec, value), found)
            if beyond and evidence.holds(operation):
                yield f"{name}: {value} is lost, acknowledged by {operation.region}"
        possible = {rank_of(codec, value) for op, value in writes if evidence.may_have_run(op)}
        if found is not None and found not in possible:
            yield f"{name}: nobody has written {bytes(found)!r}"


def visitors(evidence: Evidence) -> Iterator[str]:
    """Registers are at least what those make who were added, and at most what all may make."""
    found = {field.encode(): bytes(entry) for field, entry in evidence.of("visitors").items()}

    def of_those(test: Callable[[Operation], bool]) -> dict[bytes, bytes]:
        added = (visitors for op, (*_, visitors) in evidence.effects("cardinality") if test(op))
        return entries_of(field_of(visitor).encode() for visitors in added for visitor in visitors)

    least, most = of_those(evidence.holds), of_those(evidence.may_have_run)
    for field in sorted(least.keys() | found.keys()):
        registers = found.get(field, b"")
        if field in least and not _are_within(least[field], registers):
            yield f"visitors: {registers!r} at {field!r}, but at least {least[field]!r} were added"
        if field in found and not _are_within(registers, most.get(field, b"")):
            yield f"visitors: {registers!r} at {field!r}, which nobody can have added"


def _are_within(registers: bytes, others: bytes) -> bool:
    return len(others) == len(registers) and all(map(int.__le__, registers, others))


# Logs ---------------------------------------------------------------------------------------


def appended(evidence: Evidence) -> Iterator[str]:
    """What was appended stands there once, under its id, unless that was trimmed."""
    for name in LOGS:
        there = {field: bytes(line) for field, line in evidence.of(name).items()}
        values = [value for field, value in there.items() if not is_floor(field.encode())]
        written = set()
        for operation, (_, of, argument) in evidence.effects("log"):
            value = field_of(argument).encode()
            if of != name:
                continue
            if evidence.may_have_run(operation):
                written.add(value)
            is_there = there.get(operation.reply) == value
            if not is_there and evidence.holds(operation):
                if is_trimmed(evidence, (name, operation.reply)):
                    continue
                yield f"{name}: {argument!r} is lost, acknowledged by {operation.region}"
        for value in {*values} - written:
            yield f"{name}: nobody has appended {value!r}"
        if len(values) > len({*values}):
            yield f"{name}: something was appended once, and is there twice"


def trimmed(evidence: Evidence) -> Iterator[str]:
    """A log that nobody trims has no floors; of another not more is gone than may be."""
    if any(is_floor(field.encode()) for field in evidence.of("said")):
        yield "said: it was trimmed, and nobody may trim it"
    held = sum(of == "recent" and evidence.holds(op) for op, (_, of, _) in evidence.effects("log"))
    left = sum(not is_floor(field.encode()) for field in evidence.of("recent"))
    # What trimmed it left so many that come later, of which a server may have forgotten some.
    if left < min(held, RECENT) and not evidence.history.forgot:
        yield f"recent: {left} entries are left, of {held}"


def disordered(evidence: Evidence) -> Iterator[str]:
    """What a region appended after something else comes after it."""
    by_region: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for operation, (_, name, _) in evidence.effects("log"):
        if evidence.holds(operation):
            by_region[name, operation.region].append(operation)
    for (name, region), operations in by_region.items():
        ended = sorted(operations, key=lambda operation: operation.completed)
        latest, done = "", 0
        for operation in sorted(operations, key=lambda operation: operation.invoked):
            while ended[done].completed < operation.invoked:
                latest, done = max(latest, ended[done].reply), done + 1
            if operation.reply < latest:
                yield f"{name}: {operation.reply} of {region} was appended after {latest}"
