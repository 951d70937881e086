# Made from __init__.py: change that, and run `python -m tests.faces`.
"""What programs may take, whichever replica has it."""

from typing import Protocol

from redis_crdt.types.budget.protocol import OpensBudget
from redis_crdt.types.cardinality.protocol import OpensCardinality
from redis_crdt.types.counter_map.protocol import OpensCounterMap
from redis_crdt.types.dw_flag.protocol import OpensDWFlag
from redis_crdt.types.ew_flag.protocol import OpensEWFlag
from redis_crdt.types.g_counter.protocol import OpensGCounter
from redis_crdt.types.g_set.protocol import OpensGSet
from redis_crdt.types.log.protocol import OpensLog
from redis_crdt.types.lww_map.protocol import OpensLWWMap
from redis_crdt.types.lww_register.protocol import OpensLWWRegister
from redis_crdt.types.max_register.protocol import OpensMaxRegister
from redis_crdt.types.min_register.protocol import OpensMinRegister
from redis_crdt.types.mv_register.protocol import OpensMVRegister
from redis_crdt.types.or_set.protocol import OpensORSet
from redis_crdt.types.pn_counter.protocol import OpensPNCounter
from redis_crdt.types.rw_set.protocol import OpensRWSet
from redis_crdt.types.sorted_map.protocol import OpensSortedMap
from redis_crdt.types.work_queue.protocol import OpensWorkQueue


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
    Protocol,
):
    """Replicas, as far as they have collections of all types."""
