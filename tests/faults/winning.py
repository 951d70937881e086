"""Rules of what is concurrent: RW-Sets, in which removals win, and flags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from redis_crdt.core.dots import Dots
from redis_crdt.types.base.flag.entries import OFF, ON, is_enabled
from tests.faults.evidence import Evidence
from tests.faults.history import COLLECTIONS, Operation


def wrongly_banned(evidence: Evidence) -> Iterator[str]:
    """A removal is undone only by what may have come later; an add by what it may not have seen."""
    done: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for operation, (verb, _, element) in evidence.effects("rw_set"):
        if evidence.may_have_run(operation):
            done[element, verb].append(operation)
    for element in {element for element, _ in done}:
        adds, removals = done[element, "add"], done[element, "remove"]
        added = max((add.completed for add in adds), default=0.0)
        if evidence.is_there("banned", element):
            for removal in removals:
                if evidence.holds(removal) and removal.invoked > added:
                    yield f"banned: {element!r} is back, removed at {removal.region}"
        else:
            for add in adds:
                if evidence.holds(add) and _saw_all(evidence, add, removals):
                    yield f"banned: {element!r} is lost, acknowledged by {add.region}"


def wrongly_switched(evidence: Evidence) -> Iterator[str]:
    """The switch that wins does so over all that may not have seen it."""
    for name, wins in (("stopped", ON), ("allowed", OFF)):
        switches: dict[bool, list[Operation]] = defaultdict(list)
        for operation, (_, of, (_, enabled)) in evidence.effects(COLLECTIONS[name]):
            if of == name and evidence.may_have_run(operation):
                switches[enabled].append(operation)
        entry = evidence.final.get((name, "value"))
        is_on = is_enabled(entry if isinstance(entry, Dots) else None, wins)
        winning, other = switches[wins == ON], switches[wins != ON]
        said = "enabled" if wins == ON else "disabled"
        if is_on != (wins == ON):
            for switch in winning:
                if evidence.holds(switch) and all(o.completed < switch.invoked for o in other):
                    yield f"{name}: it was {said} at {switch.region}, and is not"
        else:
            for switch in other:
                if evidence.holds(switch) and _saw_all(evidence, switch, winning):
                    yield f"{name}: it is {said} again, which {switch.region} had undone"


def _saw_all(evidence: Evidence, one: Operation, others: list[Operation]) -> bool:
    """Whether an operation came after all the others in the region where they all were."""
    return all(
        other.region == one.region and other.completed < one.invoked and evidence.holds(other)
        for other in others
    )
