# Made from awaited.py: change that, and run `python -m tests.faces`.
"""What the registers of the largest and of the smallest on a server have in common."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.base.extreme.operations import ExtremeOperations

T = TypeVar("T", default=Any)


class Extreme(Collection[T], ExtremeOperations[T]):
    """What both can: be written, and be read."""

    def set(self, value: T) -> None:
        """Write the value; without effect where it does not go beyond what is there.

        One round trip. Raises :class:`InvalidValue` if it is not of the register's type, or neither
        int, float, str nor datetime with a time zone.
        """
        self._run(self._set(value))

    def get(self) -> T | None:
        """Return the value, or None if none was ever written. A time is given in UTC.

        One round trip.
        """
        return self._run(self._get())
