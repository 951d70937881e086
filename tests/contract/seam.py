"""What the contract is written against: one region after the other, on any backend, awaited.

The tests are coroutines; ``settled`` awaits what is awaitable and hands on what is not, so that
the same lines run on the blocking replicas and on asyncio's.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

from tests.backends import FLAVOURS

Regions = Callable[..., Any]
"""Makes a replica with a keyspace of its own: its id, then the options of ``Replica``."""

BACKENDS = (
    "memory",
    *(f"{where}-{mode}" for where in (*FLAVOURS, "cluster") for mode in ("blocking", "asyncio")),
)


async def settled(result: Any) -> Any:
    """Return what a call returned, awaited where it must be."""
    return await result if inspect.isawaitable(result) else result


async def size(collection: Any) -> int:
    """How many elements or keys there are."""
    return int(await settled(collection.size() if hasattr(collection, "size") else len(collection)))


async def contains(collection: Any, item: Any) -> bool:
    """Whether an element or key is there."""
    if hasattr(collection, "contains"):
        found = await settled(collection.contains(item))
        assert isinstance(found, bool)
        return found
    return item in collection


START = "0-0"
"""Where all feeds begin, as a cursor of one shard."""


async def watched(watching: Any) -> list[Any]:
    """Everything that a watch yields before it times out."""
    if isinstance(watching, AsyncIterator):
        return [change async for change in watching]
    return list(watching)


async def in_batch(replica: Any, record: Callable[[Any], Any]) -> Any:
    """Collect operations in a batch, send it, and return what collecting them gave."""
    batch = replica.batch()
    if hasattr(batch, "__aenter__"):
        async with batch:
            return record(batch)
    with batch:
        return record(batch)


async def items(collection: Any) -> dict[str, Any]:
    """All of a map."""
    return dict(await settled(collection.items()))


async def merged(collection: Any, other: Any) -> Any:
    """The merge of a collection with another: in memory a new one, on a server the same."""
    return await settled(collection.merge(await settled(other.dump())))
