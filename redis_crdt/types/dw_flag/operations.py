"""The operations of this flag on a server."""

from __future__ import annotations

from redis_crdt.types.base.flag.entries import OFF
from redis_crdt.types.base.flag.operations import FlagOperations


class DWFlagOperations(FlagOperations):
    """The operations of a flag in which disabling wins."""

    kind = "dw_flag"
    _wins = OFF
