# Made from awaited.py: change that, and run `python -m tests.faces`.
"""All types."""

from redis_crdt.types.cardinality.blocking import Cardinality, OpensCardinality
from redis_crdt.types.counter_map.blocking import CounterMap, OpensCounterMap
from redis_crdt.types.dw_flag.blocking import DWFlag, OpensDWFlag
from redis_crdt.types.ew_flag.blocking import EWFlag, OpensEWFlag
from redis_crdt.types.g_counter.blocking import GCounter, OpensGCounter
from redis_crdt.types.g_set.blocking import GSet, OpensGSet
from redis_crdt.types.log.blocking import Log, OpensLog
from redis_crdt.types.lww_map.blocking import LWWMap, OpensLWWMap
from redis_crdt.types.lww_register.blocking import LWWRegister, OpensLWWRegister
from redis_crdt.types.max_register.blocking import MaxRegister, OpensMaxRegister
from redis_crdt.types.min_register.blocking import MinRegister, OpensMinRegister
from redis_crdt.types.mv_register.blocking import MVRegister, OpensMVRegister
from redis_crdt.types.or_set.blocking import OpensORSet, ORSet
from redis_crdt.types.pn_counter.blocking import OpensPNCounter, PNCounter
from redis_crdt.types.rw_set.blocking import OpensRWSet, RWSet
from redis_crdt.types.sorted_map.blocking import OpensSortedMap, SortedMap

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
