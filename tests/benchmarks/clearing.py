"""What another client waits for while a set of a million elements is cleared, and while it is not.

``python -m tests.benchmarks.clearing [elements] [partitions]``
"""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

import redis

from redis_crdt import Replica, servers

CLEAR = """
import sys
from redis_crdt import Replica
url, partitions = sys.argv[1], int(sys.argv[2])
with Replica.from_url(url, shards=partitions) as replica:
    replica.or_set("big", str, partitions=partitions).clear()
"""
BE_BUSY = "sum(hash(str(i)) for i in range(10_000_000))"


def waits(client: redis.Redis, code: str, *args: str) -> tuple[list[float], float]:
    """How long a client waits for each answer while another process works, in milliseconds.

    Returns that, sorted, and for how many seconds the other process worked.
    """
    found = []
    start = perf_counter()
    with subprocess.Popen([sys.executable, "-c", code, *args]) as work:
        while work.poll() is None:
            began = perf_counter()
            client.ping()
            found.append(1000 * (perf_counter() - began))
    assert work.returncode == 0
    return sorted(found), perf_counter() - start


def main(elements: int = 1_000_000, partitions: int = 1) -> None:
    with servers.Server(servers.find_binaries()[0]) as server, server.client() as client:
        replica = Replica(client, replica_id="eu", shards=partitions)
        big = replica.or_set("big", str, partitions=partitions)
        for first in range(0, elements, 50_000):
            last = min(first + 50_000, elements)
            big.update(f"element {i:012}" for i in range(first, last))
        busy, _ = waits(client, BE_BUSY)
        clearing, took = waits(client, CLEAR, server.url, str(partitions))
        assert len(big) == 0
        assert len(big.removed) == elements
    print(f"clear() of {elements:,} elements in {partitions} partitions: {took:.1f} s")
    print("another client's PING, in ms:        median       p99     p99.9   longest")
    for what, found in (("beside a process that is busy", busy), ("beside clear()", clearing)):
        at = [found[int(len(found) * part)] for part in (0.5, 0.99, 0.999)]
        print(f"  {what:32}", *(f"{ms:9.3f}" for ms in (*at, found[-1])))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
