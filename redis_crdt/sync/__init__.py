"""Bringing replicas together: deltas, reconciling, dumps of whole namespaces, and the syncer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis_crdt.sync.observer import Observer

if TYPE_CHECKING:
    from redis_crdt.sync.syncer import Syncer

__all__ = ["Observer", "Syncer"]


def __getattr__(name: str) -> Any:
    """Import the syncer, with all that only it needs, where it is asked for."""
    if name == "Syncer":
        from redis_crdt.sync.syncer import Syncer

        return Syncer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
