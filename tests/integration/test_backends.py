"""The fixtures keep their promises: empty, separate keyspaces, and no silent gap in CI."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from redis_crdt import servers
from tests.backends import Connect, Flavour, NewClient, NewServer, require_binary


@pytest.mark.parametrize("run", [1, 2])
def test_keyspaces_are_empty_and_apart(flavour: Flavour, new_client: NewClient, run: int) -> None:
    eu, us = new_client(flavour), new_client(flavour, decode_responses=True)
    assert eu.dbsize() == us.dbsize() == 0
    eu.set("key", run)
    assert us.get("key") is None
    us.set("key", run)
    assert us.get("key") == str(run)


def test_clients_share_a_keyspace(
    flavour: Flavour, new_keyspace: Callable[[Flavour], Connect]
) -> None:
    connect = new_keyspace(flavour)
    connect().set("key", "value")
    assert connect(decode_responses=True).get("key") == "value"


def test_scripts_run(redis_client: redis.Redis) -> None:
    assert redis_client.eval("return redis.call('dbsize')", 0) == 0


def test_urls_lead_to_empty_databases(server_url: str) -> None:
    with redis.Redis.from_url(server_url) as client:
        assert client.dbsize() == 0


def test_a_server_of_ones_own(server_flavour: servers.Flavour, new_server: NewServer) -> None:
    server = new_server(server_flavour, {"maxmemory": "10mb"})
    with server.client() as client:
        assert client.config_get("maxmemory") == {"maxmemory": str(10 * 1024 * 1024)}


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_a_missing_backend_is_skipped_except_in_ci(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(outcome, match=r"redis.*on PATH"):
        require_binary("redis")
