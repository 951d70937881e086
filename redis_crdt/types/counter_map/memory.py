"""The counter map in memory."""

from __future__ import annotations

from typing import ClassVar

from redis_crdt.core import totals as counting
from redis_crdt.core.tallies import MAX_COUNT, Count, Tally
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.base.ranked.memory import Ranked
from redis_crdt.types.counter_map.batch import Recordable
from redis_crdt.values.encoding import encode_key, key_field


class CounterMap(Recordable, Ranked[int, Tally]):
    """Counters by key, both ways, in order of what they stand at."""

    kind: ClassVar = "counter_map"

    _type: ClassVar = int

    def increment(self, key: str, n: int = 1) -> None:
        """Count ``n`` up.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if what this writer counted up of the key would pass 2**63 - 1, :class:`InvalidValue` if
        the key is no text or too long.
        """
        self._count(key, counting.check_amount(n), 0)

    def decrement(self, key: str, n: int = 1) -> None:
        """Count ``n`` down; raises as :meth:`increment` does."""
        self._count(key, 0, counting.check_amount(n))

    def _count(self, key: str, up: int, down: int) -> None:
        field, writer = encode_key(key), self._shard.writer
        if not up and not down:
            return
        tally = self._store.get(field) or Tally()
        own = tally.counts.get(writer, Count())
        new = own._replace(up=own.up + up, down=own.down + down)
        if max(new) > MAX_COUNT:
            raise counting.overflow(self.name, own.up if up else own.down, up or down)
        time = self._write([field]).time
        self._store.put(field, Tally({**tally.counts, writer: new}), time)

    def value(self, key: str) -> int:
        """Return what the key stands at, over all replicas; 0 if it is not there."""
        field = key_field(key)
        tally = self._store.live.get(field) if field is not None else None
        return tally.value if tally else 0

    def remove(self, key: str) -> bool:
        """Remove the key if it is there, and tell whether it was.

        What others have counted, and this one has not seen, still counts in full.
        """
        field = encode_key(key)
        tally = self._store.live.get(field)
        if tally is None:
            return False
        self._store.put(field, tally.removed, self._write([field]).time)
        return True

    def _value_in(self, entry: Tally) -> int:
        return entry.value


class OpensCounterMap(Opener):
    """Replicas have maps of counters."""

    def counter_map(self, name: str) -> CounterMap:
        """Open a map from text to counters, in order of what they stand at.

        It takes no partitions, for no one of them could tell a key's rank.
        """
        return self._open(CounterMap, name, int)
