"""What Python asks of a log, and has to be awaited."""

from __future__ import annotations

from typing import TypeVar

from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.types.base.many import Many
from redis_crdt.types.log.operations import LogOperations

T = TypeVar("T")


class SizedLog(Many, Collection[T], LogOperations[T]):
    """A log that says how to be asked how long it is."""
