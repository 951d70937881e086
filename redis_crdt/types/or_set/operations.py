"""The OR-Set on a server. What the type means is said in :mod:`redis_crdt.types.or_set`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import ClassVar, TypeVar

from redis_crdt.core.dots import Dots
from redis_crdt.operations.operation import Each, Operation, Procedure, Script, as_is
from redis_crdt.types.base.collection.operations import batches
from redis_crdt.types.base.expiry.operations import ExpiringOperations
from redis_crdt.types.base.set.removal.operations import RemovingOperations
from redis_crdt.types.or_set.batch import Recordable
from redis_crdt.values.encoding import TTL, element_forms, encode_element

T = TypeVar("T")


class ORSetOperations(Recordable[T], RemovingOperations[T], ExpiringOperations[T]):
    """The operations of an OR-Set: those that are there are in one hash, tombstones in another."""

    kind = "or_set"
    _apart_names: ClassVar = {
        "or_set/add": ("expiring/put", b"", 0, b""),
        "or_set/remove": ("expiring/remove",),
        "or_set/pop": ("expiring/pop", 1),
    }

    def _add(self, element: T, ttl: TTL = None) -> Script[int]:
        if ttl is None:
            return super()._add(element)
        field = encode_element(self._codec, element)
        return self._part(field)._putting((field,), False, ttl)

    def _update(self, *elements: Iterable[T], ttl: TTL = None) -> Procedure[None]:
        if ttl is None:
            return (yield from super()._update(*elements))
        encode = partial(encode_element, self._codec)
        fields = dict.fromkeys(map(encode, chain.from_iterable(elements)))
        parts = self._by_part(fields, as_is)
        yield from self._at_each(part._put_here(theirs, ttl) for part, theirs in parts)

    def _put_here(self, fields: Iterable[bytes], ttl: float | timedelta) -> Procedure[None]:
        for batch in batches(fields):
            yield self._replica, self._putting(batch, False, ttl)

    def _expire(self, element: T, ttl: TTL) -> Operation[bool]:
        forms = element_forms(self._codec, element)
        scripts = tuple(self._renewing(field, ttl) for field in forms)
        return scripts[0] if len(scripts) == 1 else Each(scripts, any, self._about)

    def _ttl(self, element: T) -> Procedure[float | None]:
        return self._ttl_of(element_forms(self._codec, element), element)

    def _write_anew(self, entries: Mapping[bytes, Dots]) -> Procedure[None]:
        live = (field for field, entry in entries.items() if entry.live)
        yield from self._at_each(
            part._add_here(theirs) for part, theirs in self._by_part(live, as_is)
        )
