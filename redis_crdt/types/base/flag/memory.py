"""What flags in memory have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from redis_crdt.core.clock import wall_clock
from redis_crdt.core.entries import Dots
from redis_crdt.core.fields import VALUE
from redis_crdt.types.base.collection.memory import Collection
from redis_crdt.types.base.flag.batch import Recordable
from redis_crdt.types.base.flag.entries import OFF, ON, is_enabled


class Flag(Recordable, Collection[bool, Dots]):
    """What both flags can: be switched, and be read."""

    _wins: ClassVar[bytes]

    def __init__(
        self,
        replica_id: str | None = None,
        *,
        clock: Callable[[], int] = wall_clock,
        max_drift: float = 60.0,
    ) -> None:
        """Make a bare flag, which is disabled. For the arguments see :class:`Collection`."""
        super().__init__(bool, replica_id=replica_id, clock=clock, max_drift=max_drift)

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
        entry = self._store.get(VALUE)
        dot = self._write([VALUE])
        seen = {**(entry.seen if entry else {}), dot.writer: dot.time}
        self._store.put(VALUE, Dots({dot: value}, seen), dot.time)
