"""The flag in memory in which enabling wins."""

from __future__ import annotations

from typing import ClassVar

from redis_crdt.types.base.flag.entries import ON
from redis_crdt.types.base.flag.memory import Flag
from redis_crdt.types.base.opener import Opener


class EWFlag(Flag):
    """A flag in which enabling wins.

    Of writes that did not know of each other one that enables it wins.
    """

    kind: ClassVar = "ew_flag"
    _wins = ON


class OpensEWFlag(Opener):
    """Replicas have flags in which enabling wins."""

    def ew_flag(self, name: str) -> EWFlag:
        """Open a flag in which enabling wins."""
        return self._open(EWFlag, name, bool)
