"""What is asked of an order of keys, a sorted set that the scripts keep which write entries."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, TypeVar

from redis_crdt.core.totals import check_amount
from redis_crdt.operations.operation import Operation, Procedure, known_already
from redis_crdt.types.base.collection.operations import CollectionOperations
from redis_crdt.values.encoding import key_field

V = TypeVar("V", int, float)


def read_pairs(reply: list[Any]) -> list[tuple[bytes, float]]:
    """Read keys with their scores: in RESP3 they come as pairs."""
    if reply and isinstance(reply[0], bytes):
        reply = list(zip(reply[::2], reply[1::2], strict=True))
    return [(key, float(score)) for key, score in reply]


class RankedOperations(CollectionOperations[V]):
    """The operations of a collection that is in order."""

    _exact_below: ClassVar[float] = 2**53
    """From here on scores, which are floats, say only about what keys stand at."""

    @property
    def _order(self) -> bytes:
        return self._keys.order(self.kind, self._field)

    @abstractmethod
    def _value_in(self, entry: bytes) -> V:
        """Return what a key stands at by its entry."""

    def _top(self, n: int, skip: int) -> Procedure[list[tuple[str, V]]]:
        return self._first("ZREVRANGE", n, skip, is_descending=True)

    def _bottom(self, n: int, skip: int) -> Procedure[list[tuple[str, V]]]:
        return self._first("ZRANGE", n, skip, is_descending=False)

    def _first(
        self, command: str, n: int, skip: int, *, is_descending: bool
    ) -> Procedure[list[tuple[str, V]]]:
        if not check_amount(n):
            return []
        span = (check_amount(skip), skip + n - 1)
        asked = self._command(command, self._order, *span, "WITHSCORES", read=read_pairs)
        scored = yield self._replica, asked
        if any(abs(score) >= self._exact_below for _, score in scored):
            entries = yield from self._entries_of(key for key, _ in scored)
            exact = [(self._value_in(entry), key) for key, entry in entries.items()]
            exact.sort(reverse=is_descending)
            return [(key.decode(), value) for value, key in exact]
        return [(key.decode(), self._value_of(score)) for key, score in scored]

    @abstractmethod
    def _value_of(self, score: float) -> V:
        """Return what an exact score stands for."""

    def _rank(self, key: str) -> Operation[int | None]:
        field = key_field(key)
        if field is None:
            return known_already(None)
        return self._command("ZREVRANK", self._order, field)

    def _contains(self, key: object) -> Operation[bool]:
        field = key_field(key)
        if field is None:
            return known_already(False)
        return self._command("HEXISTS", self._live, field, read=bool)

    def _size(self) -> Operation[int]:
        return self._command("HLEN", self._live)

    def _items(self) -> Procedure[list[tuple[str, V]]]:
        entries = yield from self._entries()
        return [(field.decode(), self._value_in(entry)) for field, entry in entries.items()]
