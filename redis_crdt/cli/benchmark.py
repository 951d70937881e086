"""``redis-crdt bench``: what the library costs on a server of the user's own."""

from __future__ import annotations

from typing import Annotated

import typer

from redis_crdt.cli.app import Json, app
from redis_crdt.cli.output import console


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
    as_json: Json = False,
) -> None:
    """Measure calls, batches and syncs beside what raw redis-py takes for the same.

    On servers that are started for it, or on those of --url, in a namespace of its own that goes
    in the end. It keeps a server busy for some twenty seconds.
    """
    from redis_crdt.cli.bench import run, show

    found, title = run.measured(url or (), entries, rounds)
    if as_json:
        typer.echo(show.as_json(found, title))
    else:
        console().print(show.table(found, title))
