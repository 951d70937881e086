"""A run of the benchmark: all figures, on servers that are started for it or on others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console

from redis_crdt.cli.bench.calls import batches, single_calls
from redis_crdt.cli.bench.deltas import against_textbook, deltas
from redis_crdt.cli.bench.figures import Figure
from redis_crdt.cli.bench.ground import Ground, ground_at
from redis_crdt.cli.bench.many_tasks import many_tasks
from redis_crdt.cli.bench.show import environment
from redis_crdt.servers import find_binaries


def measured(urls: Sequence[str], entries: int, rounds: int) -> tuple[list[Figure], str]:
    """Measure everything; returns the figures, and on what they were measured."""
    found = []
    binaries = find_binaries()
    with (
        ground_at(urls, binaries[0] if binaries else None) as ground,
        Console(stderr=True).status("measuring", spinner="line") as status,
    ):
        title = environment(_server(ground))
        for figure in _figures(ground, entries, rounds):
            found.append(figure)
            status.update(f"measured: {figure.work}".replace("`", ""))
    return found, title


def _figures(ground: Ground, entries: int, rounds: int) -> Iterator[Figure]:
    yield from single_calls(ground, rounds)
    yield from batches(ground, rounds)
    yield from many_tasks(ground, max(2, rounds // 4))
    yield from deltas(ground, rounds, entries)
    yield from against_textbook(ground, max(2, rounds // 4), entries)


def _server(ground: Ground) -> str:
    info = ground.client.info("server")
    name = "Valkey" if "valkey_version" in info else "Redis"
    return f"{name} {info.get('valkey_version') or info['redis_version']}"
