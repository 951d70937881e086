"""Presence: who is alive, and what they do, as long as they say so now and then.

Nobody has to notice that somebody has gone: what they said last ends by itself, in each region by
the clock of its own server, also while it is cut off from where it was said.
"""

from __future__ import annotations

from redis_crdt import Replica


class Presence:
    def __init__(self, replica: Replica, lifetime: float = 30.0) -> None:
        self._doing = replica.lww_map("presence", str)
        self._lifetime = lifetime

    def beat(self, agent: str, doing: str) -> None:
        """Say that an agent is alive, some three times as often as that would end."""
        self._doing.set(agent, doing, ttl=self._lifetime)

    def leave(self, agent: str) -> None:
        self._doing.delete(agent)

    def present(self) -> dict[str, str]:
        """Return who is alive, with what they do."""
        return self._doing.to_dict()
