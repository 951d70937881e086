"""What ``redis_crdt/types/README.md`` says of full servers and hostile regions, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from redis_crdt import Replica, memory
from redis_crdt.core.clock import Time, parse_clock
from redis_crdt.errors import ServerFull
from redis_crdt.operations import requests as ask
from redis_crdt.servers import Flavour as ServerFlavour
from tests.backends import NewClient, NewServer

ENTRIES = 3000


def known(replica: Any) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = replica.execute(ask.knowledge(replica.keys(0), "test")).known
    return found


def test_a_pull_into_a_server_that_fills_up_goes_on_where_it_stopped(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    us = memory.Replica(replica_id="us", feed_limit=10 * ENTRIES)
    for i in range(ENTRIES):
        us.lww_map("large", str).set(f"{i:04}", "x" * 5000)
    writer = next(iter(known(us)))
    with new_server(server_flavour).client(socket_timeout=None) as client:
        eu = Replica(client, replica_id="eu")
        memory_: Any = client.info("memory")
        client.config_set("maxmemory", memory_["used_memory"] + 8_000_000)
        with pytest.raises(ServerFull, match="maxmemory"):
            eu.pull(us)
        came = len(eu.lww_map("large"))
        assert 0 < came < ENTRIES
        assert Time(0) < parse_clock(known(eu)[writer]) < parse_clock(known(us)[writer])
        client.config_set("maxmemory", 0)
        report = eu.pull(us)
        assert not report.full_scan
        assert report.entries == ENTRIES - came
        assert eu.lww_map("large", str).dump() == us.lww_map("large", str).dump()


def test_a_peer_that_pretends_to_know_what_a_third_one_wrote(new_client: NewClient) -> None:
    """Who believes it takes that for removed: `verify` finds the difference, a reset repairs it."""
    eu, us = (Replica(new_client("valkey"), replica_id=name) for name in ("eu", "us"))
    eu.or_set("tasks", str).add("t1")
    liar = memory.Replica(replica_id="liar")
    liar.or_set("tasks", str).add("bait")
    writer, clock = next(iter(known(eu).items()))
    liar._shards[0].known[writer.decode()] = parse_clock(clock)
    us.pull(liar)
    us.pull(eu)
    assert "t1" not in us.or_set("tasks")
    assert [(d.field, d.here, d.there) for d in us.verify(eu)][1:] == [('"t1"', False, True)]
    us.reset()
    us.sync(eu)
    assert set(us.or_set("tasks")) == set(eu.or_set("tasks")) == {"t1"}
    assert us.verify(eu) == []
