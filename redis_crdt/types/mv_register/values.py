"""The concurrent values of an MV register."""

from __future__ import annotations

from typing import TypeVar

from redis_crdt.core.dots import Dots
from redis_crdt.values.codec import Codec

T = TypeVar("T")


def values_of(codec: Codec[T], entry: Dots | None) -> list[T]:
    """Return the concurrent values, earliest first; of equal ones the earliest."""
    live = sorted(entry.live.items(), key=lambda item: item[0]) if entry else []
    distinct = dict.fromkeys(value for _, value in live if value is not None)
    return [codec.decode(value) for value in distinct]
