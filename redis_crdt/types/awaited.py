# Made from __init__.py: change that, and run `python -m tests.faces`.
"""All types, for asyncio."""

from redis_crdt.types.cardinality.awaited import Cardinality, OpensCardinality
from redis_crdt.types.counter_map.awaited import CounterMap, OpensCounterMap
from redis_crdt.types.dw_flag.awaited import DWFlag, OpensDWFlag
from redis_crdt.types.ew_flag.awaited import EWFlag, OpensEWFlag
from redis_crdt.types.g_counter.awaited import GCounter, OpensGCounter
from redis_crdt.types.g_set.awaited import GSet, OpensGSet
from redis_crdt.types.log.awaited import Log, OpensLog
from redis_crdt.types.lww_map.awaited import LWWMap, OpensLWWMap
from redis_crdt.types.lww_register.awaited import LWWRegister, OpensLWWRegister
from redis_crdt.types.max_register.awaited import MaxRegister, OpensMaxRegister
from redis_crdt.types.min_register.awaited import MinRegister, OpensMinRegister
from redis_crdt.types.mv_register.awaited import MVRegister, OpensMVRegister
from redis_crdt.types.or_set.awaited import OpensORSet, ORSet
from redis_crdt.types.pn_counter.awaited import OpensPNCounter, PNCounter
from redis_crdt.types.rw_set.awaited import OpensRWSet, RWSet
from redis_crdt.types.sorted_map.awaited import OpensSortedMap, SortedMap

__all__ = [
    "Cardinality",
    "CounterMap",
    "DWFlag",
    "EWFlag",
    "GCounter",
    "GSet",
    "LWWMap",
    "LWWRegister",
    "Log",
    "MVRegister",
    "MaxRegister",
    "MinRegister",
    "ORSet",
    "PNCounter",
    "RWSet",
    "SortedMap",
]


class Types(
    OpensCardinality,
    OpensCounterMap,
    OpensDWFlag,
    OpensEWFlag,
    OpensGCounter,
    OpensGSet,
    OpensLog,
    OpensLWWMap,
    OpensLWWRegister,
    OpensMaxRegister,
    OpensMinRegister,
    OpensMVRegister,
    OpensORSet,
    OpensPNCounter,
    OpensRWSet,
    OpensSortedMap,
):
    """Replicas, as far as they have collections of all types."""
