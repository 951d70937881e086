"""Several calls, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

R = TypeVar("R")


def all_of(calls: Iterable[R]) -> list[R]:
    """Return what each of the calls returns: they are made as they are asked for."""
    return list(calls)
