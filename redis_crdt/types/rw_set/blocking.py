# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The RW-Set on a server: a set in which a removal wins over a concurrent add."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typing_extensions import TypeVar

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.set.blocking import AnySet
from redis_crdt.types.base.set.removal.blocking import RemovalProtocol, Removed
from redis_crdt.types.rw_set.operations import RWSetOperations

T = TypeVar("T", default=Any)


class RWSet(RWSetOperations[T], RemovalProtocol[T], AnySet[T]):
    """A remove-wins set (Baquero et al., "Pure operation-based replicated data types", 2017).

    A removal that a concurrent add had not seen survives it. Otherwise as :class:`ORSet`.
    """

    # Where calls need no await, a set is a MutableSet, whose `remove` tells nothing.
    def remove(self, element: T) -> bool:  # type: ignore[override, unused-ignore]
        """Remove the element, whether or not it is there, and tell whether it was.

        One round trip. Of several clients of one replica that remove it at once, one is told True.
        """
        return self._run(self._remove(element))

    def remove_all(self, elements: Iterable[T]) -> int:
        """Remove the elements, and tell how many were there.

        One round trip, and one atomic write, per 500 elements. Raises :class:`InvalidValue` before
        anything is removed if one is not of the set's type.
        """
        return self._drive(self._remove_all(elements))

    def discard(self, element: T) -> None:
        """Remove the element, whether or not it is there. One round trip."""
        self._run(self._remove(element))

    def clear(self) -> None:
        """Remove all elements that are there now. Six round trips per 500 elements."""
        self._drive(self._clear())

    def pop(self) -> T:
        """Remove some element and return it; KeyError if there is none. As :meth:`ORSet.pop`."""
        return self._drive(self._pop())

    @property
    def removed(self) -> Removed:
        """The elements that were removed, of which each is remembered; its ``size()`` counts."""
        return Removed(self)


class OpensRWSet(ReplicaOperations):
    """Replicas have sets in which a removal wins over a concurrent add."""

    def rw_set(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> RWSet[T]:
        """Take up a set of elements of ``type_`` in which a removal wins over a concurrent add.

        ``partitions`` spread it over several shards, as :meth:`or_set` says.
        """
        return self._take_up(RWSet(self, name, type_, partitions))
