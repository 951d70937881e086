"""What a replica has, and what a name stands for on it."""

from __future__ import annotations

from collections.abc import Callable

from redis_crdt.core.fields import VALUE
from redis_crdt.core.kinds import DROPPED, KINDS, PARTITIONS, Kind
from redis_crdt.core.names import check_stored_name, shard_of, whole_name
from redis_crdt.core.partitions import described_in
from redis_crdt.operations import bodies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure
from redis_crdt.sync.party import Party


def list_collections(replica: Party) -> Procedure[list[tuple[str, str]]]:
    """Return the collections that hold anything, each with its kind."""
    found: set[tuple[str, str]] = set()
    for shard in range(replica.shards):
        cursor = None
        while cursor != b"0":
            request = ask.collections(replica.keys(shard), cursor or b"0", replica.about)
            page = yield replica, request
            cursor = page.cursor
            found.update(
                (whole_name(name.decode()), kind)
                for (name, kind), sizes in zip(page.names, page.sizes, strict=True)
                if any(sizes) and kind not in (DROPPED, PARTITIONS)
            )
    return sorted(found)


def names_in(replica: Party, shard: int) -> Procedure[list[tuple[bytes, str]]]:
    """Return the names and kinds of a shard's collections."""
    names: list[tuple[bytes, str]] = []
    cursor = 0
    while True:
        cursor, page = yield replica, ask.directory(replica.keys(shard), cursor, replica.about)
        names += page
        if not cursor:
            return names


def look_up(
    replica: Party, is_wanted: Callable[[Kind], object]
) -> Procedure[list[tuple[int, bytes, str]]]:
    """Return the collections of the kinds that are wanted: of each the shard, name and kind.

    Kinds that this version does not know are passed over.
    """
    found: list[tuple[int, bytes, str]] = []
    for shard in range(replica.shards):
        names = yield from names_in(replica, shard)
        known = ((name, kind) for name, kind in names if kind in KINDS)
        found += ((shard, name, kind) for name, kind in known if is_wanted(KINDS[kind]))
    return sorted(found)


def find(replica: Party, name: str) -> Procedure[list[tuple[str, int]]]:
    """Return the kinds that a name stands for, each with the number of partitions it is in."""
    field = check_stored_name(name)
    keys = replica.keys(shard_of(field, replica.shards))
    found: list[tuple[str, int]] = []
    for kind in (yield from kinds_of(replica, field)):
        if kind == PARTITIONS:
            request = ask.entries(keys, field, PARTITIONS, (VALUE,), replica.about)
            answer = yield replica, request
            ((_, _, _, entry),) = bodies.entries_of(answer.body)
            found.append(described_in(entry))
        else:
            found.append((kind, 1))
    return found


def kinds_of(replica: Party, field: bytes) -> Procedure[list[str]]:
    """Return the kinds that a stored name stands for."""
    keys = replica.keys(shard_of(field, replica.shards))
    kinds: list[str]
    kinds = yield replica, ask.kinds(keys, field, replica.about)
    return [kind for kind in kinds if kind != DROPPED]
