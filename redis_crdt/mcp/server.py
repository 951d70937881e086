"""An MCP server whose tools are those of an agent, and whose resources what these tools read.

All that is said of a tool is said once, where :class:`StateManagerAgent` declares it. Here is only
how that goes into the protocol: what it replies, what went wrong, and which agent has asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any, Final
from urllib.parse import unquote

import mcp.types as protocol
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from redis_crdt import __version__
from redis_crdt.agents.tools import Tool, named
from redis_crdt.asyncio.agents import DistributedStateManager, StateManagerAgent
from redis_crdt.errors import CRDTError, InvalidValue

SCHEME: Final = "state://"
"""What the addresses of resources begin with."""

LONGEST_REPLY: Final = 400_000
"""How many characters a reply may have; what is longer is refused, by what to ask for instead."""

INSTRUCTIONS: Final = """\
Here you share state with other agents, some of them in other regions. What you write is seen at \
once by those of your region, and by all others as soon as their regions can be reached; nobody \
waits for anybody, and nothing is lost. Say what you are doing by set_status, and again before it \
ends. Claim a task before you work on it: then nobody else has it, in any region, until you \
complete it or the time is over; claim it again to go on. Where none waits in your region, claim \
one with a wait, for which other regions hand some over. Keep what others should know in notes, \
and talk by messages. Where an error says that a server cannot be reached, try again in a while."""


def server_of(manager: DistributedStateManager[Any], agent_id: str) -> Server[Any]:
    """Return a server by which MCP clients act as agents of a manager.

    A client of the HTTP transport says which agent it is by ``?agent=NAME``; all others are
    ``agent_id``.
    """
    offered = _Offered(manager, agent_id)
    return Server(
        "redis-crdt",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=offered.list_tools,
        on_call_tool=offered.call_tool,
        on_list_resources=offered.list_resources,
        on_list_resource_templates=offered.list_templates,
        on_read_resource=offered.read_resource,
    )


class _Offered:
    """What a server offers, as the protocol asks for it."""

    def __init__(self, manager: DistributedStateManager[Any], agent_id: str) -> None:
        self._manager = manager
        self._agent_id = agent_id
        self._tools = {tool.name: tool for tool in StateManagerAgent(agent_id, manager).tools()}

    async def list_tools(self, context: Any, params: Any) -> protocol.ListToolsResult:
        return protocol.ListToolsResult(tools=list(map(_tool, self._tools.values())))

    async def call_tool(
        self, context: Any, params: protocol.CallToolRequestParams
    ) -> protocol.CallToolResult:
        try:
            tool = named(params.name, self._tools)
            reply = await self._ask(context, tool, params.arguments or {})
            text = _text(reply)
        except CRDTError as error:
            told = protocol.TextContent(type="text", text=_told(error))
            return protocol.CallToolResult(content=[told], is_error=True)
        structured = reply if _is_object(tool) else {"result": reply}
        content = protocol.TextContent(type="text", text=text)
        return protocol.CallToolResult(content=[content], structured_content=structured)

    async def list_resources(self, context: Any, params: Any) -> protocol.ListResourcesResult:
        return protocol.ListResourcesResult(
            resources=[
                protocol.Resource(uri=SCHEME + path, **described)
                for path, described in self._resources()
                if "{" not in path
            ]
        )

    async def list_templates(
        self, context: Any, params: Any
    ) -> protocol.ListResourceTemplatesResult:
        return protocol.ListResourceTemplatesResult(
            resource_templates=[
                protocol.ResourceTemplate(uri_template=SCHEME + path, **described)
                for path, described in self._resources()
                if "{" in path
            ]
        )

    async def read_resource(
        self, context: Any, params: protocol.ReadResourceRequestParams
    ) -> protocol.ReadResourceResult:
        uri = str(params.uri)
        tool, arguments = self._found(uri)
        try:
            text = _text(await self._ask(context, tool, arguments))
        except CRDTError as error:
            raise MCPError(protocol.INTERNAL_ERROR, _told(error), {"uri": uri}) from None
        content = protocol.TextResourceContents(uri=uri, mime_type="application/json", text=text)
        return protocol.ReadResourceResult(contents=[content])

    async def _ask(self, context: Any, tool: Tool, given: Mapping[str, Any]) -> Any:
        """Have the agent that asks do it, and return what it replies, as JSON has it."""
        query = context.request.query_params if context.request is not None else {}
        agent = StateManagerAgent(query.get("agent") or self._agent_id, self._manager)
        return tool.to_json(await getattr(agent, tool.name)(**tool.check(given)))

    def _resources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for tool in self._tools.values():
            if tool.resource is not None:
                told = {"description": tool.description, "mime_type": "application/json"}
                yield tool.resource, {"name": tool.resource, **told}

    def _found(self, uri: str) -> tuple[Tool, dict[str, str]]:
        """Return the tool that reads what is at an address, and its arguments."""
        for tool in self._tools.values():
            if tool.resource is not None and (found := _pattern(tool.resource).fullmatch(uri)):
                return tool, {name: unquote(value) for name, value in found.groupdict().items()}
        there = ", ".join(SCHEME + path for path, _ in self._resources())
        told = f"no resource {uri!r}; there are {there}"
        raise MCPError(protocol.INVALID_PARAMS, told, {"uri": uri})


def _pattern(path: str) -> re.Pattern[str]:
    """Return what matches the addresses of a resource, with its arguments as groups."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(SCHEME + path)))


def _tool(tool: Tool) -> protocol.Tool:
    reads = tool.effect == "reads"
    return protocol.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.parameters,
        output_schema=tool.returns if _is_object(tool) else _wrapped(tool.returns),
        annotations=protocol.ToolAnnotations(
            read_only_hint=reads,
            destructive_hint=None if reads else tool.effect == "changes",
            open_world_hint=False,
        ),
    )


def _is_object(tool: Tool) -> bool:
    return tool.returns.get("type") == "object"


def _wrapped(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object whose ``result`` is of this one: all replies are objects."""
    return {"type": "object", "properties": {"result": schema}, "required": ["result"]}


def _text(reply: Any) -> str:
    """Return a reply as text; :class:`InvalidValue` if it is more than is sent."""
    text = dumps(reply, ensure_ascii=False)
    if len(text) > LONGEST_REPLY:
        raise InvalidValue(
            f"the reply has {len(text)} characters, and at most {LONGEST_REPLY} are sent: ask for "
            "less, as by a smaller limit"
        )
    return text


def _told(error: CRDTError) -> str:
    """Return what a model is told of an error: our messages say what to do."""
    return f"{type(error).__name__}: {error}"
