"""What the registers of the largest and of the smallest in memory have in common."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

from redis_crdt.core.entries import Rank
from redis_crdt.core.fields import VALUE
from redis_crdt.types.base.collection.memory import Collection
from redis_crdt.types.base.extreme.batch import Recordable
from redis_crdt.values.ranks import rank_of, value_of

T = TypeVar("T", default=Any)


class Extreme(Recordable[T], Collection[T, Rank]):
    """What both can: be written, and be read."""

    def set(self, value: T) -> None:
        """Write the value; without effect where it does not go beyond what is there.

        Raises :class:`InvalidValue` if it is not of the register's type, or neither int, float, str
        nor datetime with a time zone.
        """
        entry, old = rank_of(self._codec, value), self._store.get(VALUE)
        if old is None or self._store.kind.join(old, entry) != old:
            self._store.put(VALUE, entry, self._write([VALUE]).time)

    def get(self) -> T | None:
        """Return the value, or None if none was ever written. A time is given in UTC."""
        entry = self._store.get(VALUE)
        return None if entry is None else value_of(self._codec, entry)
