"""The operations of an LWW register on a server."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from redis_crdt.core.clock import Time, replica_of
from redis_crdt.core.entries import Last
from redis_crdt.core.fields import VALUE
from redis_crdt.operations.joins import Joins
from redis_crdt.operations.operation import Command, Procedure, Script
from redis_crdt.types.base.collection.operations import value_in
from redis_crdt.types.base.expiry.operations import ExpiringOperations
from redis_crdt.types.lww_register.batch import Recordable
from redis_crdt.values.encoding import TTL, encode_value, ttl_in_ms

T = TypeVar("T")


class LWWRegisterOperations(Recordable[T], ExpiringOperations[T]):
    """The operations of a register: a hash with one entry."""

    kind = "lww_register"
    _apart_names: ClassVar = {"lww_register/set": ("expiring/set", b"")}

    def _set(self, value: T, ttl: TTL = None) -> Script[Any]:
        encoded = encode_value(self._codec, value)
        if ttl is not None:
            return self._script("expiring/set", ttl_in_ms(ttl), VALUE, encoded)
        return self._script("lww_register/set", VALUE, encoded, joins=Joins.PAIRS)

    def _expire(self, ttl: TTL) -> Script[bool]:
        given = b"" if ttl is None else ttl_in_ms(ttl)
        return self._script("expiring/set", given, VALUE, read=bool)

    def _ttl(self) -> Procedure[float | None]:
        return self._ttl_of((VALUE,), self.name)

    def _get(self) -> Command[T | None]:
        return self._entry(lambda entry: self._codec.decode(value_in(entry)))

    def _timestamp(self) -> Command[Time | None]:
        return self._entry(lambda entry: Last.parse(entry).dot.time)

    def _written_by(self) -> Command[str | None]:
        return self._entry(lambda entry: replica_of(Last.parse(entry).dot.writer))

    def _entry(self, read: Any) -> Command[Any]:
        def read_alive(entry: bytes | None) -> Any:
            # Where deadlines are looked at, none is shown. So what has one was dead long ago.
            is_dead = entry is None or b"~" in entry.partition(b"\n")[0]
            return None if is_dead else read(entry)

        return self._command("HGET", self._live, VALUE, read=read_alive)
