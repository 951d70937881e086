"""What all rows are given: on what to measure, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from redis_crdt.cli.bench.figures import Figure
from redis_crdt.cli.bench.ground import Ground, ground_at
from redis_crdt.servers import Server, ServerBinary

MANY = 100_000


@dataclass(frozen=True)
class Run:
    """One run of the benchmarks."""

    binary: ServerBinary
    entries: int
    """How many entries the largest collections have."""
    rounds: int
    seconds: float = 60.0
    """For how long to measure what goes on and on."""

    @property
    def many(self) -> int:
        """How many entries collections have where 100,000 are called for."""
        return min(MANY, self.entries)

    @property
    def few_rounds(self) -> int:
        """How often to measure what takes seconds."""
        return max(2, self.rounds // 10)

    @contextmanager
    def ground(self, *, tcp: bool = False) -> Iterator[Ground]:
        """Start two servers; they are spoken to by unix sockets, or the first by TCP."""
        with ExitStack() as stack:
            urls = []
            if tcp:
                urls.append(stack.enter_context(Server(self.binary, tcp=True)).tcp_url)
            yield stack.enter_context(ground_at(urls, self.binary))


def missing(work: str, package: str) -> Figure:
    """Say that there is nothing to compare with."""
    note = f"{package} is not installed: pip install 'redis-crdt[bench]'"
    return Figure(work, package, None, note=note)
