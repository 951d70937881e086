"""A store for LangGraph: long-term memory that agents in several regions share.

Needs ``langgraph-checkpoint``, as ``redis-crdt[langgraph]`` brings it. There is no checkpointer:
see :class:`CRDTStore`.
"""

from redis_crdt.core.extras import extra

with extra("langgraph"):
    from redis_crdt.langgraph.store import CRDTStore

__all__ = ["CRDTStore"]
