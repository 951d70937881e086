"""The operations of this flag on a server."""

from __future__ import annotations

from redis_crdt.types.base.flag.entries import ON
from redis_crdt.types.base.flag.operations import FlagOperations


class EWFlagOperations(FlagOperations):
    """The operations of a flag in which enabling wins."""

    kind = "ew_flag"
    _wins = ON
