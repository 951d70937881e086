"""Batches on a server: one script that carries out all of it."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from redis_crdt.operations.operation import Script
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
        numbered = enumerate(self._recorded, 1)
        groups = [list(group) for _, group in groupby(numbered, lambda item: _joinable(*item))]
        first = _script_of(self._recorded[0])
        keys, args, abouts = list(first.keys[:3]), [], []
        for group in groups:
            number, recorded = group[0]
            scripts = [_script_of(recorded) for _, recorded in group]
            script = scripts[0]
            last = {script.args[2]: script.args[2:] for script in scripts}
            rest = [part for written in last.values() for part in written]
            keys += script.keys[3:]
            args += [script.name, number if recorded.required else 0, *script.args[:2]]
            args += [len(rest), *rest]
            abouts.append(script.about)

        def settle(replies: list[int]) -> None:
            for group, reply in zip(groups, replies, strict=True):
                for _, recorded in group:
                    recorded.settle(bool(reply))

        about = "batch on " + ", ".join(dict.fromkeys(abouts))
        return Script("replica/batch", first.shard, tuple(keys), tuple(args), settle, about, None)


def _script_of(recorded: Recorded) -> Script[Any]:
    if recorded.script is None:
        method = getattr(recorded.collection, f"_{recorded.method}")
        recorded.script = method(*recorded.args)
    return recorded.script


def _joinable(number: int, recorded: Recorded) -> tuple[object, ...]:
    """Return what is equal for operations in a row that one script can do as one.

    They are those that reply nothing of their own, and of which a later one on the same field
    leaves nothing of an earlier one.
    """
    if not recorded.joins:
        return (number,)
    script = _script_of(recorded)
    return script.name, script.keys
