"""What a server forgot is never spent twice: the rights of its past incarnations are frozen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from redis_crdt import Replica, memory
from redis_crdt.errors import Exceeded, HoldLapsed
from redis_crdt.servers import Server
from tests.backends import NewServer
from tests.integration.test_amnesia import crash
from tests.integration.test_cli import redis_crdt
from tests.integration.test_syncer import until

Opens = Callable[..., Replica]


@pytest.fixture
def server(new_server: NewServer) -> Server:
    """A server that saves when it is told to."""
    return new_server("valkey", {"dbfilename": "dump.rdb"})


@pytest.fixture
def opened(server: Server) -> Iterator[Opens]:
    """Opens the replica eu on it, closed in the end."""
    with ExitStack() as stack:

        def open_(**options: Any) -> Replica:
            return stack.enter_context(Replica.from_url(server.url, replica_id="eu", **options))

        yield open_


def save(server: Server) -> None:
    with server.client() as client:
        client.save()


def test_what_was_forgotten_is_not_spent_once_more(server: Server, opened: Opens) -> None:
    money = opened().budget("money")
    money.grant(10)
    save(server)
    money.spend(7)  # of which nobody hears
    crash(server)
    assert money.available() == 0
    with pytest.raises(Exceeded):
        money.spend(4)
    assert money.frozen() == {"eu": 10}
    money.grant(5)
    money.spend(5)
    assert money.remaining() == 10


def test_what_is_moved_is_not_received_twice(server: Server, opened: Opens) -> None:
    eu, us = opened(), memory.Replica(replica_id="us")
    money, theirs = eu.budget("money"), us.budget("money")
    eu.budget("other").grant(1)
    save(server)
    theirs.grant(10)
    us.sync(eu)
    theirs.move(6, "eu")
    us.sync(eu)
    money.spend(6)
    crash(server)
    us.sync(eu)  # which brings what was moved once more
    with pytest.raises(Exceeded):
        money.spend(1)
    us.pull(eu)  # which hears of the new incarnation
    theirs.move(4, "eu")
    us.sync(eu)
    money.spend(4)
    assert theirs.frozen() == {"eu": 6}


def test_an_operator_may_give_his_word(server: Server, opened: Opens) -> None:
    eu = opened()
    money = eu.budget("money")
    money.grant(10)
    money.spend(3)
    hold = money.spend(2, hold=600)
    save(server)
    crash(server)
    with pytest.raises(HoldLapsed):
        hold.settle(1)
    assert b"money: 5 taken over" in redis_crdt("reclaim", server.url).stdout
    assert eu.reclaim() == {}
    money.spend(5)
    assert money.remaining() == money.available() == 0


def test_a_region_that_is_gone_may_be_taken_over(server: Server, opened: Opens) -> None:
    eu, us = opened(), memory.Replica(replica_id="us")
    us.budget("money").grant(10)
    us.budget("money").spend(1)
    eu.pull(us)
    assert eu.budget("money").available() == 0
    told = redis_crdt("reclaim", server.url, "--of", "us", "--json").stdout
    assert json.loads(told) == {"reclaimed": {"money": 9}}
    eu.budget("money").spend(9)
    us.pull(eu)
    assert us.budget("money").available() == us.budget("money").remaining() == 0


def test_a_durable_server_goes_on_with_what_it_had(server: Server, opened: Opens) -> None:
    money = opened(durable=True).budget("money")
    money.grant(10)
    money.spend(3)
    save(server)
    crash(server)
    assert money.available() == 7
    hold = money.spend(3, hold=600)
    money.spend(2, hold=0.001)  # which comes back
    save(server)
    crash(server)
    until(lambda: money.available() == 4)
    hold.settle(1)
    money.spend(5)
    with pytest.raises(Exceeded):
        opened().budget("money").spend(2)
    assert money.available() == money.remaining() == 1


def test_a_durable_server_that_was_seen_to_forget_does_not(server: Server, opened: Opens) -> None:
    eu, us = opened(durable=True), memory.Replica(replica_id="us")
    money = eu.budget("money")
    money.grant(10)
    with server.client() as client:
        stored = {key: client.dump(key) for key in client.scan_iter()}
        money.spend(7)
        us.pull(eu)
        for key, value in stored.items():  # a running server is put back
            client.restore(key, 0, value, replace=True)
    us.pull(eu)  # finds that out
    assert money.available() == 0
    with pytest.raises(Exceeded):
        money.spend(1)
