"""In how many partitions a collection is, as it is written down under the collection's name."""

from __future__ import annotations

from typing import Any, ClassVar

from redis_crdt.core.entries import Last
from redis_crdt.core.fields import VALUE
from redis_crdt.core.kinds import PARTITIONS
from redis_crdt.core.partitions import check_described, describe
from redis_crdt.types.base.collection.memory import Collection


class Partitions(Collection[Any, Last]):
    """A register, in which the last write wins."""

    kind: ClassVar = PARTITIONS

    def check_or_set(self, kind: str, partitions: int) -> None:
        """Check the number, or write it down if there is none yet."""
        entry = self._store.live.get(VALUE)
        if entry and entry.value is not None:
            check_described(self.name, entry.value, kind, partitions)
            return
        dot = self._write([VALUE])
        self._store.put(VALUE, Last(dot, describe(kind, partitions)), dot.time)
