"""The operations of a register of the largest on a server."""

from __future__ import annotations

from typing import TypeVar

from redis_crdt.types.base.extreme.operations import ExtremeOperations

T = TypeVar("T")


class MaxRegisterOperations(ExtremeOperations[T]):
    """The operations of a register of the largest."""

    kind = "max_register"
