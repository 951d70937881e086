"""The six types in memory, bare or in a replica: the reference semantics of this library."""

from redis_crdt.replica.memory import Replica
from redis_crdt.types.g_counter.memory import GCounter
from redis_crdt.types.lww_map.memory import LWWMap
from redis_crdt.types.lww_register.memory import LWWRegister
from redis_crdt.types.mv_register.memory import MVRegister
from redis_crdt.types.or_set.memory import ORSet
from redis_crdt.types.pn_counter.memory import PNCounter

__all__ = ["GCounter", "LWWMap", "LWWRegister", "MVRegister", "ORSet", "PNCounter", "Replica"]
