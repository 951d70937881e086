"""The operations of an LWW register on a server."""

from __future__ import annotations

from typing import Any, TypeVar

from redis_crdt.core.clock import Time, replica_of
from redis_crdt.core.entries import Last
from redis_crdt.core.fields import VALUE
from redis_crdt.operations.joins import Joins
from redis_crdt.operations.operation import Command, Script
from redis_crdt.types.base.collection.operations import CollectionOperations, value_in
from redis_crdt.types.lww_register.batch import Recordable
from redis_crdt.values.encoding import encode_value

T = TypeVar("T")


class LWWRegisterOperations(Recordable[T], CollectionOperations[T]):
    """The operations of a register: a hash with one entry."""

    kind = "lww_register"

    def _set(self, value: T) -> Script[Any]:
        return self._script(
            "lww_register/set", VALUE, encode_value(self._codec, value), joins=Joins.PAIRS
        )

    def _get(self) -> Command[T | None]:
        return self._entry(lambda entry: self._codec.decode(value_in(entry)))

    def _timestamp(self) -> Command[Time | None]:
        return self._entry(lambda entry: Last.parse(entry).dot.time)

    def _written_by(self) -> Command[str | None]:
        return self._entry(lambda entry: replica_of(Last.parse(entry).dot.writer))

    def _entry(self, read: Any) -> Command[Any]:
        return self._command(
            "HGET", self._live, VALUE, read=lambda entry: None if entry is None else read(entry)
        )
