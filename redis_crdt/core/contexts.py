"""The causal context of an MV register, as its readers hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from redis_crdt.core.dots import Dots

T = TypeVar("T")


NOTHING_SEEN = b"|"


@dataclass(frozen=True, slots=True)
class Context:
    """What a reader of an MV register has seen. Opaque: only to be given back to ``set``."""

    text: bytes

    @classmethod
    def of(cls, entry: Dots | None) -> Context:
        """Return the context of one who has seen this entry."""
        return cls(bytes(Dots({}, entry.seen)) if entry else NOTHING_SEEN)


class Reading(NamedTuple, Generic[T]):
    """The concurrent values of an MV register, with the context in which they were read."""

    values: list[T]
    context: Context
