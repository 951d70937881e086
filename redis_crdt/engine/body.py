"""The body of a batch that a replica in memory sends: the twin of ``lua/lib/encode_batch.lua``."""

from __future__ import annotations

from itertools import starmap

from redis_crdt.core.clock import Time
from redis_crdt.core.kinds import KIND_OF
from redis_crdt.engine.clocks import context_of
from redis_crdt.engine.shard import Shard
from redis_crdt.operations.bodies import (
    Group,
    Item,
    body_of,
)
from redis_crdt.operations.requests import BATCH_BYTES


class Body:
    """The body of a batch that is being put together; see ``lua/lib/encode_batch.lua``."""

    def __init__(self, shard: Shard, after: Time | None = None) -> None:
        self._shard = shard
        self._after = after
        self._groups: dict[tuple[bytes, str], list[Item]] = {}
        self._sent: set[tuple[bytes, bytes]] = set()
        self._entries = self._bytes = 0

    def group(self, name: bytes, kind: str) -> list[Item]:
        """Return the fields and entries of a collection, to be added to."""
        return self._groups.setdefault((name, kind), [])

    def count(self, key: bytes, entry: bytes) -> bool:
        """Count what is sent."""
        self._entries += 1
        self._bytes += len(key) + len(entry)
        return True

    def is_full(self, limit: int) -> bool:
        """Whether no more is to go into it."""
        return self._entries >= limit or self._bytes >= BATCH_BYTES

    def send(self, collection: bytes, key: bytes) -> None:
        """Send the present entry of what the feed names, if it is not sent yet."""
        if (collection, key) in self._sent:
            return
        self._sent.add((collection, key))
        name, kind = collection[1:], KIND_OF[collection[:1].decode()]
        store = self._shard.stores.get((name, kind))
        group = self.group(name, kind)
        entry = store.get(key) if store else None
        if entry is not None:
            group.append((key, bytes(entry)))
            self.count(*group[-1])

    def flat(self) -> list[bytes]:
        """Return it as it is sent."""
        return body_of(starmap(self._group, self._groups.items()))

    def _group(self, place: tuple[bytes, str], entries: list[Item]) -> Group:
        store = self._shard.stores.get(place)
        context = context_of(store, self._after) if store else b""
        generation = b"%d" % self._shard.generations.get(place[0], 0)
        return Group(*place, generation, context, entries)
