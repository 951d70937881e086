"""What the library adds to raw redis-py: each operation against the raw one, on one connection.

Both are measured in turn, in small rounds; what is told is the median of the rounds' ratios, and
their middle half. ``python -m tests.benchmarks.overhead``
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import quantiles
from time import perf_counter

from rich.console import Console
from rich.table import Table

from redis_crdt import Replica
from redis_crdt.servers import Server, find_binaries

ROUNDS = 60
CALLS = 100

Call = Callable[[int], object]


def seconds(call: Call, start: int) -> float:
    began = perf_counter()
    for i in range(start, start + CALLS):
        call(i)
    return perf_counter() - began


def ratios(ours: Call, raw: Call) -> list[float]:
    """Return quartiles of the time of ours over the time of the raw call."""
    rounds = range(0, ROUNDS * CALLS, CALLS)
    return quantiles((seconds(ours, start) / seconds(raw, start) for start in rounds), n=4)


def main() -> None:
    console = Console()
    binary = find_binaries()[0]
    with Server(binary) as server, server.client() as client:
        replica = Replica(client, replica_id="eu", namespace="benchmark")
        set_, map_ = replica.or_set("set", str), replica.lww_map("map", str)
        count, register = replica.g_counter("count"), replica.lww_register("register", str)
        empty = client.register_script("return 1")
        rows: list[tuple[str, Call, str, Call, float | None]] = [
            ("add", lambda i: set_.add(f"e{i}"), "SADD", lambda i: client.sadd("s", f"e{i}"), 1.3),
            (
                "in",
                lambda i: f"e{i}" in set_,
                "SISMEMBER",
                lambda i: client.sismember("s", f"e{i}"),
                1.2,
            ),
            (
                "increment",
                lambda _: count.increment(),
                "HINCRBY",
                lambda _: client.hincrby("c", "f"),
                1.3,
            ),
            (
                "map set",
                lambda i: map_.set(f"k{i}", "v"),
                "HSET",
                lambda i: client.hset("h", f"k{i}", "v"),
                None,
            ),
            (
                "map get",
                lambda i: map_.get(f"k{i}"),
                "HGET",
                lambda i: client.hget("h", f"k{i}"),
                1.3,
            ),
            (
                "register set",
                lambda i: register.set("v"),
                "SET",
                lambda i: client.set("r", "v"),
                None,
            ),
            ("value", lambda _: count.value(), "HGETALL", lambda _: client.hgetall("c"), None),
            ("len", lambda _: len(set_), "SCARD", lambda _: client.scard("s"), None),
            (
                "a script of nothing",
                lambda _: empty(),
                "SADD",
                lambda i: client.sadd("s", f"e{i}"),
                None,
            ),
        ]
        table = Table(
            "operation", "against", "ratio", "middle half", "at most", title=binary.version
        )
        for name, ours, raw_name, raw, target in rows:
            low, median, high = ratios(ours, raw)
            aim = "" if target is None else f"{target}"
            table.add_row(name, raw_name, f"{median:.2f}", f"{low:.2f} - {high:.2f}", aim)

        singles, bulk = replica.or_set("singles", str), replica.or_set("bulk", str)
        began = perf_counter()
        for i in range(10_000):
            singles.add(f"element {i}")
        middle = perf_counter()
        bulk.update(f"element {i}" for i in range(10_000))
        times = (middle - began) / (perf_counter() - middle)
    console.print(table)
    console.print(f"update of 10,000 elements: {times:.1f} times as fast as single adds")


if __name__ == "__main__":
    main()
