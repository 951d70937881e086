"""Trying, before a syncer starts, all that it will need. Nothing that others read is changed."""

from __future__ import annotations

from secrets import token_hex
from typing import NamedTuple

from redis_crdt.errors import ClockDrift, ReplicaConflict, ReplicaMismatch
from redis_crdt.operations import replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Command, Procedure, Wait
from redis_crdt.sync.party import read_clock
from redis_crdt.transport.server import ReplicaOperations


class Trial(NamedTuple):
    """One thing that was tried."""

    what: str
    """``replica``, or which of the peers: ``peer 1`` and so on."""
    address: str
    """Where its server is, as far as that is known."""
    good: bool
    told: str
    """What came of it."""


def try_replica(replica: ReplicaOperations) -> Procedure[str]:
    """Try to read and write a syncer's own replica; returns what came of it."""
    for shard in range(replica.shards):
        keys = replica.keys(shard)
        yield replica, ask.knowledge(keys, replica.about)
        # It vanishes by itself, as what stands at such a key always does.
        passing = ("SET", keys.prefix + b"reading:" + token_hex(8).encode(), "", "EX", 1)
        yield replica, Command(passing, about=replica.about, shard=shard)
    yield from read_clock(replica, replica.about)
    return f"{replica.replica_id} can be read and written"


def try_peer(replica: ReplicaOperations, peer: ReplicaOperations) -> Procedure[str]:
    """Try to read a peer, and whether what it has next would be taken; returns what came of it."""
    if peer.shards != replica.shards:
        raise ReplicaMismatch(f"{peer.about} has {peer.shards} shards, not {replica.shards}")
    if peer.replica_id == replica.replica_id:
        raise ReplicaConflict(f"{peer.about} is a replica of the same id, {peer.replica_id}")
    drift = (yield from read_clock(peer, peer.about)) - (
        yield from read_clock(replica, replica.about)
    )
    if abs(drift) > replica.max_drift:
        raise ClockDrift(f"{peer.about}: its clock is {drift:+.1f} s ahead of this replica's")
    for shard in range(replica.shards):
        mine = yield replica, ask.knowledge(replica.keys(shard), replica.about)
        keys, about, token = peer.keys(shard), peer.about, token_hex(8).encode()
        yield peer, ask.scan(keys, replies.Position(), about, token)
        delta = yield peer, ask.dump(keys, mine.writer, mine.known, b"", about, token)
        yield peer, Wait({shard: b"0-0"}, 0.0, count=1, about=about)
        yield (
            replica,
            ask.apply(
                *(replica.keys(shard), delta.source, mine.standing, b"", "try"),
                *(replica.max_drift, "", delta.body, about),
            ),
        )
    return f"{peer.replica_id} can be read; its clock is {drift:+.3f} s ahead"
