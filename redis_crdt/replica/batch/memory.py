"""Batches in memory."""

from __future__ import annotations

from typing import Any, Self

from redis_crdt.errors import BatchAborted
from redis_crdt.types.base.batch import Batch as AnyBatch


class Batch(AnyBatch):
    """Several operations as one atomic write; see :class:`redis_crdt.types.base.batch.Batch`."""

    def _owns(self, collection: Any) -> bool:
        return any(collection._shard is shard for shard in self._replica._shards)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        if exc_type is not None or not self._recorded:
            return
        with self._recorded[0].collection._shard.transaction():
            for i, recorded in enumerate(self._recorded):
                method = getattr(recorded.collection, recorded.method)
                took_effect = method(*recorded.args, **recorded.options)
                if recorded.required and not took_effect:
                    raise BatchAborted(
                        f"batch on {recorded.collection!r}: operation {i + 1} finds nothing to "
                        "remove"
                    )
                recorded.settle(bool(took_effect))
