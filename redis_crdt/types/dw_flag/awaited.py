"""The flag on a server in which disabling wins, for asyncio."""

from __future__ import annotations

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.flag.awaited import Flag
from redis_crdt.types.dw_flag.operations import DWFlagOperations


class DWFlag(DWFlagOperations, Flag):
    """A flag in which disabling wins.

    Of writes that did not know of each other one that disables it wins.
    """


class OpensDWFlag(ReplicaOperations):
    """Replicas have flags in which disabling wins."""

    def dw_flag(self, name: str) -> DWFlag:
        """Take up a flag in which disabling wins."""
        return self._take_up(DWFlag(self, name))
