"""The command line: ``redis-crdt``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; explains what to install where that is missing."""
    try:
        from redis_crdt.cli import (  # which add their commands
            agents,  # noqa: F401
            benchmark,  # noqa: F401
            deploy,  # noqa: F401
            operate,  # noqa: F401
        )
        from redis_crdt.cli.app import run
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in ("typer", "rich", "pydantic_settings"):
            raise
        sys.exit("redis-crdt: the command line needs more packages: pip install 'redis-crdt[cli]'")
    run()
