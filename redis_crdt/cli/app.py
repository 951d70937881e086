"""The program itself, and the commands that everybody may meet first."""

from __future__ import annotations

import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

import redis_crdt
from redis_crdt.cli.options import NEW, opened, takes_settings
from redis_crdt.cli.output import encode_anything, print_json
from redis_crdt.errors import CRDTError, InvalidSetting
from redis_crdt.operations.operation import drive
from redis_crdt.sync.files import dump_file, load_file
from redis_crdt.sync.settings import Settings

app = typer.Typer(
    name="redis-crdt",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_ARGUMENT = re.compile(r"\b(max_drift|allow_eviction|replica_id|from_namespace)\b(=True\b)?")


def run() -> None:
    """Run the command line: what went wrong is one line, and status 1; 2 for wrong settings."""
    encode_anything()
    # As on Ctrl-C: what is cleaned up in the end is cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    warnings.formatwarning = lambda message, *_, **__: f"warning: {_with_options(str(message))}\n"
    try:
        app()
    except InvalidSetting as error:
        fail(error, 2)
    except (CRDTError, OSError) as error:
        fail(error, 1)


def fail(error: Exception, status: int) -> NoReturn:
    """Say what went wrong, and exit."""
    text = str(error)
    if isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    if not isinstance(error, InvalidSetting):
        text = _with_options(text)
    print(f"redis-crdt: {text}", file=sys.stderr)  # noqa: T201
    sys.exit(status)


def _with_options(text: str) -> str:
    """What the library calls arguments are options here."""
    return _ARGUMENT.sub(lambda found: "--" + found[1].replace("_", "-"), text)


@contextmanager
def telling() -> Iterator[None]:
    """Exit with status 2 where it could not be told what was asked."""
    try:
        yield
    except (CRDTError, OSError) as error:
        fail(error, 2)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"redis-crdt {redis_crdt.__version__}")
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
    types: Annotated[
        bool,
        typer.Option("--types", help="Show instead what each type makes of concurrent writes."),
    ] = False,
) -> None:
    """Show regions that work apart and converge; exits with 1 if they do not.

    Starts three servers for as long as it runs, or uses those of --url, in a namespace of its
    own that it deletes in the end.
    """
    from redis_crdt.cli.demo import screen

    show = screen.run_types if types else screen.run
    if not show(Console(), url or ()):
        raise typer.Exit(1)


@contextmanager
def _progress(done: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far a dump or load is, where there is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as p:
        task = p.add_task(f"entries {done}", total=None)
        yield lambda done, total: p.update(task, completed=done, total=max(done, total))


_File = Annotated[
    str | None,
    typer.Argument(metavar="FILE", help="A path, or - for a pipe, as by default."),
]


@app.command()
@takes_settings(file="file")
def dump(
    settings: Settings,
    file: _File = None,
    gz: Annotated[
        bool | None,
        typer.Option(
            "--gzip/--no-gzip",
            help="Compress it; by default if the name of the file ends with .gz.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a whole namespace to a file, as NDJSON, which only its owner may read."""
    to = sys.stdout.buffer if file in (None, "-") else file
    with opened(settings) as replica, _progress("dumped") as progressed:
        entries = drive(dump_file(replica, to, gz=gz, progressed=progressed))
    _tell("written", entries, as_json, err=to is not file)


@app.command()
@takes_settings(NEW, file="file")
def load(
    settings: Settings,
    file: _File = None,
    from_namespace: Annotated[
        str | None,
        typer.Option(help="The namespace that the file is of, where that is another on purpose."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Join what dump wrote into a namespace; a file that is not whole changes nothing."""
    source = sys.stdin.buffer if file in (None, "-") else file
    with opened(settings, new=True) as replica, _progress("joined") as progressed:
        procedure = load_file(replica, source, from_namespace=from_namespace, progressed=progressed)
        changed = drive(procedure)
    _tell("changed", changed, as_json, err=False)


def _tell(what: str, entries: int, as_json: bool, err: bool) -> None:
    if as_json:
        print_json({what: entries}, err=err)
    else:
        typer.echo(f"{entries} entries {what}", err=True)
