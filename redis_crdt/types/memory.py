# Made from __init__.py: change that, and run `python -m tests.faces`.
"""All types, in memory."""

from redis_crdt.types.cardinality.memory import Cardinality, OpensCardinality
from redis_crdt.types.counter_map.memory import CounterMap, OpensCounterMap
from redis_crdt.types.dw_flag.memory import DWFlag, OpensDWFlag
from redis_crdt.types.ew_flag.memory import EWFlag, OpensEWFlag
from redis_crdt.types.g_counter.memory import GCounter, OpensGCounter
from redis_crdt.types.g_set.memory import GSet, OpensGSet
from redis_crdt.types.log.memory import Log, OpensLog
from redis_crdt.types.lww_map.memory import LWWMap, OpensLWWMap
from redis_crdt.types.lww_register.memory import LWWRegister, OpensLWWRegister
from redis_crdt.types.max_register.memory import MaxRegister, OpensMaxRegister
from redis_crdt.types.min_register.memory import MinRegister, OpensMinRegister
from redis_crdt.types.mv_register.memory import MVRegister, OpensMVRegister
from redis_crdt.types.or_set.memory import OpensORSet, ORSet
from redis_crdt.types.pn_counter.memory import OpensPNCounter, PNCounter
from redis_crdt.types.rw_set.memory import OpensRWSet, RWSet
from redis_crdt.types.sorted_map.memory import OpensSortedMap, SortedMap

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
