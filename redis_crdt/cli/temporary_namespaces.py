"""Namespaces that are there for a while, on servers that others use as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from redis import Redis
from redis.exceptions import RedisError

from redis_crdt.errors import ServerError


@contextmanager
def keys_deleted_after(client: Redis, namespace: str) -> Iterator[None]:
    """Delete all keys of a namespace, and of those whose names go on with ``:``, in the end.

    Raises :class:`ServerError` where that fails, unless the block has raised something itself.
    """
    try:
        yield
    except BaseException:
        with suppress(RedisError):  # what went wrong first is what the user must hear
            _delete_keys(client, namespace)
        raise
    try:
        _delete_keys(client, namespace)
    except RedisError as error:
        raise ServerError(f"the keys {_pattern(namespace)} are left: {error}") from error


def _pattern(namespace: str) -> str:
    return f"crdt:{{{namespace}:*"


def _delete_keys(client: Redis, namespace: str) -> None:
    for key in client.scan_iter(match=_pattern(namespace), count=1000):
        client.unlink(key)
