"""What programs that await take for a replica; see the blocking twin."""

from redis_crdt.replica.awaited import Replica
from redis_crdt.types.budget.awaited import Budget
from redis_crdt.types.work_queue.awaited import Claim

AnyReplica = Replica
AnyBudget = Budget
AnyClaim = Claim
