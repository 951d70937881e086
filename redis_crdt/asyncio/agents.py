"""Shared state for groups of agents, ready made and awaited: tasks, who does what.

Everything here is written with the public types alone, so it shows how to build on them.
"""

from redis_crdt.agents.agent.awaited import OPERATIONS, StateManagerAgent, arguments_of
from redis_crdt.agents.manager.awaited import DistributedStateManager
from redis_crdt.agents.replies import (
    Agents,
    Arrived,
    Changed,
    Changes,
    Counters,
    Keys,
    Left,
    Message,
    Messages,
    PendingTask,
    PendingTasks,
    Received,
)
from redis_crdt.agents.tools import Tool, tool

__all__ = [
    "OPERATIONS",
    "Agents",
    "Arrived",
    "Changed",
    "Changes",
    "Counters",
    "DistributedStateManager",
    "Keys",
    "Left",
    "Message",
    "Messages",
    "PendingTask",
    "PendingTasks",
    "Received",
    "StateManagerAgent",
    "Tool",
    "arguments_of",
    "tool",
]
