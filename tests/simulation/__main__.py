"""``python -m tests.simulation``: years of restarts, seconds of writing, a region that is new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tests.simulation.traffic import flow, joined
from tests.simulation.years import days

app = typer.Typer(add_completion=False, help=__doc__)


class Shape(StrEnum):
    """How regions are linked."""

    MESH, STAR, TREE = "mesh", "star", "tree"


Shapes = Annotated[list[Shape], typer.Option("--shape", help="May be given several times.")]
Counts = Annotated[list[int], typer.Option("--regions", help="How many; several times, too.")]


def show(rows: Iterable[Any]) -> None:
    """Print a table, when all of it is known."""
    table: Table | None = None
    for row in rows:
        fields = asdict(row)
        if table is None:
            table = Table(*fields)
        table.add_row(*(f"{v:,.0f}" if isinstance(v, int | float) else v for v in fields.values()))
    if table is not None:
        Console().print(table)


@app.command()
def years(
    shape: Shape = Shape.STAR,
    regions: int = 4,
    until: Annotated[int, typer.Option("--until", help="How many days.")] = 1825,
    every: Annotated[int, typer.Option(help="After how many to look.")] = 73,
    peers: Annotated[int | None, typer.Option(help="From how many each pulls a day.")] = None,
    hot: Annotated[int, typer.Option(help="How many elements all regions write.")] = 0,
) -> None:
    """Restart each region each day, and see how large things become."""
    show(days(shape, regions, until, every, peers, hot))


@app.command()
def traffic(
    shape: Shapes = [*Shape],  # noqa: B006
    regions: Counts = [4, 8, 16],  # noqa: B006
    writes: Annotated[list[float], typer.Option(help="Of each region, a second.")] = [1],  # noqa: B006
    ms: Annotated[int, typer.Option(help="For how long.")] = 2000,
    delay: Annotated[int, typer.Option(help="How long one way takes, in ms.")] = 50,
    restarts: Annotated[int, typer.Option(help="How often all have restarted before.")] = 0,
) -> None:
    """Have all regions write, and see what crosses each link."""
    show(
        flow(s, count, each, ms, delay, restarts)
        for s in shape
        for count in regions
        for each in writes
    )


@app.command()
def joining(
    shape: Shapes = [*Shape],  # noqa: B006
    regions: Counts = [4, 8, 16],  # noqa: B006
    entries: int = 1600,
) -> None:
    """Add a region to so many, and see what that costs it and the others."""
    show(joined(s, count, entries) for s in shape for count in regions)


if __name__ == "__main__":
    app()
