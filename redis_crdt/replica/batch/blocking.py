# Made from awaited.py: change that, and run `python -m tests.faces`.
"""Batches on a server."""

from __future__ import annotations

from typing import Self

from redis_crdt.replica.batch.server import ServerBatch


class Batch(ServerBatch):
    """Several operations as one atomic write; see :class:`redis_crdt.types.base.batch.Batch`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        if exc_type is None and self._recorded:
            self._replica.execute(self._operation())
