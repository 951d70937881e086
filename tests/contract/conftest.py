"""The backends of the contract: each makes as many regions as a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import fakeredis
import pytest
import pytest_asyncio

from redis_crdt import Replica, memory, servers
from redis_crdt.asyncio import Replica as AsyncReplica
from tests.contract.seam import BACKENDS, Regions


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest_asyncio.fixture
async def region(
    backend: str, new_url: Callable[[Any], str], request: pytest.FixtureRequest
) -> AsyncIterator[Regions]:
    flavour, _, mode = backend.partition("-")
    async with AsyncExitStack() as opened:

        def make(replica_id: str, **options: Any) -> Any:
            if flavour == "memory":
                return memory.Replica(replica_id=replica_id, **options)
            if flavour == "fakeredis":
                server = fakeredis.FakeServer()
                if mode == "blocking":
                    client = opened.enter_context(fakeredis.FakeRedis(server=server))
                    return Replica(client, replica_id=replica_id, **options)
                awaited = fakeredis.FakeAsyncRedis(server=server)
                opened.push_async_callback(awaited.aclose)
                return AsyncReplica(awaited, replica_id=replica_id, **options)
            assert flavour in servers.FLAVOURS
            url = new_url(flavour)
            if mode == "blocking":
                return opened.enter_context(Replica.from_url(url, replica_id=replica_id, **options))
            replica = AsyncReplica.from_url(url, replica_id=replica_id, **options)
            opened.push_async_callback(replica.close)
            return replica

        yield make
