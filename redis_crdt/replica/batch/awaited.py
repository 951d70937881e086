"""Batches on a server, for asyncio."""

from __future__ import annotations

from typing import Self

from redis_crdt.replica.batch.server import ServerBatch


class Batch(ServerBatch):
    """Several operations as one atomic write; see :class:`redis_crdt.types.base.batch.Batch`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        if exc_type is None and self._recorded:
            await self._replica.execute(self._operation())
