"""What is written with a deadline, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from redis_crdt.core.dots import FOREVER, Dots
from redis_crdt.types.base.collection.memory import Collection
from redis_crdt.values.encoding import TTL, ttl_in_ms

T = TypeVar("T")

NOTHING = Dots({}, {})


def deadline_of(ttl: TTL, wall: Callable[[], int]) -> int | None:
    """Return when what is written now is dead, if ever; InvalidValue for what is no such time."""
    return None if ttl is None else wall() + int(ttl_in_ms(ttl))


class Expiring(Collection[T, Dots]):
    """Writing fields that may have a deadline."""

    def _put_here(self, values: Mapping[bytes, bytes | None], deadline: int | None = None) -> None:
        """Write fields with their values, as one write, in place of what is there."""
        if not values:
            return
        dot, store, now = self._write(values), self._store, 0
        for field, value in values.items():
            old = store.get(field) or NOTHING
            if deadline is None and old.expiry is None:
                store.put(field, Dots({dot: value}, {**old.seen, dot.writer: dot.time}), dot.time)
                continue
            now = now or self._shard.clock.wall()
            held = NOTHING if old.is_past(now) else old
            store.put(field, held.replaced({dot: value}, deadline), dot.time)

    def _ttl_of(self, fields: Sequence[bytes], key: Any) -> float | None:
        """Return how many seconds what has one of these fields lives still; KeyError if none."""
        now = self._shard.clock.wall()
        live = [self._part(field)._store.live.get(field) for field in fields]
        ends = [entry.last_deadline for entry in live if entry is not None]
        if not ends:
            raise KeyError(key)
        return None if max(ends) == FOREVER else (max(ends) - now) / 1000

    def _renew(self, fields: Sequence[bytes], ttl: TTL) -> bool:
        """Give what is there another deadline, or none; tells whether it is there."""
        found = False
        for field in fields:
            part = self._part(field)
            entry = part._store.live.get(field)
            if entry is not None:
                alive = entry.alive(part._shard.clock.wall())
                value = alive.live[max(alive.live)]
                part._put_here({field: value}, deadline_of(ttl, part._shard.clock.wall))
                found = True
        return found
