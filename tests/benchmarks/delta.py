"""What a pull of 100 changes costs in sets of 1,000 and of 200,000 elements, by turns.

``python -m tests.benchmarks.delta``
"""

from __future__ import annotations

from statistics import median

from rich.console import Console

from redis_crdt import Replica, SyncReport
from redis_crdt.servers import Server, find_binaries

ROUNDS = 40
CHANGES = 100
SIZES = (1_000, 200_000)


def main() -> None:
    console = Console()
    binary = find_binaries()[0]
    with Server(binary) as one, Server(binary) as other:
        pairs = []
        for size in SIZES:
            namespace = f"of-{size}"
            source = Replica.from_url(one.url, replica_id="eu", namespace=namespace)
            target = Replica.from_url(other.url, replica_id="us", namespace=namespace)
            source.or_set("set", int).update(range(size))
            target.pull(source)
            pairs.append((source, target))
        reports: list[list[SyncReport]] = [[] for _ in SIZES]
        for turn in range(ROUNDS):
            for size, (source, target), told in zip(SIZES, pairs, reports, strict=True):
                first = turn * CHANGES % size
                source.or_set("set", int).update(range(first, first + CHANGES))
                told.append(target.pull(source))
        for source, target in pairs:
            source.close()
            target.close()
    times = [median(report.seconds for report in told) for told in reports]
    for size, told, time in zip(SIZES, reports, times, strict=True):
        entries = {report.entries for report in told}
        console.print(f"{size:>7} elements: {entries} entries, median {time * 1000:.2f} ms")
    console.print(f"ratio of the times: {times[1] / times[0]:.2f} (at most 1.5)")


if __name__ == "__main__":
    main()
