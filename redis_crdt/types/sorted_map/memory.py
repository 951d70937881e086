"""The sorted map in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from redis_crdt.core.dots import Dots, written
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.base.ranked.memory import Ranked
from redis_crdt.types.sorted_map.batch import Recordable
from redis_crdt.values.encoding import encode_key, encode_value, key_field


class SortedMap(Recordable, Ranked[float, Dots]):
    """Keys in order of their scores; of concurrent scores the latest is read."""

    kind: ClassVar = "sorted_map"

    _type: ClassVar = float

    def set(self, key: str, score: float) -> None:
        """Write the key's score.

        Raises :class:`InvalidValue` if the key is no text or too long, or the score no finite
        number.
        """
        self.update({key: score})

    def update(self, scores: Mapping[str, float]) -> None:
        """Write all of the scores, as one write; raises as :meth:`set` does."""
        encoded = {encode_key(k): encode_value(self._codec, v) for k, v in scores.items()}
        if not encoded:
            return
        dot = self._write(encoded)
        for field, value in encoded.items():
            self._store.put(field, written(self._store.get(field), dot, value), dot.time)

    def score(self, key: str) -> float | None:
        """Return the key's score; None if it is not there."""
        field = key_field(key)
        entry = None if field is None else self._store.live.get(field)
        return None if entry is None else self._value_in(entry)

    def delete(self, key: str) -> bool:
        """Delete the key if it is there, and tell whether it was."""
        field = encode_key(key)
        entry = self._store.live.get(field)
        if entry is None:
            return False
        self._store.put(field, Dots({}, entry.seen), self._write([field]).time)
        return True

    def between(self, low: float, high: float) -> list[tuple[str, float]]:
        """Return the keys with scores from ``low`` to ``high``, both included, lowest first.

        Raises :class:`InvalidValue` if either is no finite number.
        """
        for bound in (low, high):
            encode_value(self._codec, bound)
        found = sorted(item for item in self._standing() if low <= item[0] <= high)
        return [(key.decode(), score) for score, key in found]

    def count(self, low: float, high: float) -> int:
        """Return how many keys :meth:`between` would return."""
        return len(self.between(low, high))

    def _value_in(self, entry: Dots) -> float:
        return self._codec.decode(entry.latest_value)


class OpensSortedMap(Opener):
    """Replicas have sorted maps."""

    def sorted_map(self, name: str) -> SortedMap:
        """Open a map from text to scores, in order; of concurrent ones the latest is read.

        It takes no partitions, for no one of them could tell a key's rank.
        """
        return self._open(SortedMap, name, float)
