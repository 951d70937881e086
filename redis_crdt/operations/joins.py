"""How a write goes together with others; what it says of that, and nothing else."""

from __future__ import annotations

from enum import Enum, auto


class Joins(Enum):
    """How a write goes together with others to its collection, and what its arguments are then."""

    FIELDS = auto()
    """Fields. Of several writes of one only the last leaves anything; none replies anything."""
    PAIRS = auto()
    """The same, with a value after each field."""
    AMOUNT = auto()
    """A side, and an amount that can be added to others; it replies nothing."""
