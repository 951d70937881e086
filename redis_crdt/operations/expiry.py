"""What a replica is asked about what has a deadline, and what it replies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from redis_crdt.core.names import Keys
from redis_crdt.operations.operation import Script, as_is, reading
from redis_crdt.operations.requests import BATCH, LOOK


class Expired(NamedTuple):
    """The reply to :func:`expired`."""

    upto: int
    """Up to when it is told, in milliseconds."""
    fields: list[tuple[bytes, bytes]]
    """Of each the letter of its kind with the collection's name, and the field."""


@reading
def read_expired(reply: Any) -> Expired:
    """Read what has expired."""
    upto, flat = reply
    return Expired(int(upto), list(zip(flat[::2], flat[1::2], strict=True)))


def expired(
    keys: Keys, since: int | None, collections: Iterable[bytes], about: str
) -> Script[Expired]:
    """Ask what has expired since a moment; without one, only how late it is."""
    args = (b"" if since is None else since, *collections)
    return Script("expiring/expired", keys.shard, keys.base, args, read_expired, about)


def sweep(keys: Keys, cursor: bytes, about: str) -> Script[tuple[bytes, int]]:
    """Ask to let go of some of what is dead."""
    args = (cursor, BATCH)
    return Script("expiring/sweep", keys.shard, keys.base, args, as_is, about, LOOK)
