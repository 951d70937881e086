"""Several calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from itertools import islice
from typing import Final, TypeVar

R = TypeVar("R")

_ABREAST: Final = 500
"""How many calls are under way at most."""


async def all_of(calls: Iterable[Awaitable[R]]) -> list[R]:
    """Return what each of the calls returns, in their order."""
    left, results = iter(calls), list[R]()
    while some := list(islice(left, _ABREAST)):
        results += await asyncio.gather(*some)
    return results
