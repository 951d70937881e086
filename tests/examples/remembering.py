"""A node of a LangGraph graph that remembers what users told it, in whatever region they are.

It is written against LangGraph's ``BaseStore``: give a graph ``CRDTStore(replica)`` as it is
compiled, ``builder.compile(store=store)``, and its nodes are handed that.
"""

from __future__ import annotations

from typing import TypedDict

from langgraph.store.base import BaseStore


class State(TypedDict):
    user: str
    said: str
    reply: str


def assistant(state: State, *, store: BaseStore) -> dict[str, str]:
    """Remember what a user likes, and tell what is remembered."""
    likes = (state["user"], "likes")
    if state["said"].startswith("I like "):
        what = state["said"].removeprefix("I like ")
        store.put(likes, what, {"what": what})
    elif state["said"].startswith("I do not like "):
        store.delete(likes, state["said"].removeprefix("I do not like "))
    known = sorted(item.value["what"] for item in store.search(likes, limit=100))
    return {"reply": f"You like {', '.join(known) or 'nothing that I know of'}."}


async def aassistant(state: State, *, store: BaseStore) -> dict[str, str]:
    """Tell what is remembered, in a graph that awaits."""
    found = await store.asearch((state["user"], "likes"), limit=100)
    return {"reply": f"You like {len(found)} things."}
