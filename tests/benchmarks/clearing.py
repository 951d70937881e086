"""What another client waits for while a set of a million elements is cleared, and while it is not.

``python -m tests.benchmarks.clearing [elements] [partitions]``
"""

from __future__ import annotations

import sys
from threading import Thread
from time import perf_counter

import redis

from redis_crdt import Replica, servers


def waits(client: redis.Redis, work: Thread) -> list[float]:
    """How long a client waits for each answer while the work goes on, in milliseconds."""
    found = []
    work.start()
    while work.is_alive():
        began = perf_counter()
        client.ping()
        found.append(1000 * (perf_counter() - began))
    work.join()
    return sorted(found)


def main(elements: int = 1_000_000, partitions: int = 1) -> None:
    with servers.Server(servers.find_binaries()[0]) as server, server.client() as client:
        replica = Replica(client, replica_id="eu", shards=max(1, partitions))
        big = replica.or_set("big", str, partitions=partitions)
        for first in range(0, elements, 50_000):
            last = min(first + 50_000, elements)
            big.update(f"element {i:012}" for i in range(first, last))
        idle = waits(client, Thread(target=lambda: sum(hash(i) for i in range(3_000_000))))
        began = perf_counter()
        with server.client() as other:
            clearing = waits(other, Thread(target=big.clear))
        took = perf_counter() - began
    print(f"clear() of {elements:,} elements in {partitions} partitions: {took:.1f} s")
    print("another client's PING, in ms:    median      p99      p99.9    longest")
    for what, found in (("while nothing is cleared", idle), ("during clear()", clearing)):
        at = [found[int(len(found) * part)] for part in (0.5, 0.99, 0.999)]
        print(f"  {what:30}", *(f"{ms:9.3f}" for ms in (*at, found[-1])))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
