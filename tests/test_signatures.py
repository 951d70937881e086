"""The three modules have one API: the same names, with the same parameters."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import redis_crdt
import redis_crdt.agents
import redis_crdt.asyncio
import redis_crdt.asyncio.agents
from redis_crdt import memory
from redis_crdt.types import blocking

TYPES = blocking.__all__


def members(cls: type) -> dict[str, Any]:
    """The public methods with their parameters; properties and other attributes without."""
    found: dict[str, Any] = {}
    for name in dir(cls):
        if name.startswith("_"):
            continue
        getattr(cls, name)  # which imports what is imported where it is first asked for
        attribute = inspect.getattr_static(cls, name)
        function = getattr(attribute, "__func__", attribute)
        if inspect.isfunction(function):
            parameters = inspect.signature(function).parameters.values()
            found[name] = [(p.name, p.kind, p.default) for p in parameters][1:]
        else:
            found[name] = None
    return found


# What stands in for what Python's own protocols add only where calls need no await.
AWAITED_ONLY = {
    "Replica": {"open", "sibling"},
    "LWWMap": {"contains"},
}
# What only a replica on a server has: how it is reached, and how its operations are made.
SERVER_ONLY = {
    "Replica": {
        *("from_url", "blocking", "replica_id", "locate", "is_cluster", "address"),
        *("keep_in_sync", "status", "verify", "reclaim"),  # what concerns regions of servers
        *("opening", "open_shard", "lanes", "evaluating", "sending", "running", "recovering"),
        *("reading", "waiting", "carrying_out"),
    },
}


def without(found: dict[str, Any], names: set[str]) -> dict[str, Any]:
    assert names <= found.keys()
    return {name: parameters for name, parameters in found.items() if name not in names}


@pytest.mark.parametrize("name", ["Replica", *TYPES])
def test_blocking_and_awaited(name: str) -> None:
    awaited = members(getattr(redis_crdt.asyncio, name))
    assert members(getattr(redis_crdt, name)) == without(awaited, AWAITED_ONLY.get(name, set()))


@pytest.mark.parametrize("name", ["Replica", *TYPES])
def test_on_a_server_and_in_memory(name: str) -> None:
    here = members(getattr(memory, name))
    assert without(members(getattr(redis_crdt, name)), SERVER_ONLY.get(name, set())) == here


@pytest.mark.parametrize("name", ["DistributedStateManager", "StateManagerAgent"])
def test_agents(name: str) -> None:
    awaited = members(getattr(redis_crdt.asyncio.agents, name))
    assert awaited == members(getattr(redis_crdt.agents, name))
    assert awaited


def test_what_the_modules_export() -> None:
    shared = {"Replica", *TYPES}
    for module in (redis_crdt, redis_crdt.asyncio, memory):
        assert shared <= set(module.__all__)


def test_what_methods_return_can_be_named() -> None:
    queue, budget = memory.WorkQueue(str), memory.Replica(replica_id="m").budget("b")
    queue.put("task")
    budget.grant(1)
    assert type(queue.claim("w")) is memory.Claim
    assert type(budget.spend(1, hold=60)) is memory.Hold
    assert {"Claim", "Hold"} <= {*redis_crdt.__all__} & {*redis_crdt.asyncio.__all__}
