# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The flag on a server in which enabling wins."""

from __future__ import annotations

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.flag.blocking import Flag
from redis_crdt.types.ew_flag.operations import EWFlagOperations


class EWFlag(EWFlagOperations, Flag):
    """A flag in which enabling wins.

    Of writes that did not know of each other one that enables it wins.
    """


class OpensEWFlag(ReplicaOperations):
    """Replicas have flags in which enabling wins."""

    def ew_flag(self, name: str) -> EWFlag:
        """Take up a flag in which enabling wins."""
        return self._take_up(EWFlag(self, name))
