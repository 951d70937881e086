# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The sorted map on a server: keys in order of their scores."""

from __future__ import annotations

from collections.abc import Mapping

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.ranked.blocking import Ranked
from redis_crdt.types.sorted_map.operations import SortedMapOperations


class SortedMap(SortedMapOperations, Ranked[float]):
    """Keys in order of their scores; of concurrent scores the latest is read."""

    def set(self, key: str, score: float) -> None:
        """Write the key's score. One round trip.

        Raises :class:`InvalidValue` if the key is no text or too long, or the score no finite
        number.
        """
        self._run(self._set(key, score))

    def update(self, scores: Mapping[str, float]) -> None:
        """Write all of the scores. One round trip, and one atomic write, per 500.

        Raises :class:`InvalidValue` as :meth:`set` does, before anything is written.
        """
        self._drive(self._update(scores))

    def score(self, key: str) -> float | None:
        """Return the key's score; None if it is not there. One round trip."""
        return self._run(self._score(key))

    def delete(self, key: str) -> bool:
        """Delete the key if it is there, and tell whether it was. One round trip."""
        return self._run(self._delete(key))

    def between(self, low: float, high: float) -> list[tuple[str, float]]:
        """Return the keys with scores from ``low`` to ``high``, both included, lowest first.

        One round trip, which costs what it returns. InvalidValue if either is no finite number.
        """
        return self._run(self._between(low, high))

    def count(self, low: float, high: float) -> int:
        """Return how many keys :meth:`between` would return. One round trip."""
        return self._run(self._count(low, high))


class OpensSortedMap(ReplicaOperations):
    """Replicas have sorted maps."""

    def sorted_map(self, name: str) -> SortedMap:
        """Take up a map from text to scores, in order; of concurrent ones the latest is read.

        It takes no partitions, for no one of them could tell a key's rank.
        """
        return self._take_up(SortedMap(self, name))
