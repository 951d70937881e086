"""What flags in memory have in common."""

from __future__ import annotations

from typing import ClassVar

from redis_crdt.core.dots import Dots, written
from redis_crdt.core.fields import VALUE
from redis_crdt.types.base.collection.memory import OfOneType
from redis_crdt.types.base.flag.batch import Recordable
from redis_crdt.types.base.flag.entries import OFF, ON, is_enabled


class Flag(Recordable, OfOneType[bool, Dots]):
    """What both flags can: be switched, and be read."""

    _wins: ClassVar[bytes]

    _type: ClassVar = bool

    def enable(self) -> None:
        """Enable it."""
        self._switch(ON)

    def disable(self) -> None:
        """Disable it."""
        self._switch(OFF)

    def value(self) -> bool:
        """Whether it is enabled; one that nobody has switched is not."""
        return is_enabled(self._store.get(VALUE), self._wins)

    def _switch(self, value: bytes) -> None:
        dot = self._write([VALUE])
        self._store.put(VALUE, written(self._store.get(VALUE), dot, value), dot.time)
