"""Servers come up, do as they are told, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import redis
import redis.cluster

from redis_crdt import servers
from redis_crdt.servers import Server, ServerBinary, ServerNotFound, ServerStartError
from tests.backends import require_binary

PERSISTENT = {"appendonly": "yes", "appendfsync": "always"}


@pytest.fixture
def binary(server_flavour: servers.Flavour) -> ServerBinary:
    return require_binary(server_flavour)


@pytest.fixture(autouse=True)
def home(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Where the servers of a test have their directories: empty again at its end."""
    tmp_path_factory.getbasetemp()  # pytest makes its own before we move the place
    with tempfile.TemporaryDirectory(prefix="servers-") as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        yield Path(path)
        assert os.listdir(path) == []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_runs_while_the_block_lasts(binary: ServerBinary) -> None:
    with Server(binary) as server, server.client() as client:
        info = client.info()
        assert info["process_id"] == server.pid
        assert binary.version.endswith(str(info.get("valkey_version", info["redis_version"])))
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}
        assert len(str(server.directory / "redis.sock")) < 100
        directory, pid = server.directory, server.pid
    assert not directory.exists()
    assert not is_alive(pid)
    with pytest.raises(RuntimeError, match="with block"):
        _ = server.directory
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.pid


def test_it_can_be_entered_again(binary: ServerBinary) -> None:
    server = Server(binary, tcp=True)
    for _ in range(2):
        with server, server.client() as client:
            assert client.ping()


def test_nothing_is_left_after_an_exception(binary: ServerBinary) -> None:
    pid = 0

    def fail() -> None:
        nonlocal pid
        with Server(binary) as server:
            pid = server.pid
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not is_alive(pid)


@pytest.mark.parametrize("end", [Server.stop, Server.kill])
def test_what_is_persisted_survives_a_restart(binary: ServerBinary, end: object) -> None:
    assert callable(end)
    with Server(binary, PERSISTENT) as server, server.client() as client:
        client.set("key", "value")
        first = server.pid
        end(server)
        assert not is_alive(first)
        with pytest.raises(redis.ConnectionError):
            client.ping()
        server.restart()
        assert server.pid != first
        assert client.get("key") == b"value"


def test_by_default_nothing_is_persisted(binary: ServerBinary) -> None:
    with Server(binary) as server, server.client() as client:
        client.set("key", "value")
        server.restart()
        assert client.get("key") is None


def test_a_crashed_server_is_restarted(binary: ServerBinary) -> None:
    with Server(binary, PERSISTENT) as server, server.client() as client:
        client.set("key", "value")
        os.kill(server.pid, signal.SIGKILL)
        server.restart()
        assert client.get("key") == b"value"


def test_a_paused_server_is_silent_until_it_is_resumed(binary: ServerBinary) -> None:
    with Server(binary) as server, server.client(socket_timeout=0.1, retry=None) as client:
        client.ping()
        server.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        server.resume()
        assert client.ping()


def test_a_paused_server_can_be_stopped(binary: ServerBinary) -> None:
    with Server(binary) as server:
        server.pause()
        before = time.monotonic()
        server.stop()
        assert time.monotonic() - before < 5


def test_it_listens_on_tcp_at_the_same_port_for_life(binary: ServerBinary) -> None:
    with Server(binary, tcp=True) as server:
        url = server.tcp_url
        server.restart()
        assert server.tcp_url == url
        with redis.Redis.from_url(url) as client:
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
    with Server(binary) as server, pytest.raises(RuntimeError, match="tcp=True"):
        _ = server.tcp_url


def test_a_port_taken_at_the_last_moment_is_given_up(
    binary: ServerBinary, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken: int = other.getsockname()[1]
        find_another = servers._free_port
        ports = iter([taken, taken])
        monkeypatch.setattr(servers, "_free_port", lambda _: next(ports, 0) or find_another())
        with Server(binary, tcp=True) as server, redis.Redis.from_url(server.tcp_url) as client:
            assert str(taken) not in server.tcp_url
            assert client.ping()

        monkeypatch.setattr(servers, "_free_port", lambda _: taken)
        with pytest.raises(ServerStartError, match="already in use"), Server(binary, tcp=True):
            pass


def test_urls_carry_the_password(binary: ServerBinary) -> None:
    password = "p@ss/w:rd%41?"
    with Server(binary, {"requirepass": password}, tcp=True) as server:
        for url in (server.url, server.tcp_url):
            with redis.Redis.from_url(url) as client:
                assert client.ping()
        with server.client(db=3, decode_responses=True) as client:
            client.set("key", "value")
            assert client.get("key") == "value"
            assert client.info("keyspace").keys() == {"db3"}


def test_a_failed_start_quotes_the_log(binary: ServerBinary) -> None:
    with pytest.raises(ServerStartError, match=r"(?s)did not start \(status 1\).*no-such-setting"):
        Server(binary, {"no-such-setting": "yes"}).__enter__()


def test_a_program_that_cannot_run_is_a_failed_start(tmp_path: Path) -> None:
    missing = ServerBinary("redis", tmp_path / "missing", "Redis 0")
    with pytest.raises(ServerStartError, match="No such file"):
        Server(missing).__enter__()


def test_a_server_that_hangs_is_a_failed_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\necho still thinking; exec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(servers, "_START_SECONDS", 0.3)
    with pytest.raises(ServerStartError, match=r"(?s)no answer in 0.3 s.*still thinking"):
        Server(ServerBinary("redis", program, "Redis 0")).__enter__()


def test_a_long_temporary_directory_is_avoided(
    binary: ServerBinary, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = home / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with Server(binary) as server, server.client() as client:
        assert client.ping()
    deep.rmdir()


@pytest.mark.parametrize("flavour", servers.FLAVOURS)
def test_a_missing_binary_is_explained(
    flavour: servers.Flavour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ServerNotFound, match=r"on PATH|is not installed"):
        servers.find_binary(flavour)
    assert servers.find_binaries() == []
    with pytest.raises(ServerNotFound, match=r"pip install 'redis-crdt\[demo\]'"):
        servers.find_binary()


def test_the_preferred_flavour_that_there_is_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = servers.find_binaries()
    assert servers.find_binary() == found[0]
    monkeypatch.setattr(servers, "FLAVOURS", [binary.flavour for binary in reversed(found)])
    assert servers.find_binary() == found[-1]


@pytest.mark.parametrize(
    ("script", "reason"), [("exit 3", "does not run here"), ("echo hello", "reads 'hello")]
)
def test_a_binary_that_is_no_server_is_explained(
    script: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "redis-server"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerNotFound, match=reason):
        servers.find_binary("redis")


# A process of its own, to be ended in ways that the test process would not survive ------------

OWNER = """
import os, signal, time
from pathlib import Path
from redis_crdt.servers import Server, ServerBinary

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as it is unless this runs under nohup

with Server(ServerBinary({flavour!r}, Path({path!r}), "")) as server, server.client() as client:
    def ready():
        print(server.directory / "redis.sock", flush=True)
    {then}
"""


def start_owner(binary: ServerBinary, home: Path, then: str) -> tuple[subprocess.Popen[str], str]:
    script = OWNER.format(flavour=binary.flavour, path=str(binary.path), then=then)
    owner = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "TMPDIR": str(home)},
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert owner.stdout is not None
    return owner, owner.stdout.readline().strip()


def test_ctrl_c_leaves_the_server_to_its_owner(binary: ServerBinary, home: Path) -> None:
    work = """
    try:
        ready()
        time.sleep(60)
    except KeyboardInterrupt:
        time.sleep(0.2)
        print("the server says", client.ping())
    """
    owner, _ = start_owner(binary, home, work)
    os.killpg(owner.pid, signal.SIGINT)  # what a terminal does
    output, _ = owner.communicate(timeout=30)
    assert output == "the server says True\n"
    assert os.listdir(home) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_the_server_ends_with_its_owner(
    binary: ServerBinary, home: Path, number: signal.Signals
) -> None:
    owner, path = start_owner(binary, home, "ready(); time.sleep(60)")
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(30)
        connection.connect(path)
        owner.send_signal(number)
        with suppress(ConnectionResetError):  # where it had not accepted this one yet
            assert connection.recv(1) == b""  # the server is gone
    owner.communicate(timeout=30)
    assert os.listdir(home) == []


def test_a_forked_child_does_not_hold_the_server(binary: ServerBinary, home: Path) -> None:
    work = "child = os.fork() or time.sleep(60) or os._exit(0); ready()"
    owner, _ = start_owner(binary, home, work)
    try:
        owner.wait(timeout=30)  # not for the end of its output, which comes with the child's
        assert os.listdir(home) == []
    finally:
        os.killpg(owner.pid, signal.SIGKILL)
        owner.communicate()


def test_a_cluster_serves_all_slots_and_leaves_nothing(binary: ServerBinary) -> None:
    with servers.Cluster(binary, {"requirepass": "secret"}) as cluster:
        pids = [server.pid for server in cluster.servers]
        url = cluster.url.replace("redis+cluster", "redis")
        with redis.cluster.RedisCluster.from_url(url) as client:
            nodes = {client.get_node_from_key(f"key {i}") for i in range(100)}
            assert len(nodes) == 3
            for i in range(100):
                client.set(f"key {i}", i)
    assert not any(map(is_alive, pids))
