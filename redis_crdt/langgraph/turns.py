"""Awaited writes to one item follow each other, in the order in which they were begun."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from redis_crdt.langgraph.matching import Place


class Turns:
    """Who writes to which item, and after whom; in each event loop by itself.

    A put reads before it writes, and a blocking replica is asked in threads: so of a put and a
    delete that a program begins together, the delete would be done first, and the item stay.
    """

    def __init__(self) -> None:
        self._last = WeakKeyDictionary[
            asyncio.AbstractEventLoop, dict[Place, asyncio.Future[None]]
        ]()

    @asynccontextmanager
    async def of(self, places: Collection[Place]) -> AsyncIterator[None]:
        """Enter once all are over that write to one of these items and were begun before."""
        loop = asyncio.get_running_loop()
        last = self._last.setdefault(loop, {})
        mine = loop.create_future()
        earlier = {last[place] for place in places if place in last}
        last.update(dict.fromkeys(places, mine))

        def end(_: object = None) -> None:
            mine.set_result(None)
            for place in places:
                if last[place] is mine:
                    del last[place]

        try:
            if earlier:
                await asyncio.wait(earlier)
            yield
        finally:
            waited_for = [each for each in earlier if not each.done()]
            if waited_for:  # cancelled before its turn, it lets nobody else past those
                asyncio.gather(*waited_for).add_done_callback(end)
            else:
                end()
