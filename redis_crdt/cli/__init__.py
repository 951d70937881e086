"""The command line: ``redis-crdt``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; explains what to install where that is missing."""
    try:
        from redis_crdt.cli import benchmark, deploy, operate  # noqa: F401 - which add their commands
        from redis_crdt.cli.app import run
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in ("typer", "rich", "pydantic_settings"):
            raise
        sys.exit("redis-crdt: the command line needs more packages: pip install 'redis-crdt[cli]'")
    run()
