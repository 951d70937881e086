"""What is installed only where it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Have an import that fails in this block say which extra of this package brings what it needs.

    It stays a ``ModuleNotFoundError`` of the same module, for those who look for that.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.msg}; pip install 'redis-crdt[{name}]' brings it", name=error.name
        ) from error
