"""Where schedules run: servers that are started once, and emptied before each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis

from redis_crdt.operations import requests as ask
from redis_crdt.servers import Server, find_binary
from tests.schedules.hosts import Host, MemoryHost, ServerHost
from tests.schedules.plan import Plan
from tests.schedules.run import Run
from tests.schedules.world import Violation

BACKENDS: dict[str, tuple[str, ...]] = {
    "memory": ("memory",) * 4,
    "valkey": ("valkey",) * 4,
    "redis62": ("redis62",) * 4,
    "redis": ("redis",) * 4,
    "mixed": ("valkey", "memory", "redis62", "redis"),
}


class Regions:
    """Up to four regions of the backends."""

    def __init__(self, flavours: tuple[str, ...], running: ExitStack) -> None:
        self._servers: list[tuple[Server, redis.Redis] | None] = []
        for flavour in flavours:
            if flavour == "memory":
                self._servers.append(None)
                continue
            binary: Any = find_binary(flavour)  # type: ignore[arg-type]
            server = running.enter_context(Server(binary))
            self._servers.append((server, running.enter_context(server.client())))

    def run(self, plan: Plan) -> str | None:
        """Carry a plan out; returns what it violates, if anything."""
        hosts: list[Host] = []
        before, ask.BATCH = ask.BATCH, plan.batch
        try:
            for i, limit in enumerate(plan.feed_limits):
                host: Host
                if (found := self._servers[i]) is None:
                    host = MemoryHost("abcd"[i], limit, plan.ahead[i])
                else:
                    host = ServerHost(*found, "abcd"[i], limit)
                hosts.append(host)
            Run(plan, hosts).carry_out()
        except Violation as violation:
            return str(violation)
        finally:
            ask.BATCH = before
            for host in hosts:
                host.close()
        return None


@contextmanager
def regions(backend: str) -> Iterator[Regions]:
    """Start what a backend needs, for as long as the block lasts."""
    with ExitStack() as running:
        yield Regions(BACKENDS[backend], running)
