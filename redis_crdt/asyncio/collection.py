"""What the collections of asyncio have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn, Self, TypeVar

from redis_crdt.memory.collection import Mergeable, state_of
from redis_crdt.operations.awaiting import drive
from redis_crdt.operations.collection import CollectionOperations
from redis_crdt.operations.operation import Operation, Procedure
from redis_crdt.state import State
from redis_crdt.watching import Change, Watcher

T = TypeVar("T")
R = TypeVar("R")


class Collection(CollectionOperations[T]):
    """A collection on a server, by a client of asyncio."""

    _is_open = False

    async def _run(self, operation: Operation[R]) -> R:
        if not self._is_open:
            await self._open_once()
        reply: R = await self._replica.execute(operation)
        return reply

    async def _drive(self, procedure: Procedure[R]) -> R:
        if not self._is_open:
            await self._open_once()
        return await drive(procedure)

    async def _open_once(self) -> None:
        await drive(self._open())
        self._is_open = True

    async def _stream(self, read: Callable[[bytes, bytes], R]) -> AsyncIterator[R]:
        """Read the entries, a page at a time as they are asked for."""
        pages = self._pages()
        while (page := await self._drive(pages.next())) is not None:
            for field, entry in page.items():
                yield read(field, entry)

    async def merge(self, other: Mergeable | Collection[Any]) -> Self:
        """Join the state of ``other`` into this collection, and return this collection."""
        if isinstance(other, Collection):
            other = await other.dump()
        await self._drive(self._merge(state_of(other, self.kind)))
        return self

    async def watch(
        self, cursor: str | None = None, *, timeout: float | None = None
    ) -> AsyncIterator[Change[Any]]:
        """Yield the changes of this collection; otherwise as :meth:`Replica.watch`."""
        with Watcher[Any](self._replica, cursor, timeout, (self._places, self._codec)) as watcher:
            while (changes := await self._drive(watcher.page())) is not None:
                for change in changes:
                    yield change

    async def dump(self) -> State:
        """Return the whole state, tombstones included."""
        return await self._drive(self._dump())


class Many:
    """A collection of many, which Python would read without awaiting it: it says how to."""

    def __bool__(self) -> NoReturn:
        self._refuse("bool(...)", "await ....size()")

    def __len__(self) -> NoReturn:
        self._refuse("len(...)", "await ....size()")

    def __contains__(self, _: object) -> NoReturn:
        self._refuse("... in ...", "await ....contains(...)")

    def __iter__(self) -> NoReturn:
        self._refuse("for ... in ...", "async for ... in ...")

    def _refuse(self, what: str, instead: str) -> NoReturn:
        name = type(self).__name__
        raise TypeError(f"{what} of an awaited {name}: it is on a server, so use {instead}")
