"""The six types in memory, bare or in a replica: the reference semantics of this library."""

from redis_crdt.memory.g_counter import GCounter
from redis_crdt.memory.lww_map import LWWMap
from redis_crdt.memory.lww_register import LWWRegister
from redis_crdt.memory.mv_register import MVRegister
from redis_crdt.memory.or_set import ORSet
from redis_crdt.memory.pn_counter import PNCounter
from redis_crdt.memory.replica import Replica

__all__ = ["GCounter", "LWWMap", "LWWRegister", "MVRegister", "ORSet", "PNCounter", "Replica"]
