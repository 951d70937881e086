"""The MV register on a server. What it means is said in :mod:`redis_crdt.types.mv_register`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from redis_crdt.core.contexts import NOTHING_SEEN, Context, Reading
from redis_crdt.core.dots import Dots
from redis_crdt.core.fields import VALUE
from redis_crdt.operations.operation import Command, Procedure, Script
from redis_crdt.types.base.collection.operations import CollectionOperations
from redis_crdt.types.mv_register.batch import Recordable
from redis_crdt.types.mv_register.values import values_of
from redis_crdt.values.encoding import encode_value

T = TypeVar("T")


class MVRegisterOperations(Recordable[T], CollectionOperations[T]):
    """The operations of a multi-value register: a hash with one entry."""

    kind = "mv_register"

    def _set(self, value: T, context: Context | None) -> Script[Any]:
        covered = b"" if context is None else context.text
        return self._script("mv_register/set", encode_value(self._codec, value), covered)

    def _write_anew(self, entries: Mapping[bytes, Dots]) -> Procedure[None]:
        for entry in entries.values():
            for dot in sorted(entry.live):
                # Beside those that are there, none of which it has seen.
                value = entry.live[dot]
                set_beside: Script[Any] = self._script("mv_register/set", value, NOTHING_SEEN)
                yield self._replica, set_beside

    def _get(self) -> Command[list[T]]:
        return self._read(lambda entry: values_of(self._codec, entry))

    def _get_with_context(self) -> Command[Reading[T]]:
        return self._read(lambda entry: Reading(values_of(self._codec, entry), Context.of(entry)))

    def _resolve(self, resolver: Callable[[list[T]], T]) -> Procedure[T]:
        reading = yield self._replica, self._get_with_context()
        value = resolver(reading.values)
        yield self._replica, self._set(value, reading.context)
        return value

    def _read(self, read: Callable[[Dots | None], Any]) -> Command[Any]:
        return self._command(
            "HGET",
            self._live,
            VALUE,
            read=lambda entry: read(None if entry is None else Dots.parse(entry, valued=True)),
        )
