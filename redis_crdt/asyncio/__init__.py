"""The replica and collections of :mod:`redis_crdt`, for asyncio: awaited, otherwise the same."""

from redis_crdt.replica.awaited import Replica
from redis_crdt.types.g_counter.awaited import GCounter
from redis_crdt.types.lww_map.awaited import LWWMap
from redis_crdt.types.lww_register.awaited import LWWRegister
from redis_crdt.types.mv_register.awaited import MVRegister
from redis_crdt.types.or_set.awaited import ORSet
from redis_crdt.types.pn_counter.awaited import PNCounter

__all__ = ["GCounter", "LWWMap", "LWWRegister", "MVRegister", "ORSet", "PNCounter", "Replica"]
