"""The session for the OpenAI Agents SDK does what the SDK's own does, and converges."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import pytest
from agents import Agent, RunConfig, Runner, SQLiteSession
from agents.memory import Session, SessionSettings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redis_crdt import servers
from redis_crdt.asyncio import Replica
from redis_crdt.errors import InvalidName, InvalidValue
from redis_crdt.openai_agents import CRDTSession
from tests.examples.parrot import Parrot

NewUrl = Callable[[servers.Flavour], str]


@pytest.fixture
async def replica(server_flavour: servers.Flavour, new_url: NewUrl) -> AsyncIterator[Replica]:
    async with Replica.from_url(new_url(server_flavour), replica_id="eu") as replica:
        yield replica


def item(text: object) -> Any:
    return {"role": "user", "content": f"{text}"}


def test_it_is_a_session(new_url: NewUrl) -> None:
    session = CRDTSession("s", Replica.from_url(new_url("valkey"), replica_id="eu"))
    assert isinstance(session, Session)
    as_the_sdk_takes_it: Session = session  # and the type checker agrees
    assert as_the_sdk_takes_it.session_id == "s"


# What the SDK's own session does ------------------------------------------------------------

CALLS = st.one_of(
    st.tuples(st.just("add_items"), st.integers(0, 4)),
    st.tuples(st.just("get_items"), st.none() | st.integers(1, 6)),
    st.tuples(st.just("pop_item"), st.none()),
    st.tuples(st.just("clear_session"), st.none()),
    st.tuples(st.just("pop_item"), st.none()),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(CALLS, max_size=20))
def test_it_does_what_the_session_of_the_sdk_does(
    server_flavour: servers.Flavour, new_url: NewUrl, calls: list[tuple[str, Any]]
) -> None:
    async def run() -> None:
        numbers = count()
        reference = SQLiteSession("s")
        async with Replica.from_url(new_url(server_flavour), replica_id="eu") as replica:
            ours = CRDTSession("s", replica)
            for name, argument in [*calls, ("get_items", None)]:
                arguments: list[Any] = []
                if name == "add_items":
                    arguments = [[item(next(numbers)) for _ in range(argument)]]
                elif name == "get_items":
                    arguments = [argument]
                found, expected = [
                    await getattr(session, name)(*arguments) for session in (ours, reference)
                ]
                assert found == expected
        reference.close()

    asyncio.run(run())


async def test_limits(replica: Replica) -> None:
    session = CRDTSession("s", replica, session_settings=SessionSettings(limit=2))
    await session.add_items([item(i) for i in range(5)])
    assert await session.get_items() == [item(3), item(4)]
    assert await session.get_items(3) == [item(2), item(3), item(4)]
    assert await session.get_items(0) == []


async def test_a_long_conversation(replica: Replica) -> None:
    session = CRDTSession("s", replica)
    await session.add_items([item(i) for i in range(1100)])
    assert await session.get_items() == [item(i) for i in range(1100)]
    for i in reversed(range(1050, 1100)):
        assert await session.pop_item() == item(i)
    assert await session.get_items(3) == [item(i) for i in range(1047, 1050)]
    await session.clear_session()
    assert await session.get_items() == []
    assert await replica.log("session:s").size() == 1  # so nothing is left of it
    await session.add_items([item("anew")])
    assert await session.get_items() == [item("anew")]


async def test_each_of_those_who_pop_at_once_is_given_another_item(replica: Replica) -> None:
    session = CRDTSession("s", replica)
    await session.add_items([item(i) for i in range(12)])
    others = [CRDTSession("s", replica) for _ in range(10)]
    popped: list[Any] = await asyncio.gather(*(other.pop_item() for other in others))
    assert sorted(int(each["content"]) for each in popped) == list(range(2, 12))
    assert await session.get_items() == [item(0), item(1)]


async def test_a_conversation_is_trimmed_as_it_goes_on(replica: Replica) -> None:
    session = CRDTSession("s", replica, max_len=3)
    for i in range(6):
        await session.add_items([item(i)])
    assert await session.get_items() == [item(3), item(4), item(5)]


async def test_what_cannot_be_is_an_error_and_changes_nothing(replica: Replica) -> None:
    session = CRDTSession("s", replica)
    with pytest.raises(InvalidValue):
        await session.add_items([item(1), {"content": {1, 2}}])
    assert await session.get_items() == []
    with pytest.raises(InvalidName):
        CRDTSession("s" * 300, replica)


async def test_regions_that_were_cut_apart_have_one_conversation(new_url: NewUrl) -> None:
    async with (
        Replica.from_url(new_url("valkey"), replica_id="eu") as eu,
        Replica.from_url(new_url("redis62"), replica_id="us") as us,
    ):
        here, there = CRDTSession("s", eu), CRDTSession("s", us)
        await here.add_items([item("hello"), item("oops")])
        await eu.sync(us)
        assert await there.pop_item() == item("oops")
        await here.add_items([item("from eu")])
        await there.add_items([item("from us")])
        await eu.sync(us)
        found = await here.get_items()
        assert found == await there.get_items()
        assert found == [item("hello"), item("from eu"), item("from us")]
        await here.clear_session()
        await there.add_items([item("not heard of")])
        await eu.sync(us)
        assert await here.get_items() == await there.get_items() == [item("not heard of")]


# The SDK's runner ---------------------------------------------------------------------------


async def test_the_runner_remembers_by_it(replica: Replica) -> None:
    agent = Agent(name="parrot", model=Parrot())
    quiet = RunConfig(tracing_disabled=True)
    session = CRDTSession("s", replica)
    first = await Runner.run(agent, "one", session=session, run_config=quiet)
    assert first.final_output == "I have heard: one"
    second = await Runner.run(agent, "two", session=session, run_config=quiet)
    assert second.final_output == "I have heard: one, two"
    roles = [each["role"] for each in await session.get_items()]
    assert roles == ["user", "assistant", "user", "assistant"]
