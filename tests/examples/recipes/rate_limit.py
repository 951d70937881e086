"""A rate limit: so many calls a minute, in all regions together, also while they are cut apart.

A call is held of a budget for as long as the limit looks back, and never settled: so it comes back
by itself. Each region asks only itself, and has a share; syncers, ``redis-crdt sync``, move shares
to where they run out.
"""

from __future__ import annotations

from redis_crdt import Backend
from redis_crdt.errors import Exceeded


class RateLimit:
    def __init__(self, replica: Backend, name: str, seconds: float = 60.0) -> None:
        self._calls = replica.budget(f"calls:{name}")
        self._seconds = seconds

    def allow(self, calls: int) -> None:
        """Allow so many more, in all regions together: said once, in one of them.

        Where a server restarted, what was held does not come back, unless its replica is
        ``durable``: allow that anew.
        """
        self._calls.grant(calls)

    def give(self, calls: int, region: str) -> None:
        """Give another region a part of this one's share, before it asks for it."""
        self._calls.move(calls, region)

    def is_allowed(self, calls: int = 1) -> bool:
        """Whether so many calls may be made now; if so, they count."""
        try:
            self._calls.spend(calls, hold=self._seconds)
        except Exceeded:
            return False
        return True
