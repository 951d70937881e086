"""The backends of the contract: each makes as many regions as a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any, cast

import fakeredis
import pytest
import pytest_asyncio

from redis_crdt import Replica, memory, servers
from redis_crdt.asyncio import Replica as AsyncReplica
from tests.backends import Flavour, NewClient
from tests.contract.seam import BACKENDS, Regions, settled


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def replica(where: Any, new_client: NewClient) -> Iterator[Any]:
    """A blocking replica where the test says, which is closed whatever refers to it still."""
    here = memory.Replica(replica_id="a")
    with here if where == "memory" else Replica(new_client(where), replica_id="a") as opened:
        yield opened


@pytest_asyncio.fixture
async def region(
    backend: str,
    new_client: NewClient,
    new_url: Callable[[Any], str],
    new_cluster: Callable[[], servers.Cluster],
) -> AsyncIterator[Regions]:
    flavour, _, mode = backend.partition("-")

    async def closed(replica: Any) -> None:
        await settled(replica.close())

    async with AsyncExitStack() as opened:

        def make(replica_id: str, **options: Any) -> Any:
            if flavour == "memory":
                return memory.Replica(replica_id=replica_id, **options)
            if flavour == "cluster":
                # So that more than one node is at work.
                options = {"shards": 4, **options}
                client_ = AsyncReplica if mode == "asyncio" else Replica
                replica: Any = client_.from_url(new_cluster().url, replica_id=replica_id, **options)
                opened.push_async_callback(closed, replica)
                return replica
            if mode == "blocking":
                client = new_client(cast(Flavour, flavour))
                return Replica(client, replica_id=replica_id, **options)
            if flavour == "fakeredis":
                awaited = fakeredis.FakeAsyncRedis(server=fakeredis.FakeServer())
                opened.push_async_callback(awaited.aclose)
                return AsyncReplica(awaited, replica_id=replica_id, **options)
            replica = AsyncReplica.from_url(new_url(flavour), replica_id=replica_id, **options)
            opened.push_async_callback(replica.close)
            return replica

        yield make
