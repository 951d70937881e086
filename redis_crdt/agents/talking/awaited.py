"""Tools by which agents hear of each other: presence, messages, changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import Field
from pydantic_core import from_json

from redis_crdt.agents.arguments import (
    LONGEST,
    After,
    Agent,
    Cursor,
    Limit,
    Seconds,
    Text,
    Wait,
)
from redis_crdt.agents.manager.awaited import DistributedStateManager
from redis_crdt.agents.replies import (
    Agents,
    Arrived,
    Changed,
    Changes,
    Keys,
    Message,
    Messages,
    Received,
)
from redis_crdt.agents.tools import tool
from redis_crdt.transport.watching import Change
from redis_crdt.types.log.reading import Logged

_UNTOLD: Final = ("queue", "queued", "again")
"""How it is kept whose right it is to work on a task: what comes of that is told by ``claims``."""


class Talking:
    """An agent, as far as it tells others of itself and hears of them."""

    agent_id: str
    manager: DistributedStateManager[Any]

    # Presence -------------------------------------------------------------------------------

    @tool("changes")
    async def set_status(
        self,
        status: Text,
        seconds: Annotated[
            Seconds, Field(description="For how long; say it again to go on.")
        ] = 900,
    ) -> None:
        """Tell the other agents that you are there, and what you are doing.

        One round trip.
        """
        await self.manager.set_status(self.agent_id, status, seconds=seconds)

    @tool("reads", resource="agents/{agent}")
    async def get_status(self, agent: Agent) -> str | None:
        """Return what an agent is doing; null if it is not there.

        One round trip.
        """
        return await self.manager.get_status(agent)

    @tool("reads", resource="agents")
    async def list_agents(self, after: After = None, limit: Limit = 50) -> Agents:
        """List the agents that are there, with what they are doing.

        One round trip per 500 agents.
        """
        doing = await self.manager.agents()
        page = Keys.page(doing, "", after, limit)
        agents = {agent: doing[agent] for agent in page.keys}
        return Agents(you=self.agent_id, agents=agents, after=page.after)

    # Messages -------------------------------------------------------------------------------

    @tool("adds")
    async def send_message(
        self,
        text: Text,
        to: Annotated[Agent | None, Field(description="Null if it is for all.")] = None,
    ) -> str:
        """Append a message to the log that all agents read. Returns its id.

        One round trip.
        """
        message = Message(sender=self.agent_id, text=text, to=to)
        return await self.manager.messages.append(message)

    @tool("reads")
    async def read_messages(
        self,
        cursor: Cursor = None,
        limit: Limit = 20,
        wait: Wait = 0,
    ) -> Arrived:
        """Read the messages that have arrived since you last read; without a cursor from the first
        one on. None is missed, also of those that were long on their way from another region.

        Four round trips. Raises :class:`FeedTrimmed` where it can no longer be told what arrived.
        """
        arrived = await self.manager.messages.read(cursor, limit, timeout=wait)
        return Arrived(messages=_received(arrived.entries), cursor=arrived.cursor)

    @tool("reads", resource="messages")
    async def recent_messages(self, limit: Limit = 20) -> Messages:
        """Return the latest messages, in their order.

        One round trip.
        """
        entries = await self.manager.messages.range(limit=limit, newest_first=True)
        return Messages(messages=_received(entries[::-1]))

    # Changes --------------------------------------------------------------------------------

    @tool("reads")
    async def get_changes(
        self,
        cursor: Cursor = None,
        limit: Limit = 100,
        wait: Wait = 0,
    ) -> Changes:
        """Tell what has changed since you last asked: which tasks, notes, counters and so on, not
        what they are now. Without a cursor nothing yet: read the state, then go on from the cursor.

        Three round trips. Raises :class:`FeedTrimmed` where it can no longer be told.
        """
        found = await self.manager.replica.changes(cursor, limit, timeout=wait)
        begins = self.manager.name_of("")
        latest: dict[Any, Changed] = {}
        for change in found.changes:
            what = change.collection.removeprefix(begins)
            if change.collection.startswith(begins) and what not in _UNTOLD:
                latest[what, repr(change.key)] = _changed(what, change)
        more = len(found.changes) == limit
        return Changes(changes=list(latest.values()), cursor=found.cursor, more=more)


def _received(entries: list[Logged[Message]]) -> list[Received]:
    """Return messages as they are told. A program may have written longer ones than agents may."""
    found = []
    for id_, said in entries:
        text = said.text
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}... (cut: {len(text)} characters in all)"
        found.append(Received(id=id_, sender=said.sender, text=text, to=said.to))
    return found


def _changed(what: str, change: Change[Any]) -> Changed:
    is_task = what == "claims" and change.key is not None
    return Changed(
        what=what,
        key=from_json(change.key) if is_task else change.key,
        at=datetime.fromtimestamp(change.time.ms / 1000, UTC),
        region=change.source,
    )
