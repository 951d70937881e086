"""What flags on a server have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from redis_crdt.core.contexts import NOTHING_SEEN
from redis_crdt.core.dots import Dots
from redis_crdt.core.fields import VALUE
from redis_crdt.operations.operation import Command, Procedure, Script
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.operations import CollectionOperations
from redis_crdt.types.base.flag.batch import Recordable
from redis_crdt.types.base.flag.entries import OFF, ON, is_enabled


class FlagOperations(Recordable, CollectionOperations[bool]):
    """The operations of a flag: a hash with one entry."""

    _wins: ClassVar[bytes]

    def __init__(self, replica: ReplicaOperations, name: str) -> None:
        super().__init__(replica, name, bool)

    def _enable(self) -> Script[Any]:
        return self._script("flag/set", ON, b"")

    def _disable(self) -> Script[Any]:
        return self._script("flag/set", OFF, b"")

    def _value(self) -> Command[bool]:
        def read(text: bytes | None) -> bool:
            entry = None if text is None else Dots.parse(text, valued=True)
            return is_enabled(entry, self._wins)

        return self._command("HGET", self._live, VALUE, read=read)

    def _write_anew(self, entries: Mapping[bytes, Dots]) -> Procedure[None]:
        for entry in entries.values():
            for value in sorted({value for value in entry.live.values() if value is not None}):
                # Beside what was written here, none of which it has seen.
                switch_beside: Script[Any] = self._script("flag/set", value, NOTHING_SEEN)
                yield self._replica, switch_beside
