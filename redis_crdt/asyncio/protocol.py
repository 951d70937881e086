"""What programs that await take, as :mod:`redis_crdt.protocol` says it of the others."""

from redis_crdt.asyncio.replica import Replica

AnyReplica = Replica
