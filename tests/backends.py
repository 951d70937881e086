"""The backends that tests run on; the fixtures in ``conftest`` hand them out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import pytest
import redis

from redis_crdt import servers

Flavour = Literal["fakeredis", servers.Flavour]

FLAVOURS: tuple[Flavour, ...] = ("fakeredis", *servers.FLAVOURS)

Connect = Callable[..., redis.Redis]
"""Makes a client of one keyspace; the arguments are those of ``redis.Redis``."""


class NewClient(Protocol):
    def __call__(self, flavour: Flavour, **kwargs: Any) -> redis.Redis: ...


class NewServer(Protocol):
    def __call__(
        self,
        flavour: servers.Flavour,
        config: Mapping[str, str | int] | None = None,
        *,
        tcp: bool = False,
    ) -> servers.Server: ...


def require_binary(flavour: servers.Flavour) -> servers.ServerBinary:
    """Find a server. Where there is none the test is skipped, but fails in CI, which has all."""
    try:
        return servers.find_binary(flavour)
    except servers.ServerNotFound as missing:
        if os.environ.get("CI"):
            pytest.fail(f"CI must test every backend, and has no {flavour}: {missing}")
        pytest.skip(f"no {flavour}: {missing}")
