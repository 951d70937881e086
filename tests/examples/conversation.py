"""A conversation with an agent of the OpenAI Agents SDK, which goes on in whatever region it is.

The agent's model is a parameter: with ``model="gpt-5"`` it is one of OpenAI's.
"""

from __future__ import annotations

from agents import Agent, Model, RunConfig, Runner

from redis_crdt.asyncio import Replica
from redis_crdt.openai_agents import CRDTSession


async def talk(replica: Replica, model: Model | str, user: str, said: str) -> str:
    """Answer a user, who is remembered."""
    agent = Agent(name="assistant", instructions="Be brief.", model=model)
    session = CRDTSession(user, replica, max_len=200)
    config = RunConfig(tracing_disabled=True)
    result = await Runner.run(agent, said, session=session, run_config=config)
    return str(result.final_output)


async def take_back(replica: Replica, user: str) -> None:
    """Take back the user's last turn, and the answer to it."""
    session = CRDTSession(user, replica)
    while (item := await session.pop_item()) and item.get("role") != "user":
        pass
