"""Tools: what language models are told of what agents can do, and what they may answer."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel

from redis_crdt import agents, memory
from redis_crdt.agents import OPERATIONS, DistributedStateManager, StateManagerAgent, tool
from redis_crdt.errors import InvalidValue, MissingArgument


class Ticket(BaseModel):
    title: str
    size: int = 1


def agent(task_type: Any = str) -> StateManagerAgent[Any]:
    replica = memory.Replica(replica_id="m")
    return StateManagerAgent("ann", DistributedStateManager(replica, task_type))


TOOLS = {each.name: each for each in agent().tools()}


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_says_what_it_does_takes_and_replies(name: str) -> None:
    told = TOOLS[name]
    assert re.fullmatch(r"[A-Z].{20,400}\.", told.description)
    assert not re.search(r"round trip|:class:|:meth:|``|  ", told.description)
    assert told.parameters["type"] == "object"
    assert tuple(told.parameters["properties"]) == OPERATIONS[name]
    for parameter in told.parameters["properties"].values():
        assert "title" not in parameter
    assert told.returns is not None


def test_what_reads_a_list_has_a_limit() -> None:
    for name, told in TOOLS.items():
        if any(part.get("type") == "array" for part in told.returns.get("properties", {}).values()):
            assert told.parameters["properties"]["limit"]["maximum"] <= 200, name


def test_a_task_is_of_the_managers_type() -> None:
    one = agent(Ticket)
    tools = {each.name: each for each in one.tools()}
    properties = tools["add_task"].parameters["$defs"]["Ticket"]["properties"]
    assert properties == {"title": {"type": "string"}, "size": {"default": 1, "type": "integer"}}
    one.handle_state_update("add_task", task={"title": "mend it"})
    with pytest.raises(InvalidValue, match=r"add_task: task\.title: Field required"):
        one.handle_state_update("add_task", task={"size": 2})
    assert one.claim_task() == Ticket(title="mend it")
    reply = one.handle_state_update("get_pending_tasks")
    told = {"task": {"title": "mend it", "size": 1}, "claimed_by": "ann"}
    assert tools["get_pending_tasks"].to_json(reply) == {"tasks": [told], "more": False}
    assert "Ticket" in tools["get_pending_tasks"].returns["$defs"]


def test_a_class_of_ones_own_has_more_tools() -> None:
    class Reviewer(StateManagerAgent[str]):
        @tool("adds")
        def note_finding(self, text: str) -> int:
            """Note what was found. Returns how many there are."""
            self.manager.counters.increment("findings")
            return self.manager.counters.value("findings")

        def add_task(self, task: str) -> None:
            """Add a document to those that are to be reviewed."""
            super().add_task(task.lower())

    one = Reviewer("ann", DistributedStateManager(memory.Replica(replica_id="m")))
    tools = {each.name: each for each in one.tools()}
    assert tools.keys() == {*TOOLS, "note_finding"}
    assert repr(tools["note_finding"]) == "<Tool note_finding(text)>"
    assert tools["add_task"].description == "Add a document to those that are to be reviewed."
    assert one.handle_state_update("note_finding", text="a hole") == 1
    one.handle_state_update("add_task", task="A")
    assert one.manager.get_pending_tasks() == {"a"}


def test_arguments_in_order() -> None:
    assert agents.arguments_of("update_config", {"value": 1, "key": "k"}) == ["k", 1]
    assert agents.arguments_of("claim_task", {"seconds": 5}) == [None, 5, 0]
    with pytest.raises(MissingArgument, match="get_completed_count takes no arguments, not task"):
        agents.arguments_of("get_completed_count", {"task": "t"})
