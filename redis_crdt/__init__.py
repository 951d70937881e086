"""Conflict-free replicated data types on Redis, for programs in many regions."""

from typing import TYPE_CHECKING

from redis_crdt.core.late import late
from redis_crdt.types import blocking as _types

if TYPE_CHECKING:
    from redis_crdt.core.clock import Time
    from redis_crdt.core.contexts import Context, Reading
    from redis_crdt.core.state import State
    from redis_crdt.replica.backend.blocking import Backend
    from redis_crdt.replica.blocking import Replica
    from redis_crdt.sync.report import SyncReport
    from redis_crdt.transport.namespaces import drop_namespace, namespaces
    from redis_crdt.types.blocking import *  # noqa: F403 - each type is registered once
else:
    __getattr__ = late(
        __name__,
        {
            "Backend": "redis_crdt.replica.backend.blocking",
            "Context": "redis_crdt.core.contexts",
            "Reading": "redis_crdt.core.contexts",
            "Replica": "redis_crdt.replica.blocking",
            "State": "redis_crdt.core.state",
            "SyncReport": "redis_crdt.sync.report",
            "Time": "redis_crdt.core.clock",
            "drop_namespace": "redis_crdt.transport.namespaces",
            "namespaces": "redis_crdt.transport.namespaces",
            **_types.PLACES,
        },
    )

__version__ = "0.1.0"

__all__ = [
    "Backend",
    "Context",
    "Reading",
    "Replica",
    "State",
    "SyncReport",
    "Time",
    "__version__",
    "drop_namespace",
    "namespaces",
]
__all__ += _types.__all__


def __dir__() -> list[str]:
    return sorted(__all__)
