"""The commands. Each does what the library can, and says what came of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from redis_crdt.demo import screen
from redis_crdt.errors import CRDTError, ReplicaMismatch
from redis_crdt.operations.operation import drive
from redis_crdt.replica import Replica
from redis_crdt.sync.files import dump_file, load_file

app = typer.Typer(
    name="redis-crdt",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Url = Annotated[str, typer.Argument(help="The server, such as redis://localhost:6379/0")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Which namespace.")]
ReplicaId = Annotated[
    str | None, typer.Option(help="The replica's id; needed where the namespace is new.")
]


def opened(url: str, namespace: str, replica_id: str | None = None) -> Replica:
    """Open a replica with as many shards as it has."""
    try:
        return Replica.from_url(url, namespace=namespace, replica_id=replica_id)
    except ReplicaMismatch as mismatch:
        if mismatch.shards is None:
            raise
        shards = mismatch.shards
    return Replica.from_url(url, namespace=namespace, replica_id=replica_id, shards=shards)


def run() -> None:
    """Run the command line: what went wrong is one line, and status 1."""
    try:
        app()
    except (CRDTError, OSError) as error:
        print(f"redis-crdt: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"redis-crdt {version('redis-crdt')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """State that programs in many regions share through their own Redis."""


@app.command()
def demo(
    url: Annotated[
        list[str] | None,
        typer.Option(help="A server to use as a region; once for each of 2 to 6 regions."),
    ] = None,
) -> None:
    """Show regions that work apart and converge; exits with 1 if they do not.

    Starts three servers for as long as it runs, or uses those of --url, in a namespace of its
    own that it deletes in the end.
    """
    if not screen.run(Console(), url or ()):
        raise typer.Exit(1)


@contextmanager
def _progress(done: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far a dump or load is, where there is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as p:
        task = p.add_task(f"entries {done}", total=None)
        yield lambda done, total: p.update(task, completed=done, total=max(done, total))


@app.command()
def dump(
    url: Url,
    file: Annotated[str, typer.Argument(help="Where to write; - for standard output.")] = "-",
    namespace: Namespace = "default",
) -> None:
    """Write a whole namespace to a file, as NDJSON."""
    with opened(url, namespace) as replica, _progress("dumped") as progressed:
        entries = drive(
            dump_file(replica, sys.stdout.buffer if file == "-" else file, progressed=progressed)
        )
    typer.echo(f"{entries} entries written", err=True)


@app.command()
def load(
    url: Url,
    file: Annotated[str, typer.Argument(help="What to read; - for standard input.")] = "-",
    namespace: Namespace = "default",
    replica_id: ReplicaId = None,
) -> None:
    """Join what dump wrote into a namespace; a file that is not whole changes nothing."""
    with (
        opened(url, namespace, replica_id) as replica,
        _progress("joined") as progressed,
    ):
        changed = drive(
            load_file(replica, sys.stdin.buffer if file == "-" else file, progressed=progressed)
        )
    typer.echo(f"{changed} entries changed", err=True)
