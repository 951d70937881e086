# Made from __init__.py: change that, and run `python -m tests.faces`.
"""All types."""

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
    "Budget": "redis_crdt.types.budget.blocking",
    "Cardinality": "redis_crdt.types.cardinality.blocking",
    "CounterMap": "redis_crdt.types.counter_map.blocking",
    "DWFlag": "redis_crdt.types.dw_flag.blocking",
    "EWFlag": "redis_crdt.types.ew_flag.blocking",
    "GCounter": "redis_crdt.types.g_counter.blocking",
    "GSet": "redis_crdt.types.g_set.blocking",
    "Log": "redis_crdt.types.log.blocking",
    "LWWMap": "redis_crdt.types.lww_map.blocking",
    "LWWRegister": "redis_crdt.types.lww_register.blocking",
    "MaxRegister": "redis_crdt.types.max_register.blocking",
    "MinRegister": "redis_crdt.types.min_register.blocking",
    "MVRegister": "redis_crdt.types.mv_register.blocking",
    "ORSet": "redis_crdt.types.or_set.blocking",
    "PNCounter": "redis_crdt.types.pn_counter.blocking",
    "RWSet": "redis_crdt.types.rw_set.blocking",
    "SortedMap": "redis_crdt.types.sorted_map.blocking",
    "WorkQueue": "redis_crdt.types.work_queue.blocking",
    "Hold": "redis_crdt.types.budget.blocking",
    "Claim": "redis_crdt.types.work_queue.blocking",
}
"""Where each class is."""

if TYPE_CHECKING:
    from redis_crdt.types.budget.blocking import Budget, Hold, OpensBudget
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
    from redis_crdt.types.work_queue.blocking import Claim, OpensWorkQueue, WorkQueue

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

        budget = LateMethod("redis_crdt.types.budget.blocking", "OpensBudget")
        cardinality = LateMethod("redis_crdt.types.cardinality.blocking", "OpensCardinality")
        counter_map = LateMethod("redis_crdt.types.counter_map.blocking", "OpensCounterMap")
        dw_flag = LateMethod("redis_crdt.types.dw_flag.blocking", "OpensDWFlag")
        ew_flag = LateMethod("redis_crdt.types.ew_flag.blocking", "OpensEWFlag")
        g_counter = LateMethod("redis_crdt.types.g_counter.blocking", "OpensGCounter")
        g_set = LateMethod("redis_crdt.types.g_set.blocking", "OpensGSet")
        log = LateMethod("redis_crdt.types.log.blocking", "OpensLog")
        lww_map = LateMethod("redis_crdt.types.lww_map.blocking", "OpensLWWMap")
        lww_register = LateMethod("redis_crdt.types.lww_register.blocking", "OpensLWWRegister")
        max_register = LateMethod("redis_crdt.types.max_register.blocking", "OpensMaxRegister")
        min_register = LateMethod("redis_crdt.types.min_register.blocking", "OpensMinRegister")
        mv_register = LateMethod("redis_crdt.types.mv_register.blocking", "OpensMVRegister")
        or_set = LateMethod("redis_crdt.types.or_set.blocking", "OpensORSet")
        pn_counter = LateMethod("redis_crdt.types.pn_counter.blocking", "OpensPNCounter")
        rw_set = LateMethod("redis_crdt.types.rw_set.blocking", "OpensRWSet")
        sorted_map = LateMethod("redis_crdt.types.sorted_map.blocking", "OpensSortedMap")
        work_queue = LateMethod("redis_crdt.types.work_queue.blocking", "OpensWorkQueue")
