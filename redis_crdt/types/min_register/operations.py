"""The operations of a register of the smallest on a server."""

from __future__ import annotations

from typing import TypeVar

from redis_crdt.types.base.extreme.operations import ExtremeOperations

T = TypeVar("T")


class MinRegisterOperations(ExtremeOperations[T]):
    """The operations of a register of the smallest."""

    kind = "min_register"
