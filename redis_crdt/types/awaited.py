# Made from __init__.py: change that, and run `python -m tests.faces`.
"""All types, for asyncio."""

from typing import TYPE_CHECKING, Final

from redis_crdt.core.late import LateMethod, late

__all__ = [
    "Budget",
    "Cardinality",
    "Claim",
    "CounterMap",
    "DWFlag",
    "EWFlag",
    "GCounter",
    "GSet",
    "Hold",
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
    "WorkQueue",
]

PLACES: Final = {
    "Budget": "redis_crdt.types.budget.awaited",
    "Cardinality": "redis_crdt.types.cardinality.awaited",
    "CounterMap": "redis_crdt.types.counter_map.awaited",
    "DWFlag": "redis_crdt.types.dw_flag.awaited",
    "EWFlag": "redis_crdt.types.ew_flag.awaited",
    "GCounter": "redis_crdt.types.g_counter.awaited",
    "GSet": "redis_crdt.types.g_set.awaited",
    "Log": "redis_crdt.types.log.awaited",
    "LWWMap": "redis_crdt.types.lww_map.awaited",
    "LWWRegister": "redis_crdt.types.lww_register.awaited",
    "MaxRegister": "redis_crdt.types.max_register.awaited",
    "MinRegister": "redis_crdt.types.min_register.awaited",
    "MVRegister": "redis_crdt.types.mv_register.awaited",
    "ORSet": "redis_crdt.types.or_set.awaited",
    "PNCounter": "redis_crdt.types.pn_counter.awaited",
    "RWSet": "redis_crdt.types.rw_set.awaited",
    "SortedMap": "redis_crdt.types.sorted_map.awaited",
    "WorkQueue": "redis_crdt.types.work_queue.awaited",
    "Hold": "redis_crdt.types.budget.awaited",
    "Claim": "redis_crdt.types.work_queue.awaited",
}
"""Where each class is."""

if TYPE_CHECKING:
    from redis_crdt.types.budget.awaited import Budget, Hold, OpensBudget
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
    from redis_crdt.types.work_queue.awaited import Claim, OpensWorkQueue, WorkQueue

    class Types(
        OpensBudget,
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
        OpensWorkQueue,
    ):
        """Replicas, as far as they have collections of all types."""
else:
    __getattr__ = late(__name__, PLACES)

    class Types:
        """Replicas, as far as they have collections of all types."""

        budget = LateMethod("redis_crdt.types.budget.awaited", "OpensBudget")
        cardinality = LateMethod("redis_crdt.types.cardinality.awaited", "OpensCardinality")
        counter_map = LateMethod("redis_crdt.types.counter_map.awaited", "OpensCounterMap")
        dw_flag = LateMethod("redis_crdt.types.dw_flag.awaited", "OpensDWFlag")
        ew_flag = LateMethod("redis_crdt.types.ew_flag.awaited", "OpensEWFlag")
        g_counter = LateMethod("redis_crdt.types.g_counter.awaited", "OpensGCounter")
        g_set = LateMethod("redis_crdt.types.g_set.awaited", "OpensGSet")
        log = LateMethod("redis_crdt.types.log.awaited", "OpensLog")
        lww_map = LateMethod("redis_crdt.types.lww_map.awaited", "OpensLWWMap")
        lww_register = LateMethod("redis_crdt.types.lww_register.awaited", "OpensLWWRegister")
        max_register = LateMethod("redis_crdt.types.max_register.awaited", "OpensMaxRegister")
        min_register = LateMethod("redis_crdt.types.min_register.awaited", "OpensMinRegister")
        mv_register = LateMethod("redis_crdt.types.mv_register.awaited", "OpensMVRegister")
        or_set = LateMethod("redis_crdt.types.or_set.awaited", "OpensORSet")
        pn_counter = LateMethod("redis_crdt.types.pn_counter.awaited", "OpensPNCounter")
        rw_set = LateMethod("redis_crdt.types.rw_set.awaited", "OpensRWSet")
        sorted_map = LateMethod("redis_crdt.types.sorted_map.awaited", "OpensSortedMap")
        work_queue = LateMethod("redis_crdt.types.work_queue.awaited", "OpensWorkQueue")
