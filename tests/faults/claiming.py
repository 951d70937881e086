"""What work queues must have left behind, given what was acknowledged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from redis_crdt.core.dots import Dots
from tests.faults.evidence import Evidence
from tests.faults.history import Operation


def fences_given_twice(run: Evidence) -> Iterator[str]:
    """Of the claims of a task no two have one fence, whoever forgot whatever."""
    given: set[tuple[str, int]] = set()
    for operation, (task, fence, _) in _of_tasks(run, "claim"):
        if (task, fence) in given:
            yield f"jobs: fence {fence} of {task} was given twice, again by {operation.region}"
        given.add((task, fence))


def tasks_done_twice(run: Evidence) -> Iterator[str]:
    """A task is done once, and then gone, where nobody forgot anything."""
    if run.history.forgot:
        return
    done: set[str] = set()
    for operation, (task, _, value) in _of_tasks(run, "done"):
        if operation.outcome != "acknowledged":
            continue
        if task in done:
            yield f"jobs: {value!r} was done twice, again at {operation.region}"
        done.add(task)
        entry = run.final.get(("jobs", task))
        if entry is not None and not entry.is_tombstone:
            yield f"jobs: {value!r} is back, done at {operation.region}"


def lost_tasks(run: Evidence) -> Iterator[str]:
    """What was put is there until somebody has done it."""
    done = {value for op, (_, _, value) in _of_tasks(run, "done") if run.may_have_run(op)}
    there = {
        json.loads(value)[-1]
        for field, entry in run.of("jobs").items()
        if isinstance(entry, Dots) and not field.startswith("?")
        for value in entry.live.values()
        if value is not None
    }
    for operation, value in _of_tasks(run, "put"):
        if run.holds(operation) and value not in done | there:
            yield f"jobs: {value!r} is lost, acknowledged by {operation.region}"


def _of_tasks(run: Evidence, verb: str) -> Iterator[tuple[Operation, Any]]:
    for operation, (done, _, argument) in run.effects("work_queue"):
        if done == verb:
            yield operation, argument
