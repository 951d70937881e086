"""URLs of servers: what is wrong in one is said before anything starts, without its password."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis
from redis.sentinel import Sentinel

from redis_crdt import Replica
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.errors import CRDTError, InvalidSetting
from redis_crdt.transport.urls import address_of

WRONG = [
    ("rediss://:opensesame@h?ssl_ca_cert=ca.pem", "no option 'ssl_ca_cert' .*mean 'ssl_ca_certs'"),
    ("rediss+cluster://:opensesame@h?ssl_ca_cert=ca.pem", "mean 'ssl_ca_certs'"),
    ("redis://:opensesame@h?ssl_ca_certs=ca.pem", "'ssl_ca_certs' is for TLS.*a rediss:// URL"),
    ("redis+cluster://:opensesame@h?ssl_ca_certs=ca.pem", "'ssl_ca_certs' is for TLS"),
    ("unix:///tmp/redis.sock?ssl_ca_certs=ca.pem&password=opensesame", "'ssl_ca_certs' is for TLS"),
    ("unix:///tmp/redis.sock?socket_timeouts=1&password=opensesame", "mean 'socket_timeout'"),
    ("redis://:opensesame@h?socket_timeout=soon", "'socket_timeout'"),
    ("redis://:opensesame@h?Password=", "no option 'Password' .*mean 'password'"),
    ("rediss://:opensesame@h?ssl_cert_reqs=perhaps", "perhaps"),
    ("redis://:opensesame@h?retry=3", "retry"),
    ("redis://:opensesame/1@h", "the port is no number; in a password"),
    ("redis+cluster://:opensesame@h/3", "one database"),
    ("http://:opensesame@h", "redis://"),
    ("localhost:6379", "redis://"),
    ("", "redis://"),
]


@pytest.mark.parametrize("kind", [Replica, AsyncReplica])
@pytest.mark.parametrize(("url", "says"), WRONG)
def test_wrong_urls(kind: type[Replica] | type[AsyncReplica], url: str, says: str) -> None:
    with pytest.raises(InvalidSetting, match=says) as caught:
        kind.from_url(url, replica_id="eu")
    assert "sesame" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_options_that_there_are() -> None:
    url = "rediss://h?ssl_ca_certs=ca.pem&ssl_check_hostname=no&socket_timeout=3&max_connections=9"
    AsyncReplica.from_url(url, replica_id="eu")
    with pytest.raises(CRDTError, match="h:6379") as caught:
        Replica.from_url(url, replica_id="eu")
    assert not isinstance(caught.value, InvalidSetting)


def test_where_a_server_is() -> None:
    sentinel: Any = Sentinel
    found = sentinel([("first", 26379), ("second", 26379)]).master_for("mymaster", db=3)
    assert address_of(found) == "mymaster of first:26379/0"
    assert address_of(Redis.from_url("redis://:opensesame@h/3")) == "h:6379/3"
    assert address_of(Redis.from_url("unix:///tmp/x?db=2&password=opensesame")) == "/tmp/x/2"
