"""What programs that await take for a replica; see the blocking twin."""

from redis_crdt.replica.awaited import Replica
from redis_crdt.types.budget.awaited import Budget

AnyReplica = Replica
AnyBudget = Budget
