"""Several writes as one script: what a batch is, and what goes together of itself."""

from __future__ import annotations

from typing import Any, Final

from redis_crdt.core.entries import MAX_TOTAL
from redis_crdt.operations.joins import Joins
from redis_crdt.operations.operation import Script, as_is

BATCH_SCRIPT: Final = "replica/batch"

_STEPS: Final[dict[Joins | None, int]] = {Joins.FIELDS: 1, Joins.PAIRS: 2}
"""How many arguments there are for each field."""


def _apart(batch: Script[Any]) -> Script[Any]:
    """Return the same batch for collections in which something has a deadline."""
    return batch._replace(name="expiring/batch", apart=None)


class Part:
    """What becomes one operation of the script: one write, or several that can be done as one."""

    def __init__(self, script: Script[Any], required: int = 0) -> None:
        self.script = script
        self._required = required
        self._step = _STEPS.get(script.joins, 0)
        self._fields: dict[Any, tuple[Any, ...]] | None = None
        self._total: int | None = None

    def takes(self, script: Script[Any], required: int = 0) -> bool:
        """Take in another write to the same collection, if it can be done together with these."""
        first = self.script
        if script.name != first.name or required or self._required:
            return False
        if self._step:
            if self._fields is None:
                self._fields = self._fields_of(first)
            args = script.args
            if len(args) == 2 + self._step:
                self._fields[args[2]] = args[2:]
            else:
                self._fields.update(self._fields_of(script))
            return True
        if script.joins is Joins.AMOUNT and script.args[2] == first.args[2]:
            total = (first.args[3] if self._total is None else self._total) + script.args[3]
            if total <= MAX_TOTAL:
                self._total = total
                return True
        return False

    def _fields_of(self, script: Script[Any]) -> dict[Any, tuple[Any, ...]]:
        args, step = script.args, self._step
        return {args[i]: args[i : i + step] for i in range(2, len(args), step)}

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments of all of them, less the kind and the collection."""
        if self._fields is not None:
            return tuple(arg for args in self._fields.values() for arg in args)
        if self._total is not None:
            return (self.script.args[2], self._total)
        return self.script.args[2:]

    def joined(self) -> Script[Any]:
        """Return all of them as one write, which is replied what each would have been."""
        first = self.script
        return first._replace(args=(*first.args[:2], *self.args))

    @property
    def operation(self) -> tuple[Any, ...]:
        """What a batch is told of it."""
        args, script = self.args, self.script
        return (script.name, self._required, *script.args[:2], len(args), *args)


class Together:
    """Writes to one shard that become one script, in their order as far as that matters."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._last: dict[bytes, int] = {}
        """By collection, the number of the last part that has to do with it."""

    def add(self, script: Script[Any], required: int = 0) -> int:
        """Take in a write; returns which part it belongs to.

        ``required`` is its number for the caller, where all are to be dropped if it has no effect.
        """
        collection = script.args[1]
        last = self._last.get(collection)
        if last is not None and self.parts[last].takes(script, required):
            return last
        self._last[collection] = len(self.parts)
        self.parts.append(Part(script, required))
        return len(self.parts) - 1

    def script(self) -> Script[Any]:
        """Return the script; its reply, and the reading of it, are those of a batch."""
        first = self.parts[0].script
        keys = (*first.keys[:3], *(key for part in self.parts for key in part.script.keys[3:]))
        args = tuple(arg for part in self.parts for arg in part.operation)
        about = "batch on " + ", ".join(dict.fromkeys(part.script.about for part in self.parts))
        script = Script(BATCH_SCRIPT, first.shard, keys, args, as_is, about, None, None, _apart)
        if any(part.script.name.startswith("expiring/") for part in self.parts):
            return _apart(script)
        return script
