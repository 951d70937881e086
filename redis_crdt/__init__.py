"""Conflict-free replicated data types on Redis, for programs in many regions."""

from redis_crdt.core.clock import Time
from redis_crdt.core.contexts import Context, Reading
from redis_crdt.core.state import State
from redis_crdt.replica.backend.blocking import Backend
from redis_crdt.replica.blocking import Replica
from redis_crdt.sync.report import SyncReport
from redis_crdt.transport.namespaces import drop_namespace, namespaces
from redis_crdt.types.g_counter.blocking import GCounter
from redis_crdt.types.lww_map.blocking import LWWMap
from redis_crdt.types.lww_register.blocking import LWWRegister
from redis_crdt.types.mv_register.blocking import MVRegister
from redis_crdt.types.or_set.blocking import ORSet
from redis_crdt.types.pn_counter.blocking import PNCounter

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
