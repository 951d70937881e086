"""The MV register: all values that were written concurrently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from typing_extensions import TypeVar

from redis_crdt.core.contexts import Context, Reading
from redis_crdt.core.dots import Dots
from redis_crdt.core.fields import VALUE
from redis_crdt.types.base.collection.memory import Collection
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.mv_register.batch import Recordable
from redis_crdt.types.mv_register.values import values_of
from redis_crdt.values.encoding import check_concurrent, encode_value

T = TypeVar("T", default=Any)

NOTHING = Dots({}, {})


class MVRegister(Recordable[T], Collection[T, Dots]):
    """A multi-value register (Shapiro et al., "A study of CRDTs", 2011, spec. 10).

    A write replaces the values that its writer has seen; values that were written without
    knowing of each other stay side by side until a later write has seen them.
    """

    kind: ClassVar = "mv_register"

    def set(self, value: T, context: Context | None = None) -> None:
        """Write the value in place of those that ``context`` has seen (all, if it is None).

        InvalidValue if it is not of the register's type.
        """
        encoded = encode_value(self._codec, value)
        entry = self._entry() or NOTHING
        seen, kept = dict(entry.seen), {}
        if context is not None:
            covered = Dots.parse(context.text, valued=True) if context.text != b"|" else NOTHING
            kept = {dot: v for dot, v in entry.live.items() if not covered.covers(dot)}
            for writer, time in covered.seen.items():
                seen[writer] = max(time, seen.get(writer, time))
        check_concurrent([encoded, *kept.values()])
        dot = self._write([VALUE])
        seen[dot.writer] = dot.time
        self._store.put(VALUE, Dots({**kept, dot: encoded}, seen), dot.time)

    def get(self) -> list[T]:
        """Return the concurrent values, in an order that is the same on every replica."""
        return values_of(self._codec, self._entry())

    def get_with_context(self) -> Reading[T]:
        """Return the values with the context to give to :meth:`set`."""
        return Reading(self.get(), Context.of(self._entry()))

    def resolve(self, resolver: Callable[[list[T]], T]) -> T:
        """Replace the values by what ``resolver`` makes of them, and return that."""
        reading = self.get_with_context()
        value = resolver(reading.values)
        self.set(value, reading.context)
        return value

    def _entry(self) -> Dots | None:
        return self._store.get(VALUE)


class OpensMVRegister(Opener):
    """Replicas have registers that keep concurrent values side by side."""

    def mv_register(self, name: str, type_: type[T] | Any = Any) -> MVRegister[T]:
        """Open a register of values of ``type_`` that keeps concurrent ones side by side."""
        return self._open(MVRegister, name, type_)
