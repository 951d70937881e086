"""The collections on a server, by a client that blocks: one module per type."""

from redis_crdt.collections.collection import Collection
from redis_crdt.collections.g_counter import GCounter
from redis_crdt.collections.lww_map import LWWMap
from redis_crdt.collections.lww_register import LWWRegister
from redis_crdt.collections.mv_register import MVRegister
from redis_crdt.collections.or_set import ORSet
from redis_crdt.collections.pn_counter import PNCounter

__all__ = ["Collection", "GCounter", "LWWMap", "LWWRegister", "MVRegister", "ORSet", "PNCounter"]
