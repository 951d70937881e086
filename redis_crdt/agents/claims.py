"""Who works on a task, as all regions are told of it."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

CLAIMED_FOR: Final = 900.0
"""For how many seconds a task is claimed, by default."""

HELD_BACK: Final = 60.0
"""For how many seconds a task of the queue is put by that nobody is to work on now."""

LOOKS: Final = 3
"""A task of the queue that is not on the list goes when it is found so for this time.

For it may be on its way: what a region that was away for long is told comes in no order.
"""


class TaskClaim(BaseModel):
    """Who has claimed a task, and by which claim of the queue."""

    model_config = ConfigDict(frozen=True)

    agent: str
    id: str
    fence: int


def worker_of(agent_id: str) -> str:
    """Return what a queue calls an agent: its workers' names are short, and without quotes."""
    plain = (c if c.isprintable() and c not in '"\\' else "?" for c in agent_id[:64])
    return "".join(plain) or "?"
