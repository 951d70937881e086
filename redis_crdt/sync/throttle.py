"""The pace of reconciling: so many bytes a second, however many links and shards there are."""

from __future__ import annotations

from time import monotonic

from redis_crdt.errors import InvalidSetting
from redis_crdt.operations.operation import Procedure, Sleep


class Pace:
    """Spaces out what is reconciled, so that it does not starve what is live.

    ``bytes_per_second`` bounds what all who share this may take together; None for no bound. What
    comes by the feed is never held up.
    """

    def __init__(self, bytes_per_second: float | None = None) -> None:
        if bytes_per_second is not None and not bytes_per_second > 0:
            raise InvalidSetting("max_bytes_per_second: a number of bytes above 0")
        self._rate = bytes_per_second
        self._free_at = 0.0

    def keep(self, size: int) -> Procedure[None]:
        """Wait until so many bytes more are due."""
        if self._rate is None:
            return
        now = monotonic()
        self._free_at = max(now, self._free_at) + size / self._rate
        sleep = Sleep(self._free_at - now)
        yield sleep, sleep.operation
