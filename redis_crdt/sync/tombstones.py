"""Collection: dropping tombstones, and what the feed holds, once nobody needs them any more.

A tombstone may go once every peer has come past its removal in this replica's feed ("causal
stability", Baquero et al., "Making Operation-based CRDTs Operation-based", 2014) and it is older
than a grace period, for which a peer that nobody has heard of yet may hold on to older state.
"""

from __future__ import annotations

from redis_crdt.errors import InvalidSetting
from redis_crdt.names import Keys
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure
from redis_crdt.operations.replica import ReplicaOperations
from redis_crdt.sync.pull import Party

GRACE = 7 * 24 * 60 * 60.0
"""For how many seconds tombstones stay at least, by default."""

WITH_TOMBSTONES = ("or_set", "lww_map")
"""The kinds of collections that things are removed from."""


def check_age(older_than: float) -> float:
    """Return the age if it is one; else raise :class:`InvalidSetting`."""
    if not 0 <= older_than < 1e9:
        raise InvalidSetting(f"older_than: a number of seconds from 0 on, not {older_than}")
    return older_than


def collect_one(
    replica: Party, keys: Keys, name: bytes, kind: str, older_than: float
) -> Procedure[int]:
    """Drop the tombstones of one collection that may go; returns how many went."""
    check_age(older_than)
    gone: int = 0
    cursor = b"0"
    while True:
        request = ask.collect(keys, older_than, name, kind, cursor, replica.about)
        cursor, dropped = yield replica, request
        gone += dropped
        if cursor == b"0":
            return gone


def collect(replica: Party, older_than: float) -> Procedure[int]:
    """Drop all tombstones and feed entries that may go; returns how many tombstones went."""
    check_age(older_than)
    gone = 0
    for shard in range(replica.shards):
        keys = replica.keys(shard)
        cursor = b"0"
        while True:
            cursor, flat, sizes = yield replica, ask.collections(keys, cursor, replica.about)
            for (name, kind), tombstones in zip(ask.names_of(flat), sizes[1::2], strict=True):
                if tombstones and kind in WITH_TOMBSTONES:
                    gone += yield from collect_one(replica, keys, name, kind, older_than)
            if cursor == b"0":
                break
        while (yield replica, ask.trim(keys, older_than, replica.about)):
            pass
    return gone


def forget(replica: Party, peer: str) -> Procedure[bool]:
    """Forget a peer in all shards; returns whether there was such a one."""
    known = False
    for shard in range(replica.shards):
        if (yield replica, ask.forget(replica.keys(shard), peer, replica.about)):
            known = True
    return known


def reset(replica: Party) -> Procedure[None]:
    """Throw away all that a replica holds, shard by shard, and open it anew."""
    for shard in range(replica.shards):
        yield replica, ask.reset(replica.keys(shard), replica.replica_id, replica.about)
        if isinstance(replica, ReplicaOperations):
            yield replica, replica.open_shard(shard)
