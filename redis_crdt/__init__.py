"""Conflict-free replicated data types on Redis, for programs in many regions."""

from redis_crdt.clock import Time
from redis_crdt.collections import GCounter, LWWMap, LWWRegister, MVRegister, ORSet, PNCounter
from redis_crdt.contexts import Context, Reading
from redis_crdt.operations.namespaces import drop_namespace, namespaces
from redis_crdt.protocol import Backend
from redis_crdt.replica import Replica
from redis_crdt.state import State
from redis_crdt.sync.report import SyncReport

__version__ = "0.1.0"

__all__ = [
    "Backend",
    "Context",
    "GCounter",
    "LWWMap",
    "LWWRegister",
    "MVRegister",
    "ORSet",
    "PNCounter",
    "Reading",
    "Replica",
    "State",
    "SyncReport",
    "Time",
    "__version__",
    "drop_namespace",
    "namespaces",
]
