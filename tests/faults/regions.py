"""Regions to break: servers, networks in between, and syncers and clients as processes."""

from __future__ import annotations

import io
import json
import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from time import monotonic, sleep
from typing import Self

import redis
from pydantic import SecretStr

from redis_crdt import Replica
from redis_crdt.cli import sync
from redis_crdt.errors import CRDTError
from redis_crdt.servers import Server, ServerBinary
from redis_crdt.sync.settings import SyncSettings
from tests.faults import workload
from tests.faults.history import Entries
from tests.proxy import Proxy

PATIENCE = 60.0
"""For how many seconds something may take that must come about."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.faults.regions"])

CLOCK = "clock"
"""The file in a server's directory that tells how far its clock is off."""


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that another process brings about."""
    deadline = monotonic() + PATIENCE
    while True:
        with suppress(
            CRDTError
        ):  # on a slow machine any script may take long, and others hear BUSY
            if condition():
                return
        if monotonic() > deadline:
            raise AssertionError(f"in {PATIENCE:g} s it has not come about: {what}")
        sleep(0.005)


@dataclass(frozen=True)
class Persistence:
    """What a server keeps when it is killed."""

    name: str
    config: dict[str, str | int]


ALWAYS = Persistence("AOF, always", {"appendonly": "yes", "appendfsync": "always"})
EVERYSEC = Persistence("AOF, everysec", {"appendonly": "yes", "appendfsync": "everysec"})
SNAPSHOTS = Persistence("RDB", {"dbfilename": "dump.rdb"})

CONFIG: dict[str, str | int] = {
    "lua-time-limit": 200,
    "repl-diskless-sync-delay": 0,
    "hz": 100,
    "aof-use-rdb-preamble": "no",
}


class Region:
    """One region: its server, and the networks that its clients and its syncer reach it by."""

    def __init__(
        self, name: str, binary: ServerBinary, persistence: Persistence, opened: ExitStack
    ) -> None:
        self.name, self.binary, self.persistence = name, binary, persistence
        self._opened = opened
        self.server = opened.enter_context(self.new_server())
        self.front = opened.enter_context(Proxy(self.socket))
        """By which the clients of the region reach its server."""
        self.own = opened.enter_context(Proxy(self.socket))
        """By which its syncer does."""
        self.peers: dict[str, Proxy] = {}
        """By which its syncer reaches others."""
        self.sources: list[Proxy] = []
        """By which the syncers of others reach it."""
        self.syncer: ForkServerProcess | None = None
        self.max_drift = 60.0
        with self.replica():
            pass

    @property
    def socket(self) -> str:
        """The path of the server's unix socket."""
        return str(self.server.directory / "redis.sock")

    def new_server(self) -> Server:
        """Make a server of the kind that this region has."""
        return Server(self.binary, {**CONFIG, **self.persistence.config}, tcp=True)

    def start_copy(self) -> Server:
        """Start a server that may take the place of the present one."""
        return self._opened.enter_context(self.new_server())

    def move_to(self, copy: Server) -> None:
        """Let everybody find another server in place of this one."""
        self.server = copy
        for proxy in (self.front, self.own, *self.sources):
            proxy.target = self.socket
            proxy.heal()  # breaks the connections to the old one

    def replica(self) -> Replica:
        """Open the replica, past all networks."""
        return Replica.from_url(self.server.url, replica_id=self.name)

    def client(self) -> redis.Redis:
        """Make a client of the server, past all networks."""
        return self.server.client()

    def entries(self) -> Entries:
        """Return all that the replica holds."""
        file = io.BytesIO()
        with self.replica() as replica:
            replica.dump(file)
        lines = [json.loads(line) for line in file.getvalue().splitlines()[1:-1]]
        return {(line["collection"], line["field"]): line["entry"] for line in lines}

    def start_syncer(self, settings: SyncSettings) -> None:
        """Start the region's syncer."""
        settings = settings.model_copy(
            update={
                "url": SecretStr(self.own.url),
                "replica_id": self.name,
                "peers": [SecretStr(proxy.url) for proxy in self.peers.values()],
                "max_drift": self.max_drift,
            }
        )
        self.syncer = _processes.Process(target=sync.run, args=(settings,), daemon=True)
        self.syncer.start()

    def kill_syncer(self) -> None:
        """End the syncer at once, whatever it is doing."""
        if self.syncer is not None:
            kill(self.syncer)


def kill(process: ForkServerProcess) -> None:
    """End a process by SIGKILL."""
    process.kill()
    process.join()


class Regions:
    """All of it, for as long as a ``with`` block lasts."""

    def __init__(
        self,
        binaries: Sequence[ServerBinary],
        directory: Path,
        *,
        seed: str,
        operations: int,
        clients: int,
        grace: float,
    ) -> None:
        self.directory = directory
        self._binaries = binaries
        self._opened = ExitStack()
        self._names = count()
        self.regions: list[Region] = []
        self.clients: dict[str, tuple[ForkServerProcess, workload.Task]] = {}
        self.tasks = workload.Task("", "", "", (), seed, directory, directory / "over", operations)
        self._per_region = clients
        self._settings = SyncSettings(
            url=SecretStr(""),
            peers=[SecretStr("")],
            shards=1,
            max_drift=60.0,
            metrics_port=None,
            interval=0.5,
            timeout=1.0,
            grace=grace,
            gc_interval=0.25,
            log_level="error",
        )

    def __enter__(self) -> Self:
        try:
            kept = (ALWAYS, EVERYSEC, SNAPSHOTS)
            for name, binary, persistence in zip(
                ("eu", "us", "ap"), self._binaries, kept, strict=True
            ):
                self.regions.append(Region(name, binary, persistence, self._opened))
            for region in self.regions:
                for peer in self.regions:
                    if peer is not region:
                        proxy = self._opened.enter_context(Proxy(peer.socket))
                        region.peers[peer.name] = proxy
                        peer.sources.append(proxy)
            for region in self.regions:
                self.start_syncer(region)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process, _task in self.clients.values():
            kill(process)
        for region in self.regions:
            region.kill_syncer()
            with suppress(RuntimeError):
                region.server.resume()
        self._opened.close()

    def __getitem__(self, name: str) -> Region:
        return next(region for region in self.regions if region.name == name)

    def start_syncer(self, region: Region) -> None:
        """Start the syncer of a region, or start it again."""
        region.start_syncer(self._settings)

    def start_clients(self) -> None:
        """Start the clients of all regions, and wait until they work."""
        names = {
            f"{region.name}{i}": region for region in self.regions for i in range(self._per_region)
        }
        self.tasks = replace(self.tasks, clients=tuple(names))
        for name, region in names.items():
            self.start_client(name, region)
        journals = [task.journal for _, task in self.clients.values()]
        until(lambda: all(j.exists() and j.stat().st_size for j in journals), "clients that write")

    def start_client(self, name: str, region: Region) -> None:
        """Start a client."""
        task = replace(
            self.tasks,
            url=region.front.url,
            region=region.name,
            client=name,
            journal=self.directory / f"{name}.journal",
        )
        process = _processes.Process(target=workload.run, args=(task,), daemon=True)
        process.start()
        self.clients[name] = process, task

    def replace_client(self, region: Region) -> None:
        """Kill a client in the middle of what it does, and start another in its place."""
        name = next(n for n, (_, task) in self.clients.items() if task.region == region.name)
        process, _ = self.clients.pop(name)
        kill(process)
        self.start_client(f"{region.name}x{next(self._names)}", region)

    def stop_clients(self) -> None:
        """Let the clients end what they are doing, and wait for that."""
        self.tasks.over.touch()
        for process, task in self.clients.values():
            process.join(PATIENCE)
            if process.exitcode is None:
                raise AssertionError(f"client {task.client} hangs")
            if process.exitcode:
                raise AssertionError(f"client {task.client} failed: exit {process.exitcode}")

    def others(self, region: Region) -> list[Region]:
        """Return the other regions."""
        return [other for other in self.regions if other is not region]
