"""The example remembers by LangGraph's own store, and by ours across a partition."""

from __future__ import annotations

from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

from redis_crdt import Replica, servers
from redis_crdt.langgraph import CRDTStore
from tests.backends import NewClient
from tests.examples.remembering import State, aassistant, assistant


def tell(store: BaseStore, said: str) -> str:
    return assistant(State(user="ann", said=said, reply=""), store=store)["reply"]


async def test_by_any_store(new_client: NewClient) -> None:
    for store in (InMemoryStore(), CRDTStore(Replica(new_client("valkey"), replica_id="eu"))):
        assert tell(store, "hello") == "You like nothing that I know of."
        assert tell(store, "I like tea") == "You like tea."
        told = await aassistant(State(user="ann", said="", reply=""), store=store)
        assert told == {"reply": "You like 1 things."}


def test_in_two_regions(server_flavour: servers.Flavour, new_client: NewClient) -> None:
    eu, us = (Replica(new_client(server_flavour), replica_id=name) for name in ("eu", "us"))
    here, there = CRDTStore(eu), CRDTStore(us)
    tell(here, "I like tea")
    tell(here, "I like rain")
    eu.sync(us)
    tell(here, "I do not like rain")  # while they are cut apart
    assert tell(there, "I like trains") == "You like rain, tea, trains."
    eu.sync(us)
    assert tell(here, "hello") == tell(there, "hello") == "You like tea, trains."
