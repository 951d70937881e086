"""The operations of a sorted map on a server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

from redis_crdt.core.dots import Dots
from redis_crdt.operations.operation import Command, Operation, Procedure, Script, known_already
from redis_crdt.operations.packed import latest_value
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.operations import batches, bytes_of_item
from redis_crdt.types.base.ranked.operations import RankedOperations, read_pairs
from redis_crdt.types.sorted_map.batch import Recordable
from redis_crdt.values.encoding import encode_key, encode_value, key_field


class SortedMapOperations(Recordable, RankedOperations[float]):
    """The operations of a sorted map: an entry per key, and their order."""

    kind = "sorted_map"
    _exact_below = inf

    def __init__(self, replica: ReplicaOperations, name: str) -> None:
        super().__init__(replica, name, float)

    def _set(self, key: str, score: float) -> Script[Any]:
        field = encode_key(key)
        return self._script("sorted_map/set", field, encode_value(self._codec, score))

    def _update(self, scores: Mapping[str, float]) -> Procedure[None]:
        encoded = {encode_key(k): encode_value(self._codec, v) for k, v in scores.items()}
        yield from self._set_all(encoded.items())

    def _set_all(self, fields: Iterable[tuple[bytes, bytes]]) -> Procedure[None]:
        for batch in batches(fields, bytes_of=bytes_of_item):
            flat = (part for item in batch for part in item)
            yield self._replica, self._script("sorted_map/set", *flat)

    def _write_anew(self, entries: Mapping[bytes, Dots]) -> Procedure[None]:
        yield from self._set_all((f, e.latest_value) for f, e in entries.items() if e.live)

    def _delete(self, key: str) -> Script[bool]:
        return self._script("sorted_map/delete", encode_key(key), read=bool)

    def _score(self, key: str) -> Operation[float | None]:
        def read(entry: bytes | None) -> float | None:
            return None if entry is None else self._value_in(entry)

        field = key_field(key)
        if field is None:
            return known_already(None)
        return self._command("HGET", self._live, field, read=read)

    def _between(self, low: float, high: float) -> Command[list[tuple[str, float]]]:
        scores = (encode_value(self._codec, score) for score in (low, high))
        return self._command(
            "ZRANGEBYSCORE", self._order, *scores, "WITHSCORES", read=self._read_scored
        )

    def _count(self, low: float, high: float) -> Command[int]:
        scores = (encode_value(self._codec, score) for score in (low, high))
        return self._command("ZCOUNT", self._order, *scores)

    def _read_scored(self, reply: list[Any]) -> list[tuple[str, float]]:
        return [(key.decode(), score) for key, score in read_pairs(reply)]

    def _value_in(self, entry: bytes) -> float:
        score: float = self._codec.decode(latest_value(entry))
        return score

    def _value_of(self, score: float) -> float:
        return score
