# Made from __init__.py: change that, and run `python -m tests.faces`.
"""All types, in memory."""

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
    "Budget": "redis_crdt.types.budget.memory",
    "Cardinality": "redis_crdt.types.cardinality.memory",
    "CounterMap": "redis_crdt.types.counter_map.memory",
    "DWFlag": "redis_crdt.types.dw_flag.memory",
    "EWFlag": "redis_crdt.types.ew_flag.memory",
    "GCounter": "redis_crdt.types.g_counter.memory",
    "GSet": "redis_crdt.types.g_set.memory",
    "Log": "redis_crdt.types.log.memory",
    "LWWMap": "redis_crdt.types.lww_map.memory",
    "LWWRegister": "redis_crdt.types.lww_register.memory",
    "MaxRegister": "redis_crdt.types.max_register.memory",
    "MinRegister": "redis_crdt.types.min_register.memory",
    "MVRegister": "redis_crdt.types.mv_register.memory",
    "ORSet": "redis_crdt.types.or_set.memory",
    "PNCounter": "redis_crdt.types.pn_counter.memory",
    "RWSet": "redis_crdt.types.rw_set.memory",
    "SortedMap": "redis_crdt.types.sorted_map.memory",
    "WorkQueue": "redis_crdt.types.work_queue.memory",
    "Hold": "redis_crdt.types.budget.memory",
    "Claim": "redis_crdt.types.work_queue.memory",
}
"""Where each class is."""

if TYPE_CHECKING:
    from redis_crdt.types.budget.memory import Budget, Hold, OpensBudget
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
    from redis_crdt.types.work_queue.memory import Claim, OpensWorkQueue, WorkQueue

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

        budget = LateMethod("redis_crdt.types.budget.memory", "OpensBudget")
        cardinality = LateMethod("redis_crdt.types.cardinality.memory", "OpensCardinality")
        counter_map = LateMethod("redis_crdt.types.counter_map.memory", "OpensCounterMap")
        dw_flag = LateMethod("redis_crdt.types.dw_flag.memory", "OpensDWFlag")
        ew_flag = LateMethod("redis_crdt.types.ew_flag.memory", "OpensEWFlag")
        g_counter = LateMethod("redis_crdt.types.g_counter.memory", "OpensGCounter")
        g_set = LateMethod("redis_crdt.types.g_set.memory", "OpensGSet")
        log = LateMethod("redis_crdt.types.log.memory", "OpensLog")
        lww_map = LateMethod("redis_crdt.types.lww_map.memory", "OpensLWWMap")
        lww_register = LateMethod("redis_crdt.types.lww_register.memory", "OpensLWWRegister")
        max_register = LateMethod("redis_crdt.types.max_register.memory", "OpensMaxRegister")
        min_register = LateMethod("redis_crdt.types.min_register.memory", "OpensMinRegister")
        mv_register = LateMethod("redis_crdt.types.mv_register.memory", "OpensMVRegister")
        or_set = LateMethod("redis_crdt.types.or_set.memory", "OpensORSet")
        pn_counter = LateMethod("redis_crdt.types.pn_counter.memory", "OpensPNCounter")
        rw_set = LateMethod("redis_crdt.types.rw_set.memory", "OpensRWSet")
        sorted_map = LateMethod("redis_crdt.types.sorted_map.memory", "OpensSortedMap")
        work_queue = LateMethod("redis_crdt.types.work_queue.memory", "OpensWorkQueue")
