"""Shared state for groups of agents, ready made and awaited: tasks, who does what.

Everything here is written with the public types alone, so it shows how to build on them.
"""

from redis_crdt.agents.awaited import (
    OPERATIONS,
    DistributedStateManager,
    StateManagerAgent,
    arguments_of,
)

__all__ = ["OPERATIONS", "DistributedStateManager", "StateManagerAgent", "arguments_of"]
