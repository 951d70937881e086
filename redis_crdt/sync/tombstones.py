"""Collection: dropping tombstones, and what the feed holds, once nobody needs them any more.

A tombstone may go once this replica knows all about the writers whose dots it tells of: then
absence says the same. That every known peer has come past it in this replica's feed ("causal
stability", Baquero et al., "Making Operation-based CRDTs Operation-based", 2014), and that it is
older than a grace period, is waited for only so that they can go on with deltas.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from datetime import UTC, datetime

from pydantic import ValidationError

from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import Keys, check_name, part_name, shard_of
from redis_crdt.errors import InvalidSetting
from redis_crdt.operations import expiry
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure
from redis_crdt.sync.directory import find
from redis_crdt.sync.party import Party
from redis_crdt.transport.server import ReplicaOperations

GRACE = 7 * 24 * 60 * 60.0
"""For how many seconds tombstones stay at least, by default."""


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
        yield replica, ask.lay_floor(keys, replica.about)
        cursor = b"0"
        while True:
            page = yield replica, ask.collections(keys, cursor, replica.about)
            for (name, kind), (_, tombstones) in zip(page.names, page.sizes, strict=True):
                if KINDS[kind].sides:
                    yield replica, ask.fold(keys, name, kind, replica.about)
                if tombstones and KINDS[kind].has_dots and not KINDS[kind].is_inverted:
                    gone += yield from collect_one(replica, keys, name, kind, older_than)
            cursor = page.cursor
            if cursor == b"0":
                break
        while True:
            request = ask.prune(keys, older_than, cursor, replica.about)
            cursor, _ = yield replica, request
            if cursor == b"0":
                break
        while True:
            cursor, _ = yield replica, expiry.sweep(keys, cursor, replica.about)
            if cursor == b"0":
                break
        while (yield replica, ask.trim(keys, older_than, replica.about)):
            pass
        yield from free_aliases(replica, keys)
    return gone


def free_aliases(replica: Party, keys: Keys) -> Procedure[None]:
    """Free the abbreviations of writers of whom no entry tells any more, where it is worth it."""
    about = replica.about
    if (yield replica, ask.aliases(keys, about, "begin")) != b"1":
        return
    cursor = b"0"
    while True:
        page = yield replica, ask.collections(keys, cursor, about)
        for name, kind in page.names:
            for part in ("live", "removed") if KINDS[kind].is_packed else ():
                at = b"0"
                while True:
                    step = ("mark", name, kind, part, at, ask.BATCH)
                    at = yield replica, ask.aliases(keys, about, *step)
                    if at == b"0":
                        break
        cursor = page.cursor
        if cursor == b"0":
            break
    yield replica, ask.aliases(keys, about, "end")


def forget(replica: Party, peer: str) -> Procedure[bool]:
    """Forget a peer in all shards; returns whether there was such a one.

    Warns, before it does so, where writes of it are known not to have been read.
    """
    if unread := (yield from unread_of(replica, peer)):
        warnings.warn(f"{replica.about}: {unread}", RuntimeWarning, stacklevel=2)
    known = False
    for shard in range(replica.shards):
        if (yield replica, ask.forget(replica.keys(shard), peer, replica.about)):
            known = True
    return known


def unread_of(replica: Party, peer: str) -> Procedure[str]:
    """Tell which writes of a peer are known not to have been read; '' if of none that is known.

    Nothing is known of a replica that never was a peer.
    """
    if not isinstance(replica, ReplicaOperations):
        return ""
    from redis_crdt.sync.link import Link  # a model of pydantic's, which takes time to make

    name, is_peer, was_read = peer.encode(), False, False
    unread_since: float | None = None
    for shard in range(replica.shards):
        keys = replica.keys(shard)
        mine = yield replica, ask.knowledge(keys, replica.about)
        was_read |= any(writer.partition(b"#")[0] == name for writer in mine.known)
        reply = yield replica, ask.status(keys, 1, replica.about)
        links = dict(zip(reply[8][::2], reply[8][1::2], strict=True))
        is_peer |= name in reply[7][::5] or name in links
        if name in links:
            with suppress(ValidationError):  # of another version
                unread_since = Link.model_validate_json(links[name]).unread_since
    if not is_peer:
        return ""
    if not was_read:
        return f"nothing that {peer!r} wrote was ever read here, nor by any that this one reads"
    if unread_since is not None:
        since = datetime.fromtimestamp(unread_since, UTC).isoformat(" ", "seconds")
        return f"what {peer!r} wrote since {since} was not all read here"
    return ""


def drop(replica: Party, name: str) -> Procedure[bool]:
    """Drop what a name stands for, its partitions first; returns whether there was anything."""
    field = check_name(name)
    found = yield from find(replica, name)
    shard = shard_of(field, replica.shards)
    for _, partitions in found:
        for part in range(partitions if partitions > 1 else 0):
            stored = part_name(name, part, partitions).encode()
            keys = replica.keys(shard_of(stored, replica.shards))
            yield replica, ask.drop(keys, stored, replica.about)
    dropped: int = yield replica, ask.drop(replica.keys(shard), field, replica.about)
    return bool(dropped)


def reset(replica: Party) -> Procedure[None]:
    """Throw away all that a replica holds, shard by shard, and open it anew."""
    for shard in range(replica.shards):
        yield replica, ask.reset(replica.keys(shard), replica.replica_id, replica.about)
        if isinstance(replica, ReplicaOperations):
            yield replica, replica.open_shard(shard)
