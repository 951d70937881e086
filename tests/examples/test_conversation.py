"""The example's conversation moves from one region to another, and back."""

from __future__ import annotations

from collections.abc import Callable

from redis_crdt import servers
from redis_crdt.asyncio import Replica
from tests.examples.conversation import take_back, talk
from tests.examples.parrot import Parrot


async def test_in_two_regions(
    server_flavour: servers.Flavour, new_url: Callable[[servers.Flavour], str]
) -> None:
    model = Parrot()
    async with (
        Replica.from_url(new_url(server_flavour), replica_id="eu") as eu,
        Replica.from_url(new_url(server_flavour), replica_id="us") as us,
    ):
        assert await talk(eu, model, "ann", "one") == "I have heard: one"
        await eu.sync(us)
        assert await talk(us, model, "ann", "two") == "I have heard: one, two"
        await take_back(us, "ann")
        await talk(eu, model, "ann", "three")  # while they are cut apart
        await eu.sync(us)
        assert await talk(us, model, "ann", "four") == "I have heard: one, three, four"
        await eu.sync(us)
        assert await talk(eu, model, "ann", "five") == "I have heard: one, three, four, five"
