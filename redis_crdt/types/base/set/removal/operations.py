"""What sets on a server have in common of which elements are removed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, TypeVar

from redis_crdt.errors import InvalidValue
from redis_crdt.operations.operation import Each, Operation, Procedure, Script, as_is
from redis_crdt.types.base.collection.operations import batches
from redis_crdt.types.base.set.operations import SetOperations
from redis_crdt.types.base.set.removal.batch import Recordable
from redis_crdt.values.encoding import element_forms

T = TypeVar("T")


class RemovingOperations(Recordable[T], SetOperations[T]):
    """Removing, besides adding and reading: what is not there any more is in another hash."""

    _candidate: bytes | None = None
    """An element that the last :meth:`_pop` was shown, to be removed by the next."""

    def _remove(self, element: T) -> Operation[bool]:
        fields = element_forms(self._codec, element)
        if len(fields) == 1:
            return self._part(fields[0])._removal(*fields)
        scripts = tuple(part._removal(*theirs) for part, theirs in self._by_part(fields, as_is))
        return scripts[0] if len(scripts) == 1 else Each(scripts, any, self._about)

    def _removal(self, *fields: bytes) -> Script[bool]:
        return self._script(f"{self.kind}/remove", *fields, read=bool)

    def _remove_all(self, elements: Iterable[T]) -> Procedure[int]:
        forms = (element_forms(self._codec, element) for element in elements)
        return self._remove_fields(dict.fromkeys(chain.from_iterable(forms)))

    def _remove_fields(self, fields: Iterable[bytes]) -> Procedure[int]:
        parts = self._by_part(fields, as_is)
        removed = yield from self._at_each(part._remove_here(theirs) for part, theirs in parts)
        return sum(removed)

    def _remove_here(self, fields: Iterable[bytes]) -> Procedure[int]:
        removed = 0
        for batch in batches(fields):
            script: Script[int] = self._script(f"{self.kind}/remove", *batch)
            removed += yield self._replica, script
        return removed

    def _clear(self) -> Procedure[None]:
        return self._remove_everything(f"{self.kind}/remove")

    def _removed_size(self) -> Operation[int]:
        return self._summed(lambda part: part._command("HLEN", part._removed))

    def _pop(self) -> Procedure[T]:
        for part in self._parts:
            popped = yield from part._pop_here()
            if popped:
                return popped[0]
        raise KeyError("pop from an empty set")

    def _pop_here(self) -> Procedure[tuple[T, ...]]:
        """Remove and return an element, which was decoded before; nothing where there is none.

        Each removal shows another element, so that of several in a row only the first has to ask
        for one. Of clients that were shown the same one, one removes it.
        """
        field, self._candidate = self._candidate, None
        read: tuple[T, ...] = ()
        if field is not None:
            try:
                read = (self._element(field),)
            except InvalidValue:  # it may be gone by now
                field = None
        while True:
            args = () if field is None else (field,)
            script: Script[Any] = self._script(f"{self.kind}/pop", *args)
            removed, other = yield self._replica, script
            if removed:
                self._candidate = other
                return read
            if other is None:
                return ()
            field, read = other, (self._element(other),)
