"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Scores(Protocol):
    """A sorted map."""

    def set(self, key: str, score: float) -> None:
        """Write a score."""

    def update(self, scores: Mapping[str, float]) -> None:
        """Write many scores."""

    def score(self, key: str) -> float | None:
        """Return a key's score."""

    def delete(self, key: str) -> bool:
        """Delete a key."""

    def between(self, low: float, high: float) -> list[tuple[str, float]]:
        """Return the keys with scores in between."""

    def top(self, n: int, *, skip: int = 0) -> list[tuple[str, float]]:
        """Return the keys with the highest scores."""

    def bottom(self, n: int, *, skip: int = 0) -> list[tuple[str, float]]:
        """Return the keys with the lowest scores."""

    def rank(self, key: str) -> int | None:
        """Return how many keys stand higher."""

    def items(self) -> list[tuple[str, float]]:
        """Return all keys with their scores."""


class OpensSortedMap(Protocol):
    """A replica that has them."""

    def sorted_map(self, name: str) -> Scores:
        """Open a sorted map."""
