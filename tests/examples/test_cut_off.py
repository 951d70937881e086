"""What frameworks remember, in two regions with syncers, while one is cut off, and afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from redis_crdt import servers
from redis_crdt.asyncio import Replica
from redis_crdt.langgraph import CRDTStore
from redis_crdt.openai_agents import CRDTSession
from tests.examples.conversation import talk
from tests.examples.parrot import Parrot
from tests.proxy import Proxy


async def until(read: Callable[[], Awaitable[Any]], expected: object) -> None:
    """Wait until what is read is what is expected."""
    found: Any = None
    for _ in range(1000):
        found = await read()
        if found == expected:
            return
        await asyncio.sleep(0.02)
    assert found == expected


async def test_nothing_is_lost(new_url: Callable[[servers.Flavour], str]) -> None:
    urls = [new_url("valkey"), new_url("redis62")]
    with ExitStack() as opened:
        networks = [
            opened.enter_context(Proxy(url.removeprefix("unix://").partition("?")[0]))
            for url in urls
        ]
        ways = [
            f"{network.url}?{url.partition('?')[2]}"
            for network, url in zip(networks, urls, strict=True)
        ]
        async with (
            Replica.from_url(urls[0], replica_id="eu") as eu,
            Replica.from_url(urls[1], replica_id="us") as us,
            eu.keep_in_sync([ways[1]], interval=0.2),
            us.keep_in_sync([ways[0]], interval=0.2),
        ):
            stores = [CRDTStore(replica) for replica in (eu, us)]
            model = Parrot()
            await stores[0].aput(("users", "ann"), "tea", {"likes": True})
            await talk(eu, model, "ann", "one")

            async def known(store: CRDTStore) -> list[str]:
                return sorted(item.key for item in await store.asearch(("users",), limit=100))

            async def said(replica: Replica) -> list[str]:
                items = await CRDTSession("ann", replica).get_items()
                return [item["content"] for item in items if item["role"] == "user"]

            for store, replica in zip(stores, (eu, us), strict=True):
                await until(partial(known, store), ["tea"])
                await until(partial(said, replica), ["one"])

            for network in networks:
                network.cut()
            await stores[0].adelete(("users", "ann"), "tea")
            await stores[0].aput(("users", "ann", "trips"), "rome", {})
            await stores[1].aput(("users", "ben"), "rain", {})
            assert await talk(eu, model, "ann", "two") == "I have heard: one, two"
            assert await talk(us, model, "ann", "three") == "I have heard: one, three"
            assert (await known(stores[0]), await known(stores[1])) == (["rome"], ["rain", "tea"])

            for network in networks:
                network.heal()
            for store, replica in zip(stores, (eu, us), strict=True):
                await until(partial(known, store), ["rain", "rome"])
                await until(partial(said, replica), ["one", "two", "three"])
                assert await store.alist_namespaces() == [
                    ("users", "ann", "trips"),
                    ("users", "ben"),
                ]
            assert await talk(us, model, "ann", "four") == "I have heard: one, two, three, four"
