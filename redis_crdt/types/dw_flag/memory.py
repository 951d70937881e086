"""The flag in memory in which disabling wins."""

from __future__ import annotations

from typing import ClassVar

from redis_crdt.types.base.flag.entries import OFF
from redis_crdt.types.base.flag.memory import Flag
from redis_crdt.types.base.opener import Opener


class DWFlag(Flag):
    """A flag in which disabling wins.

    Of writes that did not know of each other one that disables it wins.
    """

    kind: ClassVar = "dw_flag"
    _wins = OFF


class OpensDWFlag(Opener):
    """Replicas have flags in which disabling wins."""

    def dw_flag(self, name: str) -> DWFlag:
        """Open a flag in which disabling wins."""
        return self._open(DWFlag, name, bool)
