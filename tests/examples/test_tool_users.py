"""Two agents, driven by something like a model, share tasks and talk across regions."""

from __future__ import annotations

import json
from typing import Any

from redis_crdt import Replica, memory
from tests.backends import NewClient
from tests.examples.tool_users import Call, ToolUser, Turn


def model(turns: list[Turn], tools: list[dict[str, Any]]) -> Call | str:
    """Work off tasks one by one, as a model would that was told to; it errs once."""
    offered = {tool["name"] for tool in tools}
    assert {"claim_task", "complete_task", "send_message", "recent_messages"} <= offered
    asked, told = turns[-2][1] if len(turns) > 1 else "", turns[-1][1]
    if len(turns) == 1:
        return Call("claim_task", '{"seconds": -1}')
    if told.startswith("InvalidValue: claim_task: seconds: Input should be greater than 0"):
        return Call("claim_task", "{}")
    if asked.startswith("claim_task"):
        task = json.loads(told)
        return (
            Call("complete_task", json.dumps({"task": task}))
            if task
            else Call("recent_messages", "{}")
        )
    if asked.startswith("complete_task"):
        return Call("send_message", json.dumps({"text": f"did {asked}"}))
    if asked.startswith("send_message"):
        return Call("claim_task", "{}")
    return f"{len(json.loads(told)['messages'])} messages"


def share(eu: Replica | memory.Replica, us: Replica | memory.Replica) -> None:
    ann, ben = ToolUser("ann", eu, model), ToolUser("ben", us, model)
    ann.carry_out(Call("add_task", '{"task": "t1"}'))
    ben.carry_out(Call("add_task", '{"task": "t2"}'))
    assert ann.work("do all tasks")[-1] == ("model", "1 messages")
    assert ben.work("do all tasks")[-1] == ("model", "1 messages")
    eu.sync(us)
    assert ann.work("do all tasks")[-1] == ben.work("do all tasks")[-1] == ("model", "2 messages")
    assert ann.agent.get_completed_count() == 2
    assert ann.carry_out(Call("fly", "{}")).startswith(
        "UnknownOperation: no operation 'fly'; there"
    )
    assert ann.carry_out(Call("add_task", "[]")).startswith("TypeError: ")
    assert ann.carry_out(Call("add_task", "{")).startswith("JSONDecodeError: ")


def test_in_memory() -> None:
    share(memory.Replica(replica_id="eu"), memory.Replica(replica_id="us"))


def test_on_servers(new_client: NewClient) -> None:
    share(
        Replica(new_client("valkey"), replica_id="eu"),
        Replica(new_client("valkey"), replica_id="us"),
    )
