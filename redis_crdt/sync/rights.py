"""Rights, as of budgets: taken over from past incarnations, and moved to where they run out."""

from __future__ import annotations

from redis_crdt.core.names import check_replica_id
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure
from redis_crdt.sync.directory import look_up
from redis_crdt.sync.party import Party
from redis_crdt.transport.server import ReplicaOperations


def with_rights(replica: Party) -> Procedure[list[tuple[int, bytes, str]]]:
    """Return the collections that have rights: of each the shard, the name and the kind."""
    return (yield from look_up(replica, lambda kind: kind.has_rights))


def reclaim(replica: Party, of: str) -> Procedure[dict[str, int]]:
    """Take over what past writers of a replica have left; returns how much, by name."""
    check_replica_id(of)
    taken: dict[str, int] = {}
    for shard, name, kind in (yield from with_rights(replica)):
        request = ask.reclaim(replica.keys(shard), name, kind, of, replica.about)
        amount, _ = yield replica, request
        if int(amount):
            taken[name.decode()] = int(amount)
    return taken


def move_rights(
    replica: ReplicaOperations, to: str, places: list[tuple[int, bytes, str]]
) -> Procedure[None]:
    """Move half of what this replica has more to a peer, where that has less than half of it.

    What was held and not settled in time is taken back, too.
    """
    for shard, name, kind in places:
        keys, about = replica.keys(shard), replica.about
        yield replica, ask.move_rights(keys, name, kind, to, replica.durable, about)
