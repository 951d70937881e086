"""Bringing replicas together: deltas, reconciling, dumps of whole namespaces, and the syncer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis_crdt.core.late import late

if TYPE_CHECKING:
    from redis_crdt.sync.observer import Observer
    from redis_crdt.sync.syncer import Syncer
else:
    __getattr__ = late(
        __name__,
        {"Observer": "redis_crdt.sync.observer", "Syncer": "redis_crdt.sync.syncer"},
    )

__all__ = ["Observer", "Syncer"]
