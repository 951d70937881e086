"""A FastAPI application: one in each region, each with its own Redis, kept in step as it runs.

With several processes in a region, let one syncer beside them do the exchange
(``redis-crdt sync``), and leave ``keep_in_sync`` out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from redis_crdt.asyncio import CounterMap, Replica


def likes_of(request: Request) -> CounterMap:
    likes: CounterMap = request.state.likes
    return likes


Likes = Annotated[CounterMap, Depends(likes_of)]


def make_app(url: str, region: str, peers: Sequence[str]) -> FastAPI:
    """Make the application of a region; ``peers`` are the URLs of the others' servers."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, object]]:
        async with (
            Replica.from_url(url, replica_id=region, namespace="site") as replica,
            replica.keep_in_sync(peers),
        ):
            yield {"likes": replica.counter_map("likes")}

    app = FastAPI(lifespan=lifespan)

    @app.get("/pages/{page}")
    async def read(page: str, likes: Likes) -> dict[str, int]:
        return {"likes": await likes.value(page)}

    @app.post("/pages/{page}/like")
    async def like(page: str, likes: Likes) -> dict[str, int]:
        await likes.increment(page)
        return {"likes": await likes.value(page)}

    return app
