"""The LWW register: one value, that of the last write."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from typing_extensions import TypeVar

from redis_crdt.core.clock import Time, replica_of
from redis_crdt.core.entries import Last
from redis_crdt.core.fields import VALUE
from redis_crdt.types.base.collection.memory import Collection
from redis_crdt.types.base.expiry.memory import deadline_of
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.lww_register.batch import Recordable
from redis_crdt.values.encoding import TTL, encode_value

T = TypeVar("T", default=Any)


class LWWRegister(Recordable[T], Collection[T, Last]):
    """A last-writer-wins register (Shapiro et al., "A study of CRDTs", 2011, spec. 8).

    Of two writes the later wins; at equal times that of the larger replica id, so that all
    sides choose alike.
    """

    kind: ClassVar = "lww_register"

    def set(self, value: T, *, ttl: TTL = None) -> None:
        """Write the value. InvalidValue if it is not of the register's type.

        With ``ttl``, in seconds or as a ``timedelta``, it is there for so long, and without for
        ever. What was there before does not come back.
        """
        self._put(encode_value(self._codec, value), ttl)

    def _put(self, encoded: bytes | None, ttl: TTL) -> None:
        deadline = deadline_of(ttl, self._shard.clock.wall)
        old = self._store.get(VALUE)
        dot = self._write([VALUE], after=old.time if old else Time(0))
        self._store.put(VALUE, Last(dot, encoded, deadline), dot.time)

    def ttl(self) -> float | None:
        """Return for how many seconds the value is there still; None for ever.

        KeyError if there is none.
        """
        entry = self._last()
        if entry is None:
            raise KeyError(self.name)
        deadline = entry.expiry
        return None if deadline is None else (deadline - self._shard.clock.wall()) / 1000

    def expire(self, ttl: float | timedelta) -> bool:
        """Have the value be there for so long from now on, and tell whether there is one."""
        return self._renew(ttl)

    def persist(self) -> bool:
        """Have the value be there for ever, and tell whether there is one."""
        return self._renew(None)

    def _renew(self, ttl: TTL) -> bool:
        entry = self._last()
        if entry is not None:
            self._put(entry.value, ttl)
        return entry is not None

    def get(self) -> T | None:
        """Return the value, or None where there is none."""
        entry = self._last()
        return None if entry is None or entry.value is None else self._codec.decode(entry.value)

    @property
    def timestamp(self) -> Time | None:
        """When the value was written, in milliseconds and a sequence number; None when unset."""
        entry = self._last()
        return entry.dot.time if entry else None

    @property
    def written_by(self) -> str | None:
        """Which replica wrote the value; None when unset."""
        entry = self._last()
        return replica_of(entry.dot.writer) if entry else None

    def _last(self) -> Last | None:
        return self._store.live.get(VALUE)


class OpensLWWRegister(Opener):
    """Replicas have registers in which the last write wins."""

    def lww_register(self, name: str, type_: type[T] | Any = Any) -> LWWRegister[T]:
        """Open a register of one value of ``type_``, in which the last write wins."""
        return self._open(LWWRegister, name, type_)
