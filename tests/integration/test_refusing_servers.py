"""Servers that refuse: a clear exception of ours, every byte as it was, and on it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from threading import Thread
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from redis_crdt import Replica, memory
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.errors import (
    AccessDenied,
    AuthenticationFailed,
    CRDTError,
    EvictionEnabled,
    ServerBusy,
    ServerFull,
    ServerLoading,
    ServerReadOnly,
    ServerUnreachable,
    Unacknowledged,
)
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Script
from redis_crdt.servers import Flavour as ServerFlavour
from redis_crdt.servers import Server
from redis_crdt.transport.flight.flight import Flight
from tests.backends import NewServer
from tests.integration.refusals import refused, write_all, writes

NO_RETRY = Retry(NoBackoff(), 0)


def insist(call: Callable[[], object], while_: Callable[[], bool] = lambda: True) -> None:
    """Call until that raises something other than that the server does not listen yet."""
    while while_():
        with suppress(ServerUnreachable):
            call()


@contextmanager
def in_use(server: Server) -> Iterator[tuple[Any, Replica, list[Callable[[], object]]]]:
    """A server's client, a replica there with something in it, and all the ways to write to it."""
    with server.client() as client:
        eu = Replica(client, replica_id="eu")
        write_all(eu)
        yield client, eu, writes(eu)


def refuses_every_write(
    client: redis.Redis, calls: list[Callable[[], object]], exception: type[CRDTError], says: str
) -> None:
    for call in calls:
        with refused(client, exception, says):
            call()


def test_a_read_only_server(new_server: NewServer, server_flavour: ServerFlavour) -> None:
    with in_use(new_server(server_flavour)) as (client, eu, calls):
        # A replica of a server that cannot be reached keeps its data, and takes no writes.
        client.execute_command("REPLICAOF", "127.0.0.1", 1)
        refuses_every_write(client, calls, ServerReadOnly, "takes no writes")
        assert eu.or_set("tasks", str).contains("here")
        client.execute_command("CONFIG", "SET", "replica-serve-stale-data", "no")
        with pytest.raises(ServerLoading):
            calls[0]()
        client.execute_command("REPLICAOF", "NO", "ONE")
        for call in calls:
            call()


def test_too_few_replicas(new_server: NewServer, server_flavour: ServerFlavour) -> None:
    if server_flavour == "redis62":
        pytest.skip("Redis 6.2 lets scripts write with min-replicas-to-write unmet")
    with in_use(new_server(server_flavour)) as (client, _, calls):
        client.config_set("min-replicas-to-write", 1)
        refuses_every_write(client, calls, ServerReadOnly, "takes no writes")


def test_a_full_server(new_server: NewServer, server_flavour: ServerFlavour) -> None:
    with in_use(new_server(server_flavour)) as (client, eu, calls):
        client.config_set("maxmemory", 1)
        refuses_every_write(client, calls, ServerFull, "maxmemory")
        assert eu.g_counter("done").value() == 3
        client.config_set("maxmemory", 0)
        for call in calls:
            call()


def test_a_full_server_that_has_restarted_can_be_looked_at(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    """Its new incarnation cannot be noted, which those who only look have no need of."""
    server = new_server(server_flavour, {"appendonly": "yes", "appendfsync": "always"})
    with in_use(server) as (client, eu, calls):
        eu.or_set("many", int).update(range(1200))
        server.restart()
        client.config_set("maxmemory", 1)
        assert len(Replica(client).status().collections) == 10
        assert eu.or_set("tasks", str).contains("here")
        # Page by page, too: its name stays the same from one look to the next.
        file = BytesIO()
        assert 1206 <= eu.dump(file) < 1300
        assert memory.Replica(replica_id="us").load(BytesIO(file.getvalue())) >= 1206
        assert eu.verify(eu) == []
        refuses_every_write(client, calls, ServerFull, "maxmemory")


def test_a_server_that_loads(new_server: NewServer, server_flavour: ServerFlavour) -> None:
    # It persists, and loads so slowly that it answers now and then in the meantime.
    config: dict[str, str | int] = {
        "save": "3600 1",
        "key-load-delay": 1_000,
        "rdbcompression": "no",
    }
    server = new_server(server_flavour, config)
    with server.client(retry=NO_RETRY) as client:
        tasks = Replica(client, replica_id="eu").or_set("tasks", str)
        tasks.add("old")
        client.mset({f"filler:{i}": "x" * 10_000 for i in range(1_000)})
        server.stop()
        restart = Thread(target=server.restart)
        restart.start()
        try:
            with pytest.raises(ServerLoading, match="starting"):
                insist(lambda: tasks.add("new"), restart.is_alive)
        finally:
            restart.join()
        assert set(tasks) == {"old"}
        tasks.add("new")
        assert set(tasks) == {"old", "new"}


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random"])
def test_a_server_that_evicts(
    new_server: NewServer, server_flavour: ServerFlavour, policy: str
) -> None:
    with new_server(server_flavour, {"maxmemory-policy": policy}).client() as client:
        with refused(client, EvictionEnabled, f"maxmemory-policy is '{policy}'.*allow_eviction"):
            Replica(client, replica_id="eu")
        with pytest.warns(RuntimeWarning, match=policy):
            Replica(client, replica_id="eu", allow_eviction=True)
        client.config_set("maxmemory-policy", "volatile-lru")  # our keys have no expiry
        Replica(client, replica_id="eu")


def test_a_user_without_rights(new_server: NewServer, server_flavour: ServerFlavour) -> None:
    server = new_server(server_flavour)
    with in_use(server) as (client, _, _):
        client.execute_command("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@all", "-xadd")
        with server.client(username="reader", password="pw") as limited:
            tasks = Replica(limited).or_set("tasks", str)
            with refused(client, AccessDenied, "may not"):
                tasks.add("new")


async def test_a_wrong_or_missing_password(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour, {"requirepass": "opensesame"}, tcp=True)
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "off", "off", ">opensesame", "~*", "+@all")
    where = server.tcp_url.rpartition("@")[2]
    for given in (":wrongsesame@", "", "nobody:opensesame@", "off:opensesame@"):
        url, says = f"redis://{given}{where}", f"{where}/0.* user name and"
        with pytest.raises(AuthenticationFailed, match=says) as caught:
            Replica.from_url(url, replica_id="eu")
        assert caught.value.server == f"{where}/0"
        assert "sesame" not in str(caught.value)
        replica = AsyncReplica.from_url(url, replica_id="eu")
        with pytest.raises(AuthenticationFailed, match=says):
            await replica.open()
        await replica.close()
    with Replica.from_url(server.tcp_url, replica_id="eu") as eu, server.client() as client:
        tasks = eu.or_set("tasks", str)
        client.config_set("requirepass", "changed")
        client.client_kill_filter(_type="normal")  # such are let in no more
        with pytest.raises(AuthenticationFailed, match=where):
            tasks.add("new")


async def keep_sending(flight: Flight, request: Script[Any]) -> None:
    """Send again until it is seen that the connection is closed, and another one is needed."""
    for _ in range(1000):
        with suppress(Unacknowledged):
            sent = flight.execute(request)
            await (asyncio.sleep(0) if sent is None else sent)
        await asyncio.sleep(0)


async def test_a_flight_that_the_password_keeps_from_starting(new_server: NewServer) -> None:
    """As where it is changed while a peer is followed: no reply was lost."""
    server = new_server("valkey", {"requirepass": "opensesame"}, tcp=True)
    blocking = Replica.from_url(server.tcp_url, replica_id="eu")
    async with AsyncReplica.from_url(server.tcp_url) as awaited:
        request = ask.knowledge(awaited.keys(0), awaited.about)
        flights = [replica.flight(0) for replica in (blocking, awaited)]
        with server.client() as client:
            client.config_set("requirepass", "changed")
            client.client_kill_filter(_type="normal")
        for flight in filter(None, flights):
            with pytest.raises(AuthenticationFailed, match=awaited.address):
                await keep_sending(flight, request)
    blocking.close()


def test_a_server_that_another_script_blocks(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour, {"lua-time-limit": 1})
    with server.client() as client, server.client(socket_timeout=None) as blocker:
        eu = Replica(client, replica_id="eu")
        tasks = eu.or_set("tasks", str)
        connection: Any = blocker.connection_pool.get_connection()
        connection.send_command("EVAL", "while true do end", 0)
        with pytest.raises(ServerBusy, match="blocks the server"):
            insist(lambda: tasks.add("new"))
        client.execute_command("SCRIPT", "KILL")
        with pytest.raises(redis.ResponseError):
            connection.read_response()
        tasks.add("new")


def test_a_server_that_is_gone(new_server: NewServer, server_flavour: ServerFlavour) -> None:
    server = new_server(server_flavour)
    with server.client(retry=NO_RETRY) as client:
        eu = Replica(client, replica_id="eu")
        calls = writes(eu)
        tasks = eu.or_set("tasks", str)
        server.kill()
        where = str(client.connection_pool.connection_kwargs["path"])
        reads: list[Callable[[], object]] = [tasks.size, lambda: "x" in tasks]
        for call in calls + reads:
            with pytest.raises(ServerUnreachable, match=where):
                call()
        with pytest.raises(ServerUnreachable, match=where):
            Replica(client, replica_id="eu")
