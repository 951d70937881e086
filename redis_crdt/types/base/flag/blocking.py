# Made from awaited.py: change that, and run `python -m tests.faces`.
"""What flags on a server have in common."""

from __future__ import annotations

from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.base.flag.operations import FlagOperations


class Flag(Collection[bool], FlagOperations):
    """What both flags can: be switched, and be read."""

    def enable(self) -> None:
        """Enable it. One round trip."""
        self._run(self._enable())

    def disable(self) -> None:
        """Disable it. One round trip."""
        self._run(self._disable())

    def value(self) -> bool:
        """Whether it is enabled; one that nobody has switched is not. One round trip."""
        return self._run(self._value())
