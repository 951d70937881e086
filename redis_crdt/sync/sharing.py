"""Sharing: giving other regions some of what only this one may do, where they ask for it.

Of a kind that is shared, what is asked for comes with all else that is pulled; and what is given
goes to those who pull. So no region needs rights to write to another.
"""

from __future__ import annotations

from redis_crdt.core.kinds import KINDS
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure
from redis_crdt.sync.directory import look_up
from redis_crdt.sync.party import Party


def share(replica: Party) -> Procedure[int]:
    """Have each collection give what others ask for; returns how many entries were given."""
    given = 0
    for shard, name, kind in (yield from look_up(replica, lambda kind: kind.shared_by)):
        script = KINDS[kind].shared_by
        assert script is not None
        keys, about = replica.keys(shard), replica.about
        reply = yield replica, ask.share(keys, name, kind, script, about)
        given += reply[0]
    return given
