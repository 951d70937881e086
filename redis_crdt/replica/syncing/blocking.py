"""A syncer in a thread, for programs without asyncio."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from redis_crdt.transport.server import ReplicaOperations

if TYPE_CHECKING:  # what most programs never use is imported where it is used
    from redis_crdt.sync.syncer import Syncer

log = logging.getLogger("redis_crdt.sync")


@contextmanager
def keeping_in_sync(
    replica: ReplicaOperations, peers: Sequence[ReplicaOperations | str], interval: float
) -> Iterator[Syncer]:
    """Run a syncer in a thread while the block runs; a defect in it is raised at the end."""
    from redis_crdt.sync.syncer import Syncer

    ready: Future[tuple[Syncer, asyncio.Event]] = Future()

    async def work() -> None:
        # A blocking peer keeps a thread waiting for its feed, and needs others now and then.
        threads = ThreadPoolExecutor(3 * len(peers) + 3, thread_name_prefix="redis_crdt")
        asyncio.get_running_loop().set_default_executor(threads)
        async with AsyncExitStack() as opened:
            parties = [_party(replica, peer, opened) for peer in peers]
            syncer, over = Syncer(replica, parties, interval=interval), asyncio.Event()
            ready.set_result((syncer, over))
            running = asyncio.create_task(syncer.run())
            ended = asyncio.create_task(over.wait())
            await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
            running.cancel()
            ended.cancel()
            await asyncio.wait({running, ended})
            if not running.cancelled():
                running.result()

    loop = asyncio.new_event_loop()
    failure: list[BaseException] = []

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(work())
        except BaseException as error:
            log.exception("sync.crashed")  # now, for the block may go on for long
            failure.append(error)
            if not ready.done():
                ready.set_exception(error)

    thread = Thread(target=run, name="redis_crdt.sync", daemon=True)
    thread.start()
    syncer, over = ready.result()
    try:
        yield syncer
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(over.set)
        thread.join()
    if failure:
        raise failure[0]


def _party(
    replica: ReplicaOperations, peer: ReplicaOperations | str, opened: AsyncExitStack
) -> ReplicaOperations:
    if not isinstance(peer, str):
        return peer
    from redis_crdt.replica.awaited import Replica as AsyncReplica
    from redis_crdt.transport.awaited import PEER_TIMEOUT

    sibling = AsyncReplica.from_url(
        peer,
        namespace=replica.namespace,
        shards=replica.shards,
        max_drift=replica.max_drift,
        socket_timeout=PEER_TIMEOUT,
        socket_connect_timeout=PEER_TIMEOUT,
    )
    opened.push_async_callback(sibling.close)
    return sibling
