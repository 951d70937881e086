"""MCP: real servers as processes, and the SDK's own client, on regions that are cut apart."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from mcp import Client, MCPError, StdioServerParameters

from redis_crdt import servers
from redis_crdt.asyncio import Replica
from redis_crdt.asyncio.agents import DistributedStateManager, Message, StateManagerAgent
from redis_crdt.mcp.server import LONGEST_REPLY, server_of
from tests.backends import NewServer
from tests.proxy import Proxy

NewUrl = Callable[[servers.Flavour], str]
README = Path(__file__).parents[2] / "README.md"
PATIENCE = 60
COMMAND = ["-m", "redis_crdt", "mcp"]


async def ask(client: Client, tool: str, **arguments: Any) -> Any:
    """What a tool replies; it must be no error, and as the schema of its replies says."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    reply = result.structured_content
    (content,) = result.content
    assert content.type == "text"
    told = json.loads(content.text)
    assert told == (reply["result"] if reply.keys() == {"result"} else reply)
    return told


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """What is said of a call that must fail."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    (content,) = result.content
    assert content.type == "text"
    return content.text


async def until(client: Client, condition: Callable[[Client], Awaitable[bool]]) -> None:
    """Wait for a condition, and look anew at each change that an agent is told of."""
    cursor = (await ask(client, "get_changes"))["cursor"]
    while not await condition(client):
        cursor = (await ask(client, "get_changes", cursor=cursor, wait=5))["cursor"]


@asynccontextmanager
async def by_stdio(url: str, region: str, agent: str) -> AsyncIterator[Client]:
    """A client of a server of its own, which it starts as the README has it."""
    (configured,) = re.findall(r"^```json\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)
    (server,) = json.loads(configured)["mcpServers"].values()
    assert server["command"] == "redis-crdt"
    here = {"redis://localhost:6381": url, "eu": region, "ann": agent}
    process = StdioServerParameters(
        command=sys.executable,
        args=["-m", "redis_crdt", *(here.get(each, each) for each in server["args"])],
        env={"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
    )
    async with Client(process) as client:
        yield client


@asynccontextmanager
async def two_regions(
    new_url: NewUrl, **regions: str
) -> AsyncIterator[tuple[dict[str, Client], list[Proxy]]]:
    """Agents by name, of the regions that are given for them, and the networks in between."""
    urls = {"eu": new_url("valkey"), "us": new_url("valkey")}
    async with AsyncExitStack() as opened, asyncio.timeout(PATIENCE):
        networks = {
            region: opened.enter_context(Proxy(urlsplit(url).path)) for region, url in urls.items()
        }
        for here, there in (("eu", "us"), ("us", "eu")):
            replica = Replica.from_url(urls[here], replica_id=here, namespace="agents")
            await opened.enter_async_context(replica)
            afar = f"{networks[there].url}?{urlsplit(urls[there]).query}"
            await opened.enter_async_context(replica.keep_in_sync([afar], interval=1.0))
        agents = {
            name: await opened.enter_async_context(by_stdio(urls[region], region, name))
            for name, region in regions.items()
        }
        yield agents, list(networks.values())


async def test_regions_that_are_cut_apart_never_claim_the_same_task(new_url: NewUrl) -> None:
    """Nor is one lost: all are completed, and counted, once."""
    tasks = [f"task {i}" for i in range(12)]
    who = {"ann": "eu", "amy": "eu", "ben": "us"}
    async with two_regions(new_url, **who) as (agents, networks):
        ann, ben = agents["ann"], agents["ben"]
        for task in tasks:
            await ask(ann, "add_task", task=task)
        claimed = [("ben", await ask(ben, "claim_task", wait=30))]  # handed over
        for network in networks:
            network.cut()

        async def work(name: str) -> None:
            while (task := await ask(agents[name], "claim_task")) is not None:
                claimed.append((name, task))
                if task.endswith(("1", "3", "5", "7")):
                    assert await ask(agents[name], "complete_task", task=task) is True

        await asyncio.gather(*map(work, agents))
        for name, task in claimed:
            others = [agents[other] for other in agents if other != name]
            assert [await ask(other, "claim_task", task=task) for other in others] == [None, None]
        assert len(claimed) == len({task for _, task in claimed}) == len(tasks)
        assert len([name for name, _ in claimed if name == "ben"]) > 1
        for network in networks:
            network.heal()

        async def counted(client: Client) -> bool:
            return bool(await ask(client, "get_completed_count") == expected)

        expected = len([task for _, task in claimed if task.endswith(("1", "3", "5", "7"))])
        for client in agents.values():
            await until(client, counted)
            pending = (await ask(client, "get_pending_tasks"))["tasks"]
            told = {each["task"]: each["claimed_by"] for each in pending}
            assert told == {task: name for name, task in claimed if task in told}
            assert len(told) == len(tasks) - expected
        for name, task in claimed:
            if task in told:
                assert await ask(agents[name], "complete_task", task=task) is True
        expected = len(tasks)
        for client in agents.values():
            await until(client, counted)
            assert (await ask(client, "get_pending_tasks"))["tasks"] == []
            assert await ask(client, "claim_task") is None


async def test_regions_that_are_cut_apart_and_healed_lose_nothing(new_url: NewUrl) -> None:
    async with two_regions(new_url, ann="eu", ben="us") as (agents, networks):
        ann, ben = agents.values()
        await ask(ann, "send_message", text="before")

        async def heard(client: Client) -> bool:
            return len((await ask(client, "recent_messages"))["messages"]) == 1

        await until(ben, heard)
        read = (await ask(ben, "read_messages"))["cursor"]

        for network in networks:
            network.cut()

        async def work(name: str, client: Client) -> None:
            for i in range(10):
                await ask(client, "add_task", task=f"{name} {i}")
                await ask(client, "increment_counter", counter="steps")
                await ask(client, "send_message", text=f"{name} {i}")
            await ask(client, "write_note", key=f"of/{name}", text=f"by {name}")
            await ask(client, "update_config", key="leader", value={"name": name})
            await ask(client, "set_status", status="done with it")
            assert await ask(client, "claim_task", task=f"{name} 9") == f"{name} 9"
            assert await ask(client, "complete_task", task=f"{name} 9") is True

        await asyncio.gather(*(work(name, client) for name, client in agents.items()))
        assert [await ask(client, "get_counter", counter="steps") for client in (ann, ben)] == [
            10,
            10,
        ]
        assert (await ask(ben, "list_notes", prefix="of/"))["keys"] == ["of/ben"]

        for network in networks:
            network.heal()

        async def seen(client: Client) -> list[Any]:
            pending = (await ask(client, "get_pending_tasks"))["tasks"]
            return [
                sorted((task["task"], task["claimed_by"]) for task in pending),
                await ask(client, "get_completed_count"),
                await ask(client, "get_counter", counter="steps"),
                await ask(client, "list_notes", prefix="of/"),
                [await ask(client, "read_note", key=f"of/{name}") for name in agents],
                (await ask(client, "list_agents"))["agents"],
                await ask(client, "recent_messages", limit=100),
                await ask(client, "get_config", key="leader"),
            ]

        expected = [
            sorted((f"{name} {i}", None) for name in agents for i in range(9)),
            2,
            20,
            {"keys": ["of/ann", "of/ben"], "after": None},
            ["by ann", "by ben"],
            dict.fromkeys(agents, "done with it"),
        ]

        async def whole(client: Client) -> bool:
            return (await seen(client))[:6] == expected

        for client in agents.values():
            await until(client, whole)
        assert await seen(ann) == await seen(ben)
        # Also what was long on its way is told to one who reads on.
        new = [
            m["text"] for m in (await ask(ben, "read_messages", cursor=read, limit=100))["messages"]
        ]
        assert sorted(new) == sorted(f"{name} {i}" for name in agents for i in range(10))


@contextmanager
def by_http(url: str) -> Iterator[str]:
    """The address of a server that any number of clients may use."""
    options = ["--url", url, "--replica-id", "eu", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, *COMMAND, *options], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        served = re.fullmatch(r"serving (http://127\.0\.0\.1:\d+/mcp)\n", said)
        assert served, said
        yield served[1]
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.communicate()


async def test_many_agents_use_one_server_by_http(new_url: NewUrl) -> None:
    with by_http(new_url("valkey")) as address:
        async with (
            Client(f"{address}?agent=ann") as ann,
            Client(f"{address}?agent=ben", mode="legacy") as ben,
            asyncio.timeout(PATIENCE),
        ):
            await ask(ann, "add_task", task="t1")
            assert await ask(ann, "claim_task") == "t1"
            assert await ask(ben, "claim_task") is None
            assert await ask(ben, "release_task", task="t1") is False
            assert await ask(ben, "get_pending_tasks") == {
                "tasks": [{"task": "t1", "claimed_by": "ann"}],
                "more": False,
            }
            begin = await ask(ben, "read_messages")
            waiting = asyncio.create_task(
                ask(ben, "read_messages", cursor=begin["cursor"], wait=30)
            )
            await ask(ann, "send_message", text="take it", to="ben")
            (message,) = (await waiting)["messages"]
            assert (message["sender"], message["text"], message["to"]) == ("ann", "take it", "ben")
        # A page in a browser that was led to this address, by whatever name, gets nothing.
        for header in ({"Host": "example.com"}, {"Origin": "http://example.com"}):
            there = HTTPConnection(urlsplit(address).netloc)
            there.request("POST", "/mcp", "{}", {"Content-Type": "application/json", **header})
            assert there.getresponse().status in (403, 421)
            there.close()


@asynccontextmanager
async def in_process(url: str) -> AsyncIterator[tuple[Client, DistributedStateManager]]:
    async with Replica.from_url(url, replica_id="eu") as replica:
        manager = DistributedStateManager(replica)
        async with Client(server_of(manager, "ann")) as client:
            yield client, manager


async def test_tools_are_those_of_an_agent(new_url: NewUrl) -> None:
    async with in_process(new_url("valkey")) as (client, manager):
        declared = StateManagerAgent("ann", manager).tools()
        offered = (await client.list_tools()).tools
        assert [tool.name for tool in offered] == [tool.name for tool in declared]
        for theirs, ours in zip(offered, declared, strict=True):
            assert theirs.description == ours.description
            assert theirs.input_schema == ours.parameters
            assert theirs.annotations is not None
            assert theirs.annotations.read_only_hint is (ours.effect == "reads")
            assert theirs.output_schema is not None
            assert theirs.output_schema["type"] == "object"


async def test_what_goes_wrong_is_told_so_that_a_model_can_act(new_server: NewServer) -> None:
    server = new_server("valkey")
    async with in_process(server.url) as (client, manager):
        assert await refused(client, "fly") == (
            "UnknownOperation: no operation 'fly'; there are "
            + ", ".join(tool.name for tool in StateManagerAgent("ann", manager).tools())
        )
        assert await refused(client, "add_task") == "MissingArgument: add_task needs task"
        assert "add_task takes task, not speed" in await refused(
            client, "add_task", task="t", speed=1
        )
        assert "limit: Input should be less than or equal to 200" in await refused(
            client, "list_notes", limit=201
        )
        assert "InvalidCursor" in await refused(client, "get_changes", cursor="yesterday")
        await manager.config.update({f"k{i}": "x" * 1_000_000 for i in range(2)})
        assert f"at most {LONGEST_REPLY} are sent" in await refused(client, "get_config", key="k1")
        with pytest.raises(MCPError, match="at most"):
            await client.read_resource("state://config/k1")
        server.kill()
        assert (await refused(client, "add_task", task="t")).startswith("ServerUnreachable: ")
        server.restart()
        await ask(client, "add_task", task="t")


async def test_a_server_may_come_up_after_those_who_use_it(new_server: NewServer) -> None:
    server = new_server("valkey")
    server.kill()
    async with by_stdio(server.url, "eu", "ann") as client:
        assert (await refused(client, "add_task", task="t")).startswith("ServerUnreachable: ")
        server.restart()
        await ask(client, "add_task", task="t")


async def test_lists_are_bounded(new_url: NewUrl) -> None:
    async with in_process(new_url("valkey")) as (client, manager):
        await manager.tasks.update(f"t{i}" for i in range(300))
        await manager.notes.update({f"n/{i:03}": "text" for i in range(300)})
        await manager.messages.extend(Message(sender="p", text="long " * 9_999) for _ in range(3))
        for i in range(3):
            await manager.counters.increment(f"c{i}", i + 1)
        page = await ask(client, "get_pending_tasks", limit=200)
        assert (len({task["task"] for task in page["tasks"]}), page["more"]) == (200, True)
        found, after = [], None
        for _ in range(3):
            page = await ask(client, "list_notes", prefix="n/", after=after, limit=128)
            found += page["keys"]
            after = page["after"]
        assert after is None
        assert found == [f"n/{i:03}" for i in range(300)]
        assert await ask(client, "list_counters", limit=2) == {
            "counters": {"c2": 3, "c1": 2},
            "more": True,
        }
        first = await ask(client, "read_messages", limit=2)
        rest = await ask(client, "read_messages", cursor=first["cursor"], limit=2)
        assert [len(first["messages"]), len(rest["messages"])] == [2, 1]
        assert rest["messages"][0]["text"].endswith("... (cut: 49995 characters in all)")


async def test_resources_are_read(new_url: NewUrl) -> None:
    async with in_process(new_url("valkey")) as (client, _):
        await ask(client, "add_task", task="t1")
        await ask(client, "write_note", key="of/ann: ä", text="hello")
        listed = {str(each.uri) for each in (await client.list_resources()).resources}
        assert listed == {
            f"state://{name}"
            for name in ("tasks", "config", "notes", "counters", "agents", "messages")
        }
        for uri in listed:
            await client.read_resource(uri)
        templates = (await client.list_resource_templates()).resource_templates
        assert "state://notes/{key}" in {each.uri_template for each in templates}

        async def text(uri: str) -> Any:
            (content,) = (await client.read_resource(uri)).contents
            assert content.mime_type == "application/json"
            return json.loads(content.text)  # type: ignore[union-attr]

        assert (await text("state://tasks"))["tasks"] == [{"task": "t1", "claimed_by": None}]
        assert await text("state://notes/of/ann%3A%20%C3%A4") == "hello"
        with pytest.raises(MCPError, match="no resource 'state://nothing'; there are state://"):
            await client.read_resource("state://nothing")


def test_what_waiting_does_not_mend_ends_it_at_once(new_url: NewUrl) -> None:
    def said(*options: str, program: str = "") -> tuple[int, str]:
        start = ["-c", f"{program}; from redis_crdt.cli import main; main()", "mcp"]
        command = [sys.executable, *(start if program else COMMAND), *options]
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
        )
        return ended.returncode, ended.stderr

    url = new_url("valkey")
    status, told = said("--url", url)
    assert (status, "give it a --replica-id" in told) == (2, True)
    without = "import sys; sys.modules['mcp'] = None"
    status, told = said("--url", url, "--replica-id", "eu", program=without)
    assert (status, told) == (
        2,
        "redis-crdt: MCP needs more packages: pip install 'redis-crdt[mcp]'\n",
    )
