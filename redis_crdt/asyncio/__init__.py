"""The replica and collections of :mod:`redis_crdt`, for asyncio: awaited, otherwise the same."""

from redis_crdt.asyncio.g_counter import GCounter
from redis_crdt.asyncio.lww_map import LWWMap
from redis_crdt.asyncio.lww_register import LWWRegister
from redis_crdt.asyncio.mv_register import MVRegister
from redis_crdt.asyncio.or_set import ORSet
from redis_crdt.asyncio.pn_counter import PNCounter
from redis_crdt.asyncio.replica import Replica

__all__ = ["GCounter", "LWWMap", "LWWRegister", "MVRegister", "ORSet", "PNCounter", "Replica"]
