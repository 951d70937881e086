"""``redis-crdt bench``: what the library costs on a server of the user's own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console

from redis_crdt.bench import show
from redis_crdt.bench.calls import batches, single_calls
from redis_crdt.bench.deltas import against_textbook, deltas
from redis_crdt.bench.figures import Figure
from redis_crdt.bench.ground import Ground, ground_at
from redis_crdt.cli.app import app
from redis_crdt.servers import find_binaries


@app.command()
def bench(
    url: Annotated[
        list[str] | None,
        typer.Option(help="A server to measure; given twice, also the one to sync with."),
    ] = None,
    entries: Annotated[
        int, typer.Option(help="How many entries the large set has.", min=1_000)
    ] = 20_000,
    rounds: Annotated[int, typer.Option(help="How often each figure is measured.", min=2)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Measure calls, batches and syncs beside what raw redis-py takes for the same.

    On servers that are started for it, or on those of --url, in a namespace of its own that goes
    in the end. It keeps a server busy for some ten seconds.
    """
    # As on Ctrl-C: what is cleaned up in the end is cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    console = Console(stderr=True)
    found = []
    binaries = find_binaries()
    with (
        ground_at(url or (), binaries[0] if binaries else None) as ground,
        console.status("measuring", spinner="line") as status,
    ):
        title = show.environment(_server(ground))
        for figure in _measured(ground, entries, rounds):
            found.append(figure)
            status.update(f"measured: {figure.work}".replace("`", ""))
    if as_json:
        typer.echo(show.as_json(found, title))
    else:
        Console().print(show.table(found, title))


def _measured(ground: Ground, entries: int, rounds: int) -> Iterator[Figure]:
    yield from single_calls(ground, rounds)
    yield from batches(ground, rounds)
    yield from deltas(ground, rounds, entries)
    yield from against_textbook(ground, max(2, rounds // 4), entries)


def _server(ground: Ground) -> str:
    info = ground.client.info("server")
    name = "Valkey" if "valkey_version" in info else "Redis"
    return f"{name} {info.get('valkey_version') or info['redis_version']}"
