"""An ASGI application: one in each region, each with its own Redis, kept in step as it runs.

FastAPI takes ``lifespan`` and routes in the same way. With several processes in a region, let one
syncer beside them do the exchange (``redis-crdt sync``), and leave ``keep_in_sync`` out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from redis_crdt.asyncio import Replica


async def like(request: Request) -> JSONResponse:
    page = request.path_params["page"]
    await request.state.likes.increment(page)
    return JSONResponse({"likes": await request.state.likes.value(page)})


async def likes(request: Request) -> JSONResponse:
    return JSONResponse({"likes": await request.state.likes.value(request.path_params["page"])})


def make_app(url: str, region: str, peers: Sequence[str]) -> Starlette:
    """Make the application of a region; ``peers`` are the URLs of the others' servers."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, object]]:
        async with (
            Replica.from_url(url, replica_id=region, namespace="site") as replica,
            replica.keep_in_sync(peers),
        ):
            yield {"replica": replica, "likes": replica.counter_map("likes")}

    routes = [
        Route("/pages/{page}", likes),
        Route("/pages/{page}/like", like, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
