"""The rule of budgets: never more is spent than was granted."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.evidence import Evidence


def overspent(evidence: Evidence) -> Iterator[str]:
    """At no time had programs spent more than was granted, whatever was forgotten since."""
    changes = []
    for operation, (verb, name, amount) in evidence.effects("budget"):
        if verb == "grant" and evidence.may_have_run(operation):
            changes.append((operation.invoked, name, amount))
        elif verb == "spend" and operation.outcome == "acknowledged":
            changes.append((operation.completed, name, -amount))
    left: dict[str, int] = {}
    for time, name, change in sorted(changes, key=lambda change: (change[0], -change[2])):
        left[name] = left.get(name, 0) + change
        if left[name] < 0:
            yield f"{name}: {-left[name]} more was spent than granted, at {time:.3f}"
            return
