"""Are two replicas equal, and if not, where? By digests that their servers compute.

Each collection's live entries are hashed, and the hashes summed: sums do not depend on the order
in which a server goes through a hash. Many small collections are told of at once. Only where sums
differ are they asked for by bucket, and only where those differ too the fields. That finds what
went wrong, not what an attacker hid.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, TypeVar

from redis_crdt.core.names import whole_name
from redis_crdt.errors import ReplicaMismatch
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure, SideBySide
from redis_crdt.sync.directory import names_in
from redis_crdt.sync.party import Party

R = TypeVar("R")

WIDTH = 3
"""How many hexadecimal digits choose a bucket: 4096 of them."""


Collection = tuple[bytes, str]
"""A name and a kind."""

TOO_LARGE = (b"", b"")
"""The digest of a collection that takes more than one script."""


class Difference(NamedTuple):
    """An entry that differs, or that only one of the replicas has."""

    collection: str
    kind: str
    field: str
    """The element, as JSON; the key; the writer; or ``value``."""
    here: bool
    """Whether it is there on the first replica."""
    there: bool


def verify(one: Party, other: Party) -> Procedure[list[Difference]]:
    """Compare two replicas; returns the differences."""
    if one.namespace != other.namespace or one.shards != other.shards:
        raise ReplicaMismatch(f"{one.about} and {other.about} are not of one namespace")
    differences: list[Difference] = []
    for shard in range(one.shards):
        here, there = yield from _both(names_in(one, shard), names_in(other, shard))
        for name, kind in (yield from _suspects(one, other, shard, sorted({*here, *there}))):
            differences += yield from _compare(one, other, shard, name, kind)
    return differences


def _both(here: Procedure[R], there: Procedure[R]) -> Procedure[tuple[R, R]]:
    """Ask both replicas, side by side where calls are awaited."""
    together = SideBySide((here, there))
    ours, theirs = yield together, together.operation
    return ours, theirs


def _suspects(
    one: Party, other: Party, shard: int, names: list[Collection]
) -> Procedure[list[Collection]]:
    """Return those collections that differ, or that are too large to tell by one digest."""
    here, there = yield from _both(_digests(one, shard, names), _digests(other, shard, names))
    return [name for name in names if here[name] != there[name] or here[name] == TOO_LARGE]


def _digests(
    replica: Party, shard: int, names: list[Collection]
) -> Procedure[dict[Collection, tuple[bytes, bytes]]]:
    found: dict[Collection, tuple[bytes, bytes]] = {}
    while len(found) < len(names):
        asked = names[len(found) :][: ask.BATCH]
        reply = yield replica, ask.digests(replica.keys(shard), asked, replica.about)
        found.update(zip(asked, reply, strict=False))  # of the first ones, as many as it could
    return found


def _compare(
    one: Party, other: Party, shard: int, name: bytes, kind: str
) -> Procedure[list[Difference]]:
    buckets: list[bytes] = []
    for width in (0, WIDTH):
        here, there = yield from _both(
            _sums(one, shard, name, kind, width), _sums(other, shard, name, kind, width)
        )
        buckets = sorted(b for b in here.keys() | there.keys() if here[b] != there[b])
        if not buckets:
            return []
    ours, theirs = yield from _both(
        _listed(one, shard, name, kind, buckets), _listed(other, shard, name, kind, buckets)
    )
    return [
        Difference(whole_name(name.decode()), kind, field.decode(), field in ours, field in theirs)
        for field in sorted(ours.keys() | theirs.keys())
        if ours.get(field) != theirs.get(field)
    ]


def _sums(
    replica: Party, shard: int, name: bytes, kind: str, width: int
) -> Procedure[Counter[bytes]]:
    """Return for each bucket its count of entries and the sum of their hashes, as one number."""
    sums: Counter[bytes] = Counter()
    cursor = b"0"
    while True:
        request = ask.digest(replica.keys(shard), name, kind, cursor, width, (), replica.about)
        cursor, flat = yield replica, request
        for bucket, count, total in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
            entries, so_far = divmod(sums[bucket], 2**80)
            sums[bucket] = (entries + int(count) << 80) + (so_far + int(total)) % 2**48
        if cursor == b"0":
            return sums


def _listed(
    replica: Party, shard: int, name: bytes, kind: str, buckets: list[bytes]
) -> Procedure[dict[bytes, bytes]]:
    listed: dict[bytes, bytes] = {}
    cursor = b"0"
    while True:
        request = ask.digest(replica.keys(shard), name, kind, cursor, WIDTH, buckets, replica.about)
        cursor, flat = yield replica, request
        listed.update(zip(flat[::2], flat[1::2], strict=True))
        if cursor == b"0":
            return listed
