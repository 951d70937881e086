"""Feature flags: of people who decide differently at the same time, the careful one wins.

A feature is on where it is allowed, and nobody has stopped it. To allow it and to stop it are flags
of two kinds: one where to disable wins over what is concurrent, and one where to enable wins. For
whom it is on is a share of the users, of which the latest that was set holds.
"""

from __future__ import annotations

from zlib import crc32

from redis_crdt import Backend


class Feature:
    def __init__(self, replica: Backend, name: str) -> None:
        self._name = name
        self.allowed = replica.dw_flag(f"allowed:{name}")
        self.stopped = replica.ew_flag(f"stopped:{name}")
        self._shares = replica.lww_map("shares", int)

    def roll_out(self, percent: int) -> None:
        self._shares[self._name] = percent

    def is_on(self, user: str) -> bool:
        """Whether a user has it: the same ones everywhere, and those who had it keep it."""
        if self.stopped.value() or not self.allowed.value():
            return False
        share: int = self._shares.get(self._name, 100)
        return crc32(f"{self._name}:{user}".encode()) % 100 < share
