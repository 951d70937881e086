"""The cardinality in memory."""

from __future__ import annotations

from typing import Any, ClassVar

from typing_extensions import TypeVar

from redis_crdt.core.entries import Line
from redis_crdt.types.base.collection.memory import Collection
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.cardinality.batch import Recordable
from redis_crdt.types.cardinality.registers import entries_of, estimate, join
from redis_crdt.values.encoding import encode_element

T = TypeVar("T", default=Any)


class Cardinality(Recordable[T], Collection[T, Line]):
    """About how many different values were ever added (Flajolet et al., "HyperLogLog", 2007)."""

    kind: ClassVar = "cardinality"

    def add(self, *values: T) -> None:
        """Add values. InvalidValue, with none added, if one is not of its type."""
        live, raised = self._store.live, {}
        entries = entries_of([encode_element(self._codec, value) for value in values])
        for field, text in entries.items():
            mine, line = live.get(field), Line(text)
            joined = line if mine is None else join(mine, line)
            if joined != mine:
                raised[field] = joined
        if raised:
            time = self._write(raised).time
            for field, joined in raised.items():
                self._store.put(field, joined, time)

    def count(self) -> int:
        """Return about how many different values were added, to within 0.81 % as a rule."""
        return estimate({field: line.text for field, line in self._store.live.items()})


class OpensCardinality(Opener):
    """Replicas have cardinalities."""

    def cardinality(self, name: str, type_: type[T] | Any = Any) -> Cardinality[T]:
        """Open a count of different values of ``type_``."""
        return self._open(Cardinality, name, type_)
