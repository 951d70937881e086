"""The store, for graphs that await and for those that do not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from langgraph.store.base import BaseStore, Op, PutOp, Result, TTLConfig

from redis_crdt.errors import WrongEventLoop
from redis_crdt.langgraph.awaited import Shelves as AwaitedShelves
from redis_crdt.langgraph.blocking import Shelves
from redis_crdt.langgraph.turns import Turns
from redis_crdt.replica.awaited import Replica as AwaitedReplica
from redis_crdt.replica.blocking import Replica
from redis_crdt.replica.memory import Replica as MemoryReplica


class CRDTStore(BaseStore):
    """A LangGraph store on a replica: each region reads and writes its own, and all converge.

    ``replica`` is blocking, awaited, or in memory. All methods of ``BaseStore`` are there, and
    those that are awaited may be used with any of them: a blocking replica is then asked in a
    thread. The others need one that blocks, or another thread than that of the event loop.
    ``name`` sets several stores of one replica apart.

    An item is written and read as a value of an :class:`LWWMap`: of concurrent puts the latest is
    read, and a delete does not take away what it had not seen. ``created_at`` is when the region
    that wrote the item first knew of it. Values are JSON: :class:`InvalidValue` for others, and for
    more than 1 MiB; :class:`InvalidName` for a namespace of more than some 200 bytes. ``search``
    returns what was updated last first; its order operators compare numbers with numbers, and
    texts with texts. There is no search by meaning: a ``query`` is ignored, and so is what is to be
    indexed, as by all of LangGraph's stores without embeddings.

    ``put`` takes a ``ttl`` in minutes, and ``ttl`` a ``default_ttl``. What has expired is there for
    nobody, and needs no sweeping. A read refreshes only where it is asked to, by ``refresh_ttl`` or
    ``refresh_on_read``: for that is a write of what was read, and later than what another region
    may have put meanwhile.

    A get takes one round trip, a put two, a delete one, and what refreshes two more. ``search``
    reads the items at and below its prefix, and no others: one round trip per 500 items and for
    each namespace there that was ever written to, and one for each above others;
    ``list_namespaces`` the same without the items. They go side by side where calls are awaited. Of
    a blocking replica, the first use of a namespace takes one more. A store is in one shard. A
    namespace takes some 900 bytes beside its items; of one whose items are gone its name stays, for
    good.

    It keeps no checkpoints: a thread goes on from its latest one, so of two regions that went on
    with it while they were cut apart, what one has done would be left out.
    """

    supports_ttl = True

    def __init__(
        self,
        replica: Replica | AwaitedReplica | MemoryReplica,
        *,
        name: str = "store",
        ttl: TTLConfig | None = None,
    ) -> None:
        self.ttl_config = {"refresh_on_read": False, **(ttl or {})}
        self._replica = replica
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns = Turns()
        self._shelves = (
            AwaitedShelves(replica, name)
            if isinstance(replica, AwaitedReplica)
            else Shelves(replica, name)
        )

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Carry out operations; all that reads comes before all that writes.

        Raises :class:`WrongEventLoop` where the replica is awaited, and no event loop that has used
        this store runs in another thread.
        """
        if isinstance(self._shelves, Shelves):
            return self._shelves.batch(ops)
        loop = self._loop
        if loop is None or not loop.is_running() or loop is _running_loop():
            raise WrongEventLoop(
                f"{self._replica!r} is awaited: use abatch, aget, aput and the like, or give the "
                "store a replica that blocks"
            )
        return asyncio.run_coroutine_threadsafe(self.abatch(ops), loop).result()

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Carry out operations, awaited; all that reads comes before all that writes.

        What was begun before in this event loop and writes to the same items comes first.
        """
        ops = list(ops)
        if isinstance(self._replica, MemoryReplica):  # which waits for nothing
            return self.batch(ops)
        written = {(tuple(op.namespace), op.key) for op in ops if isinstance(op, PutOp)}
        async with self._turns.of(written):
            if isinstance(self._shelves, AwaitedShelves):
                self._loop = asyncio.get_running_loop()
                return await self._shelves.batch(ops)
            return await asyncio.to_thread(self._shelves.batch, ops)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
