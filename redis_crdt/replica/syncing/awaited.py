"""A syncer in a task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from redis_crdt.transport.awaited import Transport
from redis_crdt.transport.server import ReplicaOperations

if TYPE_CHECKING:  # what most programs never use is imported where it is used
    from redis_crdt.sync.syncer import Syncer


@asynccontextmanager
async def keeping_in_sync(
    replica: Transport, peers: Sequence[ReplicaOperations | str], interval: float
) -> AsyncIterator[Syncer]:
    """Run a syncer in a task while the block runs; a defect in it ends the block."""
    from redis_crdt.sync.syncer import Syncer

    async with AsyncExitStack() as opened:
        parties: list[ReplicaOperations] = []
        for peer in peers:
            if isinstance(peer, str):
                peer = replica.sibling(peer)
                opened.push_async_callback(peer.close)
            parties.append(peer)
        syncer = Syncer(replica, parties, interval=interval)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(syncer.run())
            try:
                yield syncer
            finally:
                running.cancel()
