"""Batches on a server: one script that carries out all of it."""

from __future__ import annotations

from typing import Any

from redis_crdt.operations.operation import Script
from redis_crdt.operations.together import Together
from redis_crdt.types.base.batch import Batch, Recorded, Result


class ServerBatch(Batch):
    """A batch for a server: one script that carries out all of it."""

    def _owns(self, collection: Any) -> bool:
        return getattr(collection, "_replica", None) is self._replica

    def _record(self, recorded: Recorded) -> Result[Any]:
        _script_of(recorded)  # what is wrong with the arguments is told at once
        return super()._record(recorded)

    def _record_count(self, recorded: Recorded) -> Result[Any]:
        _script_of(recorded)
        return super()._record_count(recorded)

    def _operation(self) -> Script[None]:
        together = Together()
        places = [
            together.add(_script_of(recorded), number if recorded.required else 0)
            for number, recorded in enumerate(self._recorded, 1)
        ]

        def settle(replies: list[int]) -> None:
            for recorded, place in zip(self._recorded, places, strict=True):
                recorded.settle(bool(replies[place]))

        return together.script()._replace(read=settle)


def _script_of(recorded: Recorded) -> Script[Any]:
    if recorded.script is None:
        method = getattr(recorded.collection, f"_{recorded.method}")
        recorded.script = method(*recorded.args, **recorded.options)
    return recorded.script
