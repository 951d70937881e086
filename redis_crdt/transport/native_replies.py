"""What native commands reply, the same from all servers in both versions of the protocol.

A program's client may read replies in its own way (``response_callbacks``); none of that is for us.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redis_crdt.operations.operation import reading


def read_native(command: str, reply: Any) -> Any:
    """Return what a command replied; :class:`InvalidDump` for what it never does."""
    read = _READERS.get(command)
    return read(reply) if read else reply


@reading
def _pairs(reply: Any) -> dict[bytes, bytes]:
    """Read the fields and values of a hash."""
    if isinstance(reply, dict):
        return reply
    return dict(zip(reply[::2], reply[1::2], strict=True))


@reading
def _page(reply: Any) -> tuple[int, dict[bytes, bytes]]:
    """Read a page of a hash: where to go on, and its fields and values."""
    cursor, page = reply
    return int(cursor), _pairs(page)


@reading
def _sections(reply: Any) -> dict[str, str]:
    """Read what INFO tells."""
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    lines = (line.partition(":") for line in text.splitlines())
    return {name: value for name, colon, value in lines if colon}


_READERS: dict[str, Callable[[Any], Any]] = {
    "HGETALL": _pairs,
    "HSCAN": _page,
    "INFO": _sections,
}
