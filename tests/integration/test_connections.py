"""Whatever way a program connects, the same comes of it; and a write is sent once."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

from redis_crdt import Replica, memory
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.errors import ReplicaMismatch, ServerUnreachable, Unacknowledged
from redis_crdt.servers import Flavour as ServerFlavour
from tests.backends import Flavour, NewClient, NewServer
from tests.integration.refusals import write_all
from tests.integration.test_syncer import until


@pytest.mark.parametrize("decode_responses", [False, True])
@pytest.mark.parametrize("protocol", [2, 3])
def test_protocols_and_decoding(
    flavour: Flavour, new_client: NewClient, protocol: int, decode_responses: bool
) -> None:
    options: dict[str, Any] = {"protocol": protocol, "decode_responses": decode_responses}
    eu = Replica(new_client(flavour, **options), replica_id="eu")
    write_all(eu)
    blobs = eu.or_set("blobs", bytes)
    blobs.add(b"\xff\x00")
    assert set(blobs) == {b"\xff\x00"}
    assert set(eu.or_set("tasks", str)) == {"here"}
    assert eu.g_counter("done").by_replica() == {"eu": 3}
    assert eu.pn_counter("pool").value() == -2
    assert eu.lww_register("config", int).get() == 1
    assert eu.mv_register("owner", str).get() == ["a"]
    assert dict(eu.lww_map("status", str)) == {"a": "busy"}
    here = memory.Replica(replica_id="us")
    here.sync(eu)
    assert here.or_set("tasks", str).dump() == eu.or_set("tasks", str).dump()
    changes = eu.watch("0-0", timeout=0.01)
    assert {change.collection for change in changes} >= {"tasks", "done", "blobs"}


def test_a_replica_that_cannot_be_opened_leaves_no_connection(new_server: NewServer) -> None:
    server = new_server("valkey")
    with server.client() as admin:
        Replica.from_url(server.url, replica_id="eu").close()
        until(lambda: len(admin.client_list()) == 1)
        with pytest.raises(ReplicaMismatch) as caught:
            Replica.from_url(server.url, replica_id="us")
        until(lambda: len(admin.client_list()) == 1)
        # Its traceback holds the replica, so nobody else has closed anything.
        assert caught.type is ReplicaMismatch


def test_tcp_and_password(new_server: NewServer, server_flavour: ServerFlavour) -> None:
    server = new_server(server_flavour, {"requirepass": "a:b@c/d"}, tcp=True)
    for url in (server.tcp_url, server.url):
        with Replica.from_url(url, replica_id="eu") as eu:
            eu.g_counter("done").increment()
    with Replica.from_url(server.url) as eu:
        assert eu.g_counter("done").value() == 2


def test_a_write_without_a_reply_is_told_as_such_and_never_sent_again(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour)
    stubborn = Retry(NoBackoff(), 5)
    with server.client(socket_timeout=0.1, retry=stubborn) as client, server.client() as calm:
        done = Replica(client, replica_id="eu").g_counter("done")
        server.pause()
        with pytest.raises(Unacknowledged, match="may have happened or not"):
            done.increment(5)
        server.resume()
        calm.ping()
        assert Replica(calm).g_counter("done").value() in (0, 5)
        before = Replica(calm).g_counter("done").value()
        done.increment()  # the connection that broke is not used again
        assert done.value() == before + 1


PERSISTENT = {"appendonly": "yes", "appendfsync": "always"}
PATIENT = Retry(ConstantBackoff(0.05), 200)


def test_a_read_whose_connection_breaks_is_sent_again(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour, PERSISTENT)
    with server.client(retry=PATIENT) as client, ThreadPoolExecutor() as threads:
        eu = Replica(client, replica_id="eu")
        done = eu.g_counter("done")
        done.increment(5)
        server.pause()
        value = threads.submit(done.value)
        while not eu._servers[None]._places:
            assert not value.done()
        server.kill()  # the command is sent, and will not be answered
        server.restart()
        assert value.result() == 5


async def test_an_awaited_read_whose_connection_breaks_is_sent_again(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour, PERSISTENT)
    async with AsyncReplica.from_url(
        server.url, replica_id="eu", retry=AsyncRetry(ConstantBackoff(0.05), 200)
    ) as eu:
        done = eu.g_counter("done")
        await done.increment(5)
        server.pause()
        value = asyncio.create_task(done.value())
        while not eu._shared[None].line.under_way:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0)
        server.kill()
        await asyncio.to_thread(server.restart)
        assert await value == 5


def test_the_connection_that_is_kept_is_not_used_once_its_server_has_hung_up(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server = new_server(server_flavour, PERSISTENT)
    with Replica.from_url(server.url, replica_id="eu") as eu:
        eu.g_counter("done").increment()
        server.restart()
        eu.g_counter("done").increment()  # not Unacknowledged: it was sent on a new connection
        assert eu.g_counter("done").value() == 2


async def test_an_awaited_one_neither(new_server: NewServer, server_flavour: ServerFlavour) -> None:
    server = new_server(server_flavour, PERSISTENT)
    async with AsyncReplica.from_url(server.url, replica_id="eu") as eu:
        await eu.g_counter("done").increment()
        await asyncio.to_thread(server.restart)
        await eu.g_counter("done").increment()
        assert await eu.g_counter("done").value() == 2


async def test_an_only_connection_is_not_kept_from_those_who_wait_for_it(server_url: str) -> None:
    async with AsyncReplica.from_url(server_url, replica_id="eu", max_connections=1) as eu:
        done = eu.g_counter("done")
        await asyncio.gather(*(done.increment() for _ in range(5)))
        assert await done.value() == 5


def test_a_fork_leaves_the_connection_that_is_kept_alone(server_url: str) -> None:
    with Replica.from_url(server_url, replica_id="eu") as eu:
        done = eu.g_counter("done")
        done.increment()
        child = multiprocessing.get_context("fork").Process(target=done.increment, args=(10,))
        child.start()
        for _ in range(200):
            done.increment()
        child.join()
        assert child.exitcode == 0
        assert done.value() == 211


def test_tls(new_server: NewServer, tmp_path: Path) -> None:
    """The Redis on PATH speaks TLS; the wheels are built without."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    names = [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run([openssl, *request, *names], check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    new_server(
        "redis",
        {
            "tls-port": port,
            "tls-cert-file": str(certificate),
            "tls-key-file": str(key),
            "tls-ca-cert-file": str(certificate),
            "tls-auth-clients": "no",
        },
    )
    url = f"rediss://127.0.0.1:{port}"
    with Replica.from_url(url, replica_id="eu", ssl_ca_certs=str(certificate)) as eu:
        eu.g_counter("done").increment(3)
        assert eu.g_counter("done").value() == 3
    with pytest.raises(ServerUnreachable, match="certificate"):
        Replica.from_url(url, replica_id="eu")

    async def awaited() -> None:
        async with AsyncReplica.from_url(url, ssl_ca_certs=str(certificate)) as eu:
            texts = eu.or_set("texts", str)
            each = [f"{i}" * 1000 for i in range(500)]
            await asyncio.gather(*map(texts.add, each))
            assert all(await asyncio.gather(*map(texts.contains, each)))

    asyncio.run(awaited())


class Interrupted(Exception):
    """What a signal's handler raises, as Ctrl-C and time limits do."""


@pytest.mark.parametrize("own", [True, False], ids=["from_url", "a client of the program's own"])
def test_a_signal_in_the_midst_of_a_read(new_server: NewServer, own: bool) -> None:
    """The reply that was not read is for nobody else."""

    armed = False

    def interrupt(*_: object) -> None:
        if armed:
            raise Interrupted

    server = new_server("valkey")
    before = signal.signal(signal.SIGALRM, interrupt)
    client = server.client()
    interrupted = 0
    try:
        eu = (
            Replica.from_url(server.url, replica_id="eu")
            if own
            else Replica(client, replica_id="eu")
        )
        status = eu.lww_map("status", int)
        status.update({f"k{i}": i for i in range(100)})
        for turn in range(300):
            signal.setitimer(signal.ITIMER_REAL, 0.000005 * (turn % 60 + 1))
            try:
                armed = True
                for i in range(100):
                    assert status.get(f"k{i}") == i
                armed = False
            except Interrupted:
                armed = False
                interrupted += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert status.get("k7") == 7
            assert f"k{turn}" in status or turn >= 100
        assert interrupted > 100
        eu.close()
    finally:
        signal.signal(signal.SIGALRM, before)
        client.close()


@pytest.mark.parametrize("own", [True, False], ids=["from_url", "a client of the program's own"])
def test_a_read_that_is_interrupted_before_its_reply(
    new_server: NewServer, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    server = new_server("valkey")

    def send_only(connection: Any, packed: bytes, _: bool) -> None:
        connection.send_packed_command([packed])
        raise Interrupted

    with server.client() as client:
        eu = Replica.from_url(server.url, replica_id="eu")
        if not own:
            eu.close()
            eu = Replica(client, replica_id="eu")
        status = eu.lww_map("status", int)
        status.update({"a": 1, "b": 2})
        with monkeypatch.context() as patched:
            patched.setattr("redis_crdt.transport.blocking._exchange", send_only)
            with pytest.raises(Interrupted):
                status.get("a")
        assert status.get("b") == 2
        eu.close()
