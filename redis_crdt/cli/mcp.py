"""``redis-crdt mcp``: an MCP server as a process of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack
from functools import partial

import typer

from redis_crdt.asyncio.agents import DistributedStateManager
from redis_crdt.cli.app import fail
from redis_crdt.cli.logs import configure
from redis_crdt.cli.sync import UNWORKABLE, call_on, check_own, replica_at
from redis_crdt.mcp.server import server_of
from redis_crdt.mcp.serving import http_server, listening, serve_stdio, url_of
from redis_crdt.sync.settings import Settings


def run(settings: Settings, agent: str | None, host: str, port: int | None) -> None:
    """Serve until the client has gone, SIGTERM or SIGINT.

    Exits with 2 where its own server does not take its settings.
    """
    configure("warning", "text")
    bound = None if port is None else listening(host, port)
    try:
        asyncio.run(_run(settings, agent or f"{socket.gethostname()}-{os.getpid()}", bound))
    except UNWORKABLE as error:
        fail(error, 2)


async def _run(settings: Settings, agent: str, bound: socket.socket | None) -> None:
    async with AsyncExitStack() as opened:
        replica = replica_at(settings, settings.url.get_secret_value(), settings.replica_id)
        opened.push_async_callback(replica.close)
        await check_own(replica)
        server = server_of(DistributedStateManager(replica), agent)
        if bound is None:
            # A thread waits for standard input, and nothing but its end would have it stop waiting.
            call_on(("SIGTERM", "SIGINT"), partial(os._exit, 0))
            await serve_stdio(server)
            return
        http = http_server(server, bound)
        # What comes before it looks for signals itself; of those it hands on none is left to do.
        call_on(("SIGTERM", "SIGINT"), partial(setattr, http, "should_exit", True))
        typer.echo(f"serving {url_of(bound)}", err=True)
        await http.serve(sockets=[bound])
