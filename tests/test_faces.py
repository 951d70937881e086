"""Each blocking face is what is made from the awaited one, and whatever says so is."""

from __future__ import annotations

import pytest

from tests.faces import MADE, REGISTERS, ROOT, blocking, register


@pytest.mark.parametrize("path", MADE)
def test_what_is_committed_is_what_would_be_made(path: str) -> None:
    source = (ROOT / MADE[path]).read_text(encoding="utf-8")
    assert (ROOT / path).read_text(encoding="utf-8") == blocking(source)


@pytest.mark.parametrize("side", REGISTERS)
def test_a_register_has_what_is_listed(side: str) -> None:
    path = ROOT / "redis_crdt" / "types" / f"{side}.py"
    assert path.read_text(encoding="utf-8") == register(side)


def test_nothing_else_says_that_it_is_made() -> None:
    modules = (ROOT / "redis_crdt").rglob("*.py")
    saying = {path for path in modules if path.read_text(encoding="utf-8").startswith("# Made ")}
    registers = {ROOT / "redis_crdt" / "types" / f"{side}.py" for side in REGISTERS}
    assert saying == registers | {ROOT / path for path in MADE}


AWAITED = '''"""A thing on a server, for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import Any

from redis.asyncio import Redis

from redis_crdt.types.base.collection.awaited import Collection
from redis_crdt.core.clock import Time


class Thing(Collection[Any]):
    """See ``async with`` and :class:`redis_crdt.asyncio.Replica`."""

    @property
    def timestamp(self) -> Awaitable[dict[str, Time]]:
        return self._run(self._timestamp())

    async def all(self, client: Redis, others: Iterable[Any]) -> list[Any]:
        async with client:  # as ``await client``
            return [one async for one in self if (await one.size()) in others]

    def __aiter__(self) -> AsyncIterator[Any]: ...
'''

BLOCKING = '''# Made from awaited.py: change that, and run `python -m tests.faces`.
"""A thing on a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from redis import Redis

from redis_crdt.core.clock import Time
from redis_crdt.types.base.collection.blocking import Collection


class Thing(Collection[Any]):
    """See ``with`` and :class:`redis_crdt.Replica`."""

    @property
    def timestamp(self) -> dict[str, Time]:
        return self._run(self._timestamp())

    def all(self, client: Redis, others: Iterable[Any]) -> list[Any]:
        with client:  # as ``client``
            return [one for one in self if (one.size()) in others]

    def __iter__(self) -> Iterator[Any]: ...
'''


def test_what_is_made_of_what() -> None:
    assert blocking(AWAITED) == BLOCKING
