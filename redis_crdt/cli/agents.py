"""The command for those who have agents share state."""

from __future__ import annotations

from typing import Annotated

import typer

from redis_crdt.cli.app import app
from redis_crdt.cli.options import NEW, takes_settings
from redis_crdt.errors import InvalidSetting
from redis_crdt.sync.settings import Settings


@app.command()
@takes_settings(("url", *NEW))
def mcp(
    settings: Settings,
    agent: Annotated[
        str | None,
        typer.Option(help="The agent's name; by default made of the machine's and the process's."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="Serve any number of agents by HTTP; 0 for a free port.", min=0, max=65535
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="The address for that.")] = "127.0.0.1",
) -> None:
    """Serve shared state to agents, by the Model Context Protocol.

    To the client that starts it, on standard input and output; or by HTTP with --port, where each
    client adds ?agent=NAME to the URL. It asks nobody for a password: who reaches it may write.
    Exits with 2 where the server does not take the settings.
    """
    try:
        from redis_crdt.cli.mcp import run
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != "mcp":
            raise
        raise InvalidSetting("MCP needs more packages: pip install 'redis-crdt[mcp]'") from None
    run(settings, agent, host, port)
