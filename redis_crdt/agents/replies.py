"""What agents are told: bounded, so that a language model can take it in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from heapq import nsmallest
from typing import Any, Generic

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypeVar

T = TypeVar("T", default=Any)


class Reply(BaseModel):
    """What a tool replies."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class PendingTask(Reply, Generic[T]):
    """A task that is to be done."""

    task: T
    claimed_by: str | None
    """The agent that works on it; null where nobody does."""


class PendingTasks(Reply, Generic[T]):
    """Tasks that are to be done, in no order."""

    tasks: list[PendingTask[T]]
    more: bool
    """Whether there are more than these."""


class Keys(Reply):
    """Keys, in their order."""

    keys: list[str]
    after: str | None
    """Pass it as `after` to be told the keys that follow; null where there are none."""

    @classmethod
    def page(cls, keys: Iterable[str], prefix: str, after: str | None, limit: int) -> Keys:
        """Return the first of the keys that begin with a prefix and come after another."""
        wanted = (key for key in keys if key.startswith(prefix) and (after is None or key > after))
        first = nsmallest(limit + 1, wanted)
        return cls(keys=first[:limit], after=first[limit - 1] if len(first) > limit else None)


class Agents(Reply):
    """Agents, with what they do."""

    you: str
    """The name of the agent that asks."""
    agents: dict[str, str]
    after: str | None
    """Pass it as `after` to be told of those that follow; null where there are none."""


class Counters(Reply):
    """Counters with what they stand at, the highest first."""

    counters: dict[str, int]
    more: bool
    """Whether there are more than these."""


class Left(Reply):
    """What is left of a budget."""

    here: int
    """What may be spent in this region now, without asking another."""
    everywhere: int
    """What is left in all regions, as far as is known in this one."""


class Message(Reply):
    """What an agent has said."""

    sender: str
    text: str
    to: str | None = None
    """The agent that it is meant for; null where it is for all."""


class Received(Message):
    """A message as it is in the log."""

    id: str
    """Its place: ids sort as the messages do, in all regions alike."""


class Messages(Reply):
    """Messages."""

    messages: list[Received]


class Arrived(Messages):
    """Messages that have arrived since a cursor."""

    cursor: str
    """Pass it as `cursor` to be told what arrives after these."""


class Changed(Reply):
    """That something changed. What it is now is to be read."""

    what: str
    """Such as `tasks`, `notes` or `status`."""
    key: Any
    """Which task, note, agent, counter, or id of a message; null where it has none."""
    at: datetime
    """When it changed in this region."""
    region: str | None
    """The region from which it came; null where it was written in this one."""


class Changes(Reply):
    """What has changed since a cursor, each once."""

    changes: list[Changed]
    cursor: str
    """Pass it as `cursor` to be told what changes after these."""
    more: bool
    """Whether there may be more by now: then ask again."""
