"""How an MCP server is reached: by a pipe to its client, or by HTTP."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from redis_crdt.errors import InvalidSetting


async def serve_stdio(server: Server[Any]) -> None:
    """Serve the client that has started this process, until it closes standard input."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there, on a free port for 0.

    Raises :class:`InvalidSetting` where nobody may.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InvalidSetting(f"cannot serve at {host}:{port}: {error.strerror or error}") from None


def url_of(bound: socket.socket) -> str:
    """Return the URL for clients of a server that is served there."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/mcp"


def http_server(server: Server[Any], bound: socket.socket) -> uvicorn.Server:
    """Return what serves any number of clients by streamable HTTP, once its ``serve`` is awaited.

    It asks nobody for a password. On an address of this machine alone it answers only what names
    that, so no page in a browser can write.
    """
    app = server.streamable_http_app(host=bound.getsockname()[0])
    return uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
