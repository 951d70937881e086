"""Which namespaces a deployment has, and throwing one away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

import redis_crdt
from redis_crdt import Replica, servers
from redis_crdt.errors import InvalidName, InvalidSetting, ServerUnreachable
from redis_crdt.servers import Cluster
from tests.backends import NewClient

NewUrl = Callable[[servers.Flavour], str]


def fill(replica: Replica) -> None:
    replica.or_set("tasks", str).add("t1")
    replica.or_set("tasks", str).remove("t1")
    replica.lww_map(":meta", str).set("k", "v")
    replica.g_counter("done").increment()


def test_namespaces_are_listed_and_dropped_by_url(server_url: str) -> None:
    assert redis_crdt.namespaces(server_url) == []
    for name in ("a", "a:b", "a:b:0"):
        with Replica.from_url(server_url, replica_id="eu", namespace=name, shards=3) as replica:
            fill(replica)
    with redis.Redis.from_url(server_url) as client:
        client.set("crdt:{other}:meta", "not ours")
        client.set("crdt:{..:0}:meta", "not ours")
        assert redis_crdt.namespaces(server_url) == ["a", "a:b", "a:b:0"]
        before = set(client.scan_iter())
        assert redis_crdt.drop_namespace(server_url, "a:b")
        assert redis_crdt.namespaces(server_url) == ["a", "a:b:0"]
        gone = before - set(client.scan_iter())
        assert {key.partition(b"}")[0] for key in gone} == {b"crdt:{a:b:%d" % i for i in range(3)}
        assert not [key for key in client.scan_iter() if key.startswith(b"crdt:{a:b:1}")]
    assert not redis_crdt.drop_namespace(server_url, "a:b")


@pytest.mark.parametrize("decoding", [False, True])
def test_by_client(new_client: NewClient, decoding: bool) -> None:
    client = new_client("fakeredis", decode_responses=decoding)
    fill(Replica(client, replica_id="eu", namespace="agents"))
    assert redis_crdt.namespaces(client) == ["agents"]
    assert redis_crdt.drop_namespace(client, "agents")
    assert redis_crdt.namespaces(client) == []


def test_on_a_cluster(new_cluster: Callable[[], Cluster]) -> None:
    url = new_cluster().url
    with Replica.from_url(url, replica_id="eu", shards=8) as replica:
        fill(replica)
    assert redis_crdt.namespaces(url) == ["default"]
    assert redis_crdt.drop_namespace(url, "default")
    assert redis_crdt.namespaces(url) == []


def test_what_cannot_be(new_url: NewUrl) -> None:
    with pytest.raises(InvalidName):
        redis_crdt.drop_namespace(new_url("valkey"), "*")
    with pytest.raises(InvalidSetting):
        redis_crdt.namespaces("localhost")
    with pytest.raises(ServerUnreachable):
        redis_crdt.namespaces("redis://127.0.0.1:1")
