"""Agents that a language model drives: it is offered the tools of an agent, and calls them.

The model is whatever is asked with a conversation and tools, and answers with a call or with text;
here is all that stands between it and the shared state, for any vendor's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis_crdt import Replica, memory
from redis_crdt.agents import DistributedStateManager, StateManagerAgent, Tool
from redis_crdt.errors import CRDTError


@dataclass
class Call:
    """What a model asks for."""

    tool: str
    arguments: str
    """As JSON, which need not be right."""


Turn = tuple[str, str]
"""Who has said what."""

Model = Callable[[list[Turn], list[dict[str, Any]]], Call | str]
"""Answers with a call, or, where it has done all that it can, with text."""


def schema_of(tool: Tool) -> dict[str, Any]:
    """A tool as models are told of it. Vendors differ in what they call these, and in no more."""
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    }


class ToolUser:
    """An agent of one region, driven by a model."""

    def __init__(self, name: str, replica: Replica | memory.Replica, model: Model) -> None:
        self.agent = StateManagerAgent(name, DistributedStateManager(replica))
        self.tools = {tool.name: tool for tool in self.agent.tools()}
        self.model = model

    def work(self, order: str) -> list[Turn]:
        """Have the model follow an order, and return what was said."""
        turns: list[Turn] = [("user", order)]
        while isinstance(
            answer := self.model(turns, list(map(schema_of, self.tools.values()))), Call
        ):
            turns.append(("model", f"{answer.tool}({answer.arguments})"))
            turns.append(("tool", self.carry_out(answer)))
        return [*turns, ("model", answer)]

    def carry_out(self, call: Call) -> str:
        """Do what was asked, or say what was wrong with it: the model may do better then."""
        try:
            arguments = json.loads(call.arguments)
            reply = self.agent.handle_state_update(call.tool, **arguments)
        except (CRDTError, ValueError, TypeError) as error:
            return f"{type(error).__name__}: {error}"
        return json.dumps(self.tools[call.tool].to_json(reply))
