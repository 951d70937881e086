"""All benchmarks in one run: ``python -m tests.benchmarks``; see ``--help``."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from redis_crdt.cli.bench import calls, deltas, show
from redis_crdt.cli.bench.figures import Figure
from redis_crdt.servers import Flavour, find_binaries, find_binary
from tests.benchmarks import distance as far
from tests.benchmarks.catching_up import catching_up
from tests.benchmarks.client_cost import client_cost
from tests.benchmarks.containers import against_pottery
from tests.benchmarks.each_type import each_type
from tests.benchmarks.in_memory import merging
from tests.benchmarks.other_libraries import delta_size
from tests.benchmarks.plot import plot as draw
from tests.benchmarks.propagation import propagation
from tests.benchmarks.run import Run
from tests.benchmarks.server_cost import cpu, memory
from tests.benchmarks.sharing import tasks, tasks_on_a_cluster, threads
from tests.benchmarks.write_cost import writes


def single_calls(run: Run) -> Iterator[Figure]:
    with run.ground() as ground:
        yield from calls.single_calls(ground, run.rounds)


def batches(run: Run) -> Iterator[Figure]:
    with run.ground() as ground:
        yield from calls.batches(ground, run.rounds)


def delta(run: Run) -> Iterator[Figure]:
    with run.ground() as ground:
        yield from deltas.deltas(ground, run.rounds, run.entries)


def textbook(run: Run) -> Iterator[Figure]:
    with run.ground() as ground:
        yield from deltas.against_textbook(ground, max(3, run.few_rounds), run.many)


ROWS: dict[str, Callable[[Run], Iterator[Figure]]] = {
    "calls": single_calls,
    "types": each_type,
    "batches": batches,
    "tasks": tasks,
    "cluster-tasks": tasks_on_a_cluster,
    "threads": threads,
    "pottery": against_pottery,
    "delta": delta,
    "textbook": textbook,
    "catching-up": catching_up,
    "propagation": propagation,
    "distance": far.distance,
    "delta-size": delta_size,
    "in-memory": merging,
    "client": client_cost,
    "writes": writes,
    "cpu": cpu,
    "memory": memory,
}


def main(
    rows: Annotated[
        list[str] | None, typer.Argument(help=f"Which rows: {', '.join(ROWS)}. All by default.")
    ] = None,
    entries: Annotated[
        int, typer.Option(help="Entries of the largest collections.", min=1_000)
    ] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="How often to measure each figure.", min=2)] = 40,
    seconds: Annotated[
        float, typer.Option(help="For how long to write what another region follows.", min=1)
    ] = 60.0,
    server: Annotated[
        str | None, typer.Option(help="Which server: valkey, redis or redis62.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown, as in the README here.")
    ] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write JSON to a file.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw what a sync costs: a .png or .svg file.")
    ] = None,
    distance_plot: Annotated[
        Path | None, typer.Option(help="Draw what distance costs: a .png or .svg file.")
    ] = None,
) -> None:
    """Measure everything that the project promises, beside references of the same run."""
    console = Console(stderr=True)
    if unknown := set(rows or ()) - set(ROWS):
        raise typer.BadParameter(f"no such row: {', '.join(sorted(unknown))}")
    binary = find_binaries()[0] if server is None else find_binary(_flavour(server))
    run = Run(binary, entries, rounds, seconds)
    title = show.environment(binary.version)
    found: list[Figure] = []
    failed = False
    for name in rows or ROWS:
        with console.status(f"measuring: {name}", spinner="line"):
            try:
                for figure in ROWS[name](run):
                    found.append(figure)
                    console.print(show.line(figure), highlight=False, markup=False, soft_wrap=True)
            except Exception as error:  # what the others have measured is not lost
                traceback.print_exc()
                found.append(Figure(name, "", None, note=f"failed: {error!r}"))
                failed = True
    for drawing, file in ((draw, plot), (far.plot, distance_plot)):
        if file is not None:
            with console.status("measuring: plot", spinner="line"):
                drawing(run, file, title)
    if as_json is not None:
        as_json.write_text(show.as_json(found, title))
    if markdown:
        typer.echo(f"{title}:\n\n{show.markdown(found)}")
    else:
        Console().print(show.table(found, title))
    sys.exit(failed)


def _flavour(name: str) -> Flavour:
    flavours: dict[str, Flavour] = {"valkey": "valkey", "redis": "redis", "redis62": "redis62"}
    if name not in flavours:
        raise typer.BadParameter(f"no such server: {name}")
    return flavours[name]


if __name__ == "__main__":
    typer.run(main)
