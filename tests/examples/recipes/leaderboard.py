"""A leaderboard: points that are scored in several regions at once are added up, none is lost."""

from __future__ import annotations

from redis_crdt import Backend


class Leaderboard:
    def __init__(self, replica: Backend, season: str) -> None:
        self._points = replica.counter_map(f"points:{season}")

    def score(self, player: str, points: int) -> None:
        self._points.increment(player, points)

    def first(self, number: int) -> list[tuple[str, int]]:
        """Return who leads, with their points."""
        return self._points.top(number)

    def place(self, player: str) -> int | None:
        """Return the place of a player, from 1 on; None for one who has not played."""
        ahead = self._points.rank(player)
        return None if ahead is None else ahead + 1

    def disqualify(self, player: str) -> None:
        """Take away all points that are known of here; what was scored elsewhere since counts."""
        self._points.remove(player)
