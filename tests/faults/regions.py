"""Regions to break: servers, networks in between, and syncers and clients as processes."""

from __future__ import annotations

import io
import json
import multiprocessing
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, cycle
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Self

import redis
from pydantic import SecretStr
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.utils import str_if_bytes

from redis_crdt import Replica
from redis_crdt.cli import sync
from redis_crdt.errors import CRDTError
from redis_crdt.servers import FLAVOURS, Cluster, Flavour, Server, ServerBinary
from redis_crdt.sync.settings import Settings
from tests.faults import workload
from tests.faults.history import Entries
from tests.proxy import NEAR, Distance, Proxy
from tests.slots import Slots

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
CLUSTER = Persistence("a copy in a Cluster", {})

IN_CLUSTER: dict[str, str | int] = {
    "cluster-enabled": "yes",
    "cluster-config-file": "nodes.conf",
    "cluster-node-timeout": 30_000,  # who takes over, and when, is the nemesis's to say
}

NAMES = ("eu", "us", "ap", "sa")

ON_A_CLUSTER = "-cluster"
"""How a flavour ends where a region has a Cluster of such servers."""

SERVERS_OF_A_REGION = (*FLAVOURS, *(flavour + ON_A_CLUSTER for flavour in FLAVOURS))
"""What a region may have."""


def persistences(servers: Sequence[str]) -> list[tuple[Flavour, Persistence]]:
    """Return the flavour of each region's servers, and what they keep."""
    found: list[tuple[Flavour, Persistence]] = []
    for server, kept in zip(servers, cycle((ALWAYS, EVERYSEC, SNAPSHOTS)), strict=False):
        flavour = next(f for f in FLAVOURS if server in (f, f + ON_A_CLUSTER))
        found.append((flavour, CLUSTER if server.endswith(ON_A_CLUSTER) else kept))
    return found


CONFIG: dict[str, str | int] = {
    "lua-time-limit": 200,
    "repl-diskless-sync-delay": 0,
    "hz": 100,
    "aof-use-rdb-preamble": "no",
}


class Region:
    """One region: its server, and the networks that its clients and its syncer reach it by."""

    def __init__(
        self,
        name: str,
        binary: ServerBinary,
        persistence: Persistence,
        opened: ExitStack,
        distance: Distance = NEAR,
    ) -> None:
        self.name, self.binary, self.persistence = name, binary, persistence
        self._opened = opened
        self._distance = distance
        self.networks: list[Proxy] = []
        """By which the clients of the region and its syncer reach its server."""
        self.peers: dict[str, Proxy] = {}
        """By which its syncer reaches others that have networks of their own."""
        self.sources: list[Proxy] = []
        """By which the syncers of others reach it."""
        self.peer_urls: list[str] = []
        self.syncer: ForkServerProcess | None = None
        self.max_drift = 60.0
        self.start()
        with self.replica():
            pass

    def start(self) -> None:
        """Start the server, and the networks around it."""
        self._server = self._opened.enter_context(self.new_server())
        self.networks = [self._opened.enter_context(Proxy(self.socket)) for _ in range(2)]

    @property
    def server(self) -> Server:
        """The server; of a Cluster the one that serves the namespace."""
        return self._server

    @property
    def url(self) -> str:
        """Where the server is, past all networks."""
        return self.server.url

    @property
    def front_url(self) -> str:
        """Where the clients of the region reach it."""
        return self.networks[0].url

    @property
    def own_url(self) -> str:
        """Where its syncer reaches it."""
        return self.networks[1].url

    @property
    def socket(self) -> str:
        """The path of the server's unix socket."""
        return str(self.server.directory / "redis.sock")

    def reached_by(self, peer: Region) -> str:
        """Lay a network from a peer's syncer to this region; returns where that reaches it."""
        distance = replace(self._distance, seed=f"{self.name} {peer.name}")
        proxy = self._opened.enter_context(Proxy(self.socket, distance))
        peer.peers[self.name] = proxy
        self.sources.append(proxy)
        return proxy.url

    def new_server(self) -> Server:
        """Make a server of the kind that this region has."""
        return Server(self.binary, {**CONFIG, **self.persistence.config}, tcp=True)

    def start_copy(self) -> Server:
        """Start a server that may take the place of the present one."""
        return self._opened.enter_context(self.new_server())

    def move_to(self, copy: Server) -> None:
        """Let everybody find another server in place of this one."""
        self._server = copy
        for proxy in (*self.networks, *self.sources):
            proxy.target = self.socket
            proxy.heal()  # breaks the connections to the old one

    def resume(self) -> None:
        """Let a server that was paused go on."""
        with suppress(RuntimeError):
            self.server.resume()

    def replica(self) -> Replica:
        """Open the replica, past all networks."""
        return Replica.from_url(self.url, replica_id=self.name)

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

    def start_syncer(self, settings: Settings) -> None:
        """Start the region's syncer."""
        settings = settings.model_copy(
            update={
                "url": SecretStr(self.own_url),
                "replica_id": self.name,
                "peers": [SecretStr(url) for url in self.peer_urls],
                "max_drift": self.max_drift,
            }
        )
        self.syncer = _processes.Process(target=sync.run, args=(settings,), daemon=True)
        self.syncer.start()

    def kill_syncer(self) -> None:
        """End the syncer at once, whatever it is doing."""
        if self.syncer is not None:
            kill(self.syncer)


class ClusterRegion(Region):
    """A region with a Cluster: three masters, and a copy of the one that serves the namespace.

    There are no networks to strike in between, for clients reach the nodes where these say.
    """

    def start(self) -> None:
        config = {**CONFIG, **IN_CLUSTER}
        self.cluster = self._opened.enter_context(Cluster(self.binary, config))
        with Slots(self.cluster) as slots:
            self.slot = slots.of(0)
            self._server = self.cluster.servers[slots.node_of(self.slot)]
        spare = self._opened.enter_context(Server(self.binary, config, tcp=True))
        with spare.client() as client:
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.cluster.servers[0].port)
        self.cluster.servers.append(spare)
        names = [self._name_of(server) for server in self.cluster.servers]
        for server in self.cluster.servers:
            until(partial(_knows, server, names), "a Cluster that knows its fourth node")
        self.copy_to(spare)

    def move_to(self, copy: Server) -> None:
        """Note that another node serves the namespace now. Clients find out by themselves."""
        self._server = copy

    @property
    def spare(self) -> Server:
        """The node that serves nothing."""
        return next(server for server in self.cluster.servers if role_of(server) == "slave")

    def copy_to(self, spare: Server) -> None:
        """Let a node become the copy of the one that serves the namespace."""
        name = self._name_of(self.server)
        with spare.client() as client:
            client.execute_command("CLUSTER", "REPLICATE", name)
            until(
                lambda: client.info("replication").get("master_link_status") == "up",
                "a copy of the node",
            )

    def _name_of(self, server: Server) -> str:
        with server.client() as client:
            return str_if_bytes(client.execute_command("CLUSTER MYID"))

    @property
    def url(self) -> str:
        return self.server.tcp_url.replace("redis://", "redis+cluster://", 1)

    front_url = own_url = url

    def reached_by(self, _: Region) -> str:
        return self.url

    def new_server(self) -> Server:
        """Make a server that is no node of the Cluster."""
        return Server(self.binary, CONFIG, tcp=True)

    def resume(self) -> None:
        for server in self.cluster.servers:
            with suppress(RuntimeError):
                server.resume()


def _knows(server: Server, names: list[str]) -> bool:
    with server.client() as client:
        told = str(client.execute_command("CLUSTER NODES"))
    return all(name in told for name in names)


def role_of(server: Server) -> str:
    """Tell whether a server is a master or a slave; nothing where it does not answer."""
    with suppress(redis.RedisError), server.client(retry=Retry(NoBackoff(), 0)) as client:
        info: Any = client.info("replication")
        return str(info["role"])
    return ""


def kill(process: ForkServerProcess) -> None:
    """End a process by SIGKILL."""
    process.kill()
    process.join()


class Regions:
    """All of it, for as long as a ``with`` block lasts."""

    def __init__(
        self,
        binaries: Sequence[ServerBinary],
        kept: Sequence[Persistence],
        directory: Path,
        *,
        seed: str,
        operations: int,
        clients: int,
        grace: float,
        distance: Distance = NEAR,
    ) -> None:
        self.directory = directory
        self._binaries, self._kept = binaries, kept
        self._opened = ExitStack()
        self._names = count()
        self.regions: list[Region] = []
        self.clients: dict[str, tuple[ForkServerProcess, workload.Task]] = {}
        self.tasks = workload.Task("", "", "", (), seed, directory, directory / "over", operations)
        self._per_region = clients
        self._distance = distance
        self._settings = Settings(
            url=SecretStr(""),
            peers=[SecretStr("")],
            shards=1,
            max_drift=60.0,
            metrics_port=None,
            interval=0.5,
            timeout=1.0,
            grace=grace,
            gc_interval=0.25,
            max_bytes_per_second=None,
            log_level="error",
        )

    def __enter__(self) -> Self:
        try:
            for name, binary, kept in zip(NAMES, self._binaries, self._kept, strict=False):
                kind = ClusterRegion if kept is CLUSTER else Region
                self.regions.append(kind(name, binary, kept, self._opened, self._distance))
            for region in self.regions:
                region.peer_urls = [peer.reached_by(region) for peer in self.others(region)]
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
            region.resume()
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
            url=region.front_url,
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
