# Made from awaited.py: change that, and run `python -m tests.faces`.
"""What the collections on a server have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self, TypeVar

from redis_crdt.types.base.collection.merging import Mergeable
from redis_crdt.types.base.driving.blocking import Driven

if TYPE_CHECKING:  # what many programs never use is imported where it is used
    from redis_crdt.core.state import State
    from redis_crdt.transport.watching import Change

T = TypeVar("T")
R = TypeVar("R")


class Collection(Driven[T]):
    """A collection on a server."""

    def _stream(self, read: Callable[[bytes, bytes], R]) -> Iterator[R]:
        """Read the entries, a page at a time as they are asked for."""
        pages = self._pages()
        while (page := self._drive(pages.next())) is not None:
            for field, entry in page.items():
                yield read(field, entry)

    def merge(self, other: Mergeable | Driven[Any]) -> Self:
        """Join the state of ``other`` into this collection, and return this collection.

        ``other`` is anything that holds the same kind of state: a collection of any backend, or
        a dump. One script for each 500 entries, all validated before the first is written.
        Raises :class:`KindMismatch` for another kind, :class:`InvalidValue` for values that are
        not of this one's type, :class:`InvalidDump` for a malformed dump, :class:`ClockDrift`
        for a time too far ahead. A dump may be old: only what is neither there nor known is taken.
        """
        self._drive(self._merge(self._state_of(other)))
        return self

    def watch(
        self, cursor: str | None = None, *, timeout: float | None = None
    ) -> Iterator[Change[Any]]:
        """Yield the changes of this collection; otherwise as :meth:`Replica.watch`."""
        from redis_crdt.transport.watching import Watcher

        with Watcher[Any](self._replica, cursor, timeout, (self._places, self._codec)) as watcher:
            while (changes := self._drive(watcher.page())) is not None:
                for change in changes:
                    yield change

    def dump(self) -> State:
        """Return the whole state, tombstones included. One round trip per 500 entries.

        What changes meanwhile is in it as it was or as it became; each is a valid state.
        """
        return self._drive(self._dump())
