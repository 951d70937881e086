"""The nemesis: faults, and when which of them strikes which region, by a seed."""

from __future__ import annotations

import os
import random
import shutil
import warnings
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial, reduce
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any, ClassVar, NamedTuple

import redis

from redis_crdt import Replica
from redis_crdt.errors import CRDTError, ReplicaConflict, ServerFull
from redis_crdt.operations.operation import Operation, Script
from redis_crdt.servers import FLAVOURS, Flavour, Server, ServerBinary
from redis_crdt.sync.pull import pull
from tests.faults.history import Entries, Forgot, join, parse
from tests.faults.hostile import AN_HOUR, PAYLOADS, plant
from tests.faults.regions import (
    ALWAYS,
    CLOCK,
    CLUSTER,
    EVERYSEC,
    PATIENCE,
    SNAPSHOTS,
    ClusterRegion,
    Persistence,
    Region,
    Regions,
    persistences,
    role_of,
    until,
)
from tests.proxy import Mode, Proxy
from tests.slots import Slots


class Strike(NamedTuple):
    """One fault of a plan; times are seconds from the beginning."""

    at: float
    lasts: float
    fault: str
    region: str
    number: int


ON_A_SERVER = (ALWAYS, EVERYSEC, SNAPSHOTS)
"""What the servers keep that are no nodes of a Cluster."""


@dataclass
class Scene:
    """What all faults of a run have to do with."""

    regions: Regions
    seed: str
    forgot: list[Forgot] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    deliveries: list[tuple[str, Operation[Any]]] = field(default_factory=list)
    shifted: set[str] = field(default_factory=set)
    """The regions whose clocks were ever off."""
    drift: float = 0.0
    """For how many seconds some clock was ahead at most."""


class Fault:
    """What happens to one region from ``begin`` to ``end``."""

    forgets: ClassVar[bool] = False
    """Whether the server comes back without what it has acknowledged."""
    strikes: ClassVar[tuple[Persistence, ...]] = (ALWAYS, EVERYSEC, SNAPSHOTS, CLUSTER)
    on: ClassVar[tuple[Flavour, ...]] = FLAVOURS

    def __init__(self, scene: Scene, region: Region, number: int) -> None:
        self.scene, self.region = scene, region
        self.chance = random.Random(f"{scene.seed} {number}")

    def begin(self) -> None:
        """Let it happen."""

    def may_end(self) -> bool:
        """Whether it has shown what it is to show; until then only its region waits.

        What another region has a part in is waited for here and not in ``end``: while that runs
        the others stay as they are, and they may be struck.
        """
        return True

    def end(self) -> None:
        """Let it be over."""


# Processes that end or stand still -----------------------------------------------------------


class Kill(Fault):
    """SIGKILL of a server that syncs its AOF always: nothing may be lost."""

    strikes = (ALWAYS,)

    def begin(self) -> None:
        self.region.server.kill()

    def end(self) -> None:
        self.region.server.restart()


class Pause(Fault):
    """SIGSTOP of a server, for longer than clients wait."""

    def begin(self) -> None:
        self.region.server.pause()

    def end(self) -> None:
        self.region.server.resume()


class KillClients(Fault):
    """SIGKILL of a client in the middle of whatever it does."""

    def begin(self) -> None:
        self.scene.regions.replace_client(self.region)

    end = begin


class KillSyncers(Fault):
    """SIGKILL of a syncer in the middle of whatever it does."""

    def begin(self) -> None:
        self.region.kill_syncer()

    def end(self) -> None:
        self.scene.regions.start_syncer(self.region)


# Servers that forget -------------------------------------------------------------------------


class Amnesia(Fault):
    """A server ends, and comes back with older data."""

    forgets = True

    def end(self) -> None:
        self.region.server.kill()
        self.forget(self.since)

    since = 0.0

    def forget(self, since: float) -> None:
        """Note what the others have, and go on with what is left."""
        held = reduce(join, map(_entries, self.scene.regions.others(self.region)))
        self.scene.forgot.append(Forgot(self.region.name, since, monotonic(), held))
        self.go_back()

    def go_back(self) -> None:
        """Bring the server back."""
        self.region.server.restart()


def _entries(region: Region) -> Entries:
    try:
        return region.entries()
    except CRDTError:  # it is itself struck
        return {}


class LostSecond(Amnesia):
    """A machine with AOF `everysec` fails: what it had not synced is not in the file."""

    strikes = (EVERYSEC,)

    def begin(self) -> None:
        self.since, self.file = _written_aof(self.region)
        self.size = self.file.stat().st_size

    def go_back(self) -> None:
        os.truncate(self.file, self.size)
        self.region.server.restart()


class LastSnapshot(Amnesia):
    """SIGKILL of a server that makes RDB snapshots now and then."""

    strikes = (SNAPSHOTS,)

    def begin(self) -> None:
        self.since = monotonic()
        with self.region.client() as client:
            client.save()


class Unpersisted(Amnesia):
    """SIGKILL of a server that keeps nothing."""

    strikes = (SNAPSHOTS,)

    def go_back(self) -> None:
        (self.region.server.directory / "dump.rdb").unlink(missing_ok=True)
        self.region.server.restart()


class OlderData(Amnesia):
    """Somebody puts an older RDB or AOF back."""

    strikes = ON_A_SERVER

    def begin(self) -> None:
        here = self.region.server.directory
        if self.region.persistence is SNAPSHOTS:
            self.since = monotonic()
            with self.region.client() as client:
                client.save()
            self.data = here / "dump.rdb"
        else:
            self.since, file = _written_aof(self.region)
            self.data = file.parent if file.parent != here else file
        self.copy = here / f"older-{self.chance.getrandbits(64):x}"
        if self.data.is_dir():
            shutil.copytree(self.data, self.copy)
        else:
            shutil.copy(self.data, self.copy)

    def go_back(self) -> None:
        if self.data.is_dir():
            shutil.rmtree(self.data)
        else:
            self.data.unlink()
        self.copy.rename(self.data)
        self.region.server.restart()


def _written_aof(region: Region) -> tuple[float, Path]:
    """Return a time before which all that was acknowledged is in the AOF, and that file."""
    with region.client() as client:
        while True:
            since = monotonic()
            info: Any = client.info("persistence")
            if not info["aof_buffer_length"]:
                break
    files = region.server.directory.rglob("appendonly*.aof")
    return since, max(files, key=lambda file: (file.stat().st_mtime_ns, ".incr." in file.name))


class Failover(Amnesia):
    """An asynchronous copy takes over that lacks the last writes, as Sentinel would have it."""

    strikes = ON_A_SERVER

    def begin(self) -> None:
        self.copy = self.region.start_copy()
        self.link = Proxy(self.region.socket)
        self.link.__enter__()
        host, _, port = self.link.url.removeprefix("redis://").rpartition(":")
        with self.region.client() as old, self.copy.client() as new:
            new.replicaof(host, port)
            until(lambda: _replication(new)["master_link_status"] == "up", "a copy of the server")
            self.since = monotonic()
            offset = _replication(old)["master_repl_offset"]
            until(lambda: _replication(new)["slave_repl_offset"] >= offset, "a copy in step")
        self.link.cut()

    def go_back(self) -> None:
        self.link.__exit__(None, None, None)
        with self.copy.client() as client:
            client.replicaof("NO", "ONE")
        self.region.move_to(self.copy)


class MasterCrash(Amnesia):
    """A master of a Cluster is killed, and its copy takes over, which lacks the last writes.

    The old master comes back with nothing, and becomes the copy of the new one.
    """

    strikes = (CLUSTER,)

    def begin(self) -> None:
        assert isinstance(self.region, ClusterRegion)
        self.copy = self.region.spare
        self.region.copy_to(self.copy)
        with self.region.client() as old, self.copy.client() as new:
            self.since = monotonic()
            offset = _replication(old)["master_repl_offset"]
            until(lambda: _replication(new)["slave_repl_offset"] >= offset, "a copy in step")
            # From now on it lags: it cannot come back to its master, who knows no such user.
            new.config_set("masteruser", "nobody")
            new.config_set("masterauth", "nothing")
            old.client_kill_filter(_type="replica")
            until(lambda: _replication(new)["master_link_status"] == "down", "a copy that lags")

    def may_end(self) -> bool:
        """Whether there was time to write what the copy will lack."""
        return monotonic() > self.since + 0.3

    def go_back(self) -> None:
        crashed = self.region.server
        with self.copy.client() as client:
            client.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
            until(lambda: role_of(self.copy) == "master", "a copy that takes over")
            client.config_set("masteruser", "")
            client.config_set("masterauth", "")
        self.region.move_to(self.copy)
        sleep(self.chance.uniform(0.0, 0.5))
        crashed.restart()
        until(lambda: role_of(crashed) == "slave", "an old master that is the copy of the new one")


class MoveSlots(Fault):
    """The slot of the namespace is moved to another node of a Cluster, key by key, and back."""

    strikes = (CLUSTER,)

    def begin(self) -> None:
        assert isinstance(self.region, ClusterRegion)
        masters = [server for server in self.region.cluster.servers if role_of(server) == "master"]
        self.home = self.region.server
        self._move(self.chance.choice([server for server in masters if server is not self.home]))

    def end(self) -> None:
        self._move(self.home)

    def _move(self, target: Server) -> None:
        assert isinstance(self.region, ClusterRegion)
        servers = self.region.cluster.servers
        with Slots(self.region.cluster) as slots:
            # Clients read, and try to write, with some keys here and some there.
            pause = partial(self.chance.uniform, 0.0, 0.04)
            slots.move(self.region.slot, servers.index(target), lambda: sleep(pause()))
        self.region.move_to(target)


def _replication(client: redis.Redis) -> dict[str, Any]:
    info: Any = client.info("replication")
    return dict(info)


class Flush(Amnesia):
    """FLUSHALL by somebody who has mistaken the server."""

    def end(self) -> None:
        with self.region.client() as client:
            client.flushall()
        self.forget(0.0)

    def go_back(self) -> None:
        """It is there, only empty."""


# Networks ------------------------------------------------------------------------------------


class Network(Fault):
    """Some of the networks around a region misbehave."""

    mode: ClassVar[Mode]

    def networks(self) -> list[Proxy]:
        """Return those that this may happen to."""
        return [*self.region.networks, *self.region.peers.values()]

    def begin(self) -> None:
        networks = self.networks()
        self.struck = self.chance.sample(networks, self.chance.randint(1, len(networks)))
        for proxy in self.struck:
            proxy.become(self.mode)

    def end(self) -> None:
        for proxy in self.struck:
            proxy.heal()


class Cut(Network):
    """Connections break, and no new ones come about."""

    mode = "cut"


class Stall(Network):
    """Nothing comes through, nor breaks."""

    mode = "stalled"


class Delay(Network):
    """Everything comes through late."""

    mode = "delayed"


class Truncate(Network):
    """Connections break in the middle of a reply."""

    mode = "truncated"


class Duplicate(Network):
    """What a syncer sends arrives twice. To clients no network that knows TCP can do that."""

    mode = "duplicated"

    def networks(self) -> list[Proxy]:
        return [*self.region.networks[1:], *self.region.peers.values()]


class Isolate(Cut):
    """The region's syncer reaches nobody, and nobody's syncer the region; its clients work on."""

    strikes = ON_A_SERVER

    def begin(self) -> None:
        self.struck = [*self.region.peers.values(), *self.region.sources]
        for proxy in self.struck:
            proxy.become(self.mode)


class Redelivery(Fault):
    """Batches of now and of long ago arrive again, in any order, and pulls are cut in half."""

    def begin(self) -> None:
        for source in self.scene.regions.others(self.region):
            with suppress(CRDTError), self.region.replica() as here, source.replica() as there:
                self._pull(here, there, self.chance.choice([2, 3, 1000]))

    def _pull(self, here: Replica, there: Replica, steps: int) -> None:
        procedure = pull(here, there)
        reply: Any = None
        for _ in range(steps):
            try:
                executor, operation = procedure.send(reply)
            except StopIteration:
                return
            if isinstance(operation, Script) and operation.name == "replica/apply":
                self.scene.deliveries.append((self.region.name, operation))
            reply = executor.execute(operation)
        procedure.close()

    def end(self) -> None:
        kept = self.scene.deliveries
        for target, operation in self.chance.sample(kept, min(len(kept), 10)):
            with suppress(CRDTError), self.scene.regions[target].replica() as replica:
                replica.execute(operation)


# Clocks --------------------------------------------------------------------------------------

LIBRARY = "usr/lib/*/faketime/libfaketime.so.1"
"""Where Debian has libfaketime."""


def find_libfaketime() -> Path | None:
    """Find the library that shifts a server's clock."""
    return next(Path("/").glob(LIBRARY), None)


def with_clock(binary: ServerBinary, library: Path, directory: Path) -> ServerBinary:
    """Return a server program whose clock is off by what a file beside its data says."""
    path = directory / f"{binary.flavour}-with-clock"
    path.write_text(
        f"#!/bin/sh\n[ -e {CLOCK} ] || echo +0 >{CLOCK}\n"
        f'export LD_PRELOAD="{library}" FAKETIME_TIMESTAMP_FILE="$PWD/{CLOCK}"\n'
        "export FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1\n"
        f'exec "{binary.path}" "$@"\n'
    )
    path.chmod(0o700)
    return ServerBinary(binary.flavour, path, binary.version)


class Clock(Fault):
    """A server's clock is ahead or behind, by a little or a lot, and then steps back to right."""

    on = ("valkey",)  # Debian's own redis-server does not run under libfaketime

    def begin(self) -> None:
        offset = self.chance.choice([0.005, 0.5, 30, 50, 600, 7200, 86400])
        self.offset = offset if self.chance.random() < 0.6 else -offset
        self.scene.shifted.add(self.region.name)
        self.scene.drift = max(self.scene.drift, abs(self.offset))
        set_clock(self.region.server, self.offset)

    def end(self) -> None:
        for other in self.scene.regions.regions:
            if other.name in self.scene.shifted:
                continue
            for at, text in _entries(other).items():
                ahead = parse(*at, text).time.ms / 1000 - time()
                if ahead > other.max_drift:
                    self.scene.violations.append(
                        f"{other.name} has taken {at} from {ahead:.0f} s in the future: {text!r}"
                    )
                    break
        set_clock(self.region.server, 0)


def set_clock(server: Server, offset: float) -> None:
    """Let a server's clock be off by so many seconds."""
    new = server.directory / f"{CLOCK}.new"
    with server.client() as client:
        while True:
            new.write_text(f"{offset:+f}\n")
            new.rename(server.directory / CLOCK)
            seconds, micros = client.time()
            if abs(int(seconds) + int(micros) / 1e6 - time() - offset) < max(
                0.002, abs(offset) / 100
            ):
                return


# Servers that refuse -------------------------------------------------------------------------


class ScriptFlush(Fault):
    """The server forgets our scripts."""

    def begin(self) -> None:
        with self.region.client() as client:
            client.script_flush()

    end = begin


class Full(Fault):
    """The server reaches maxmemory; whoever pulls into it must say so, and go on afterwards."""

    def begin(self) -> None:
        with self.region.client() as client:
            client.config_set("maxmemory", 1)
        self.since = time()

    def may_end(self) -> bool:
        """Whether a link says so, or none can: from wrong clocks nothing is taken anyway.

        Nor can one into a server that came back empty: there is no room for a namespace, either.
        """
        try:
            with self.region.replica() as replica:
                links = [peer.link for peer in replica.status().peers if peer.link is not None]
        except ServerFull:
            return True
        now = [link.own_error or link.last_error or "" for link in links if link.told > self.since]
        errors = [error.partition(":")[0] for error in now]
        return "ServerFull" in errors or errors.count("ClockDrift") == len(self.region.peer_urls)

    def end(self) -> None:
        with self.region.client() as client:
            client.config_set("maxmemory", 0)


class ReadOnly(Fault):
    """The server becomes the copy of one that cannot be reached: it takes no writes."""

    strikes = ON_A_SERVER

    def begin(self) -> None:
        with self.region.client() as client:
            client.replicaof("127.0.0.1", "1")

    def end(self) -> None:
        with self.region.client() as client:
            client.replicaof("NO", "ONE")


class Busy(Fault):
    """Somebody else's script never ends."""

    def begin(self) -> None:
        self.client = self.region.server.client(socket_timeout=None)
        pool: Any = self.client.connection_pool
        connection = pool.get_connection()
        connection.send_command("EVAL", "while true do end", 0)
        with self.region.client() as other:
            while True:
                try:
                    other.ping()
                except redis.ResponseError:
                    return

    def end(self) -> None:
        with self.region.client() as client:
            client.script_kill()
        self.client.close()


# Others that are not what they say -----------------------------------------------------------


class Twin(Fault):
    """Another server has the same replica id: neither may take anything from the other."""

    def begin(self) -> None:
        with (
            self.region.new_server() as server,
            Replica.from_url(server.url, replica_id=self.region.name) as twin,
            self.region.replica() as real,
        ):
            twin.or_set("tasks", str).add("of the twin")
            for target, source in ((real, twin), (twin, real)):
                with suppress(ReplicaConflict):
                    target.pull(source)
                    self.scene.violations.append(
                        f"{self.region.name} exchanges with another of its id"
                    )


class Hostile(Fault):
    """A peer sends what is malformed, too large or of another time: all of it is refused."""

    def begin(self) -> None:
        with self.region.new_server() as server, server.client() as client:
            left_out = {"nothing"}  # that says that there is none
            if self.scene.drift > AN_HOUR:
                # Where a region's feed has come to times so far ahead, others of them are taken.
                left_out |= {name for name in PAYLOADS if name.endswith("in an hour")}
            for name in sorted(PAYLOADS.keys() - left_out):
                client.flushall()
                with Replica(client, replica_id="mallory") as mallory:
                    plant(client, mallory, name, beside="")
                    with suppress(CRDTError), self.region.replica() as here:
                        if not here.pull(mallory).refused:
                            self.scene.violations.append(f"{self.region.name} has taken {name}")
            with self.region.replica() as here, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that nothing of it was ever read
                here.forget("mallory")  # or collection waits for it


FAULTS: dict[str, type[Fault]] = {
    "kill": Kill,
    "everysec": LostSecond,
    "snapshot": LastSnapshot,
    "unpersisted": Unpersisted,
    "amnesia": OlderData,
    "failover": Failover,
    "master_crash": MasterCrash,
    "slots": MoveSlots,
    "flush": Flush,
    "clients": KillClients,
    "syncers": KillSyncers,
    "pause": Pause,
    "cut": Cut,
    "stall": Stall,
    "delay": Delay,
    "truncate": Truncate,
    "duplicate": Duplicate,
    "isolate": Isolate,
    "redelivery": Redelivery,
    "clock": Clock,
    "scripts": ScriptFlush,
    "full": Full,
    "readonly": ReadOnly,
    "busy": Busy,
    "twin": Twin,
    "hostile": Hostile,
}


def possible(servers: Sequence[str]) -> tuple[str, ...]:
    """Return the faults that can strike a region with one of these servers."""
    return tuple(
        name
        for name, fault in FAULTS.items()
        if any(kept in fault.strikes and on in fault.on for on, kept in persistences(servers))
    )


def plan(
    seed: str, seconds: float, faults: Sequence[str], regions: Sequence[Region]
) -> list[Strike]:
    """Lay out which fault strikes when: each once at least, and a region has one at a time."""
    chance = random.Random(f"plan {seed}")
    strikes: list[Strike] = []
    free = {region.name: 0.2 for region in regions}
    waiting: list[str] = []
    while True:
        if not waiting:  # each in turn, in another order each time
            waiting = chance.sample(faults, len(faults))
        fault = waiting.pop()
        possible = [
            region.name
            for region in regions
            if region.persistence in FAULTS[fault].strikes
            and region.binary.flavour in FAULTS[fault].on
        ]
        region = min(possible, key=lambda name: (free[name], chance.random()))
        lasts = chance.uniform(0.5, 0.8) if seconds < 10 else chance.uniform(0.6, 3.0)
        at = free[region] + chance.uniform(0.0, 0.2)
        if at + lasts > seconds and {strike.fault for strike in strikes} >= set(faults):
            return sorted(strikes)
        strikes.append(Strike(at, lasts, fault, region, len(strikes)))
        free[region] = at + lasts


def unleash(scene: Scene, strikes: Sequence[Strike], seconds: float) -> None:
    """Let the plan come true; what takes longer than planned puts off what follows."""
    began = monotonic()
    plans: dict[str, list[tuple[float, bool, Strike]]] = defaultdict(list)
    for strike in strikes:  # a region has one at a time, so these are in order
        begin = (strike.at, True, strike)
        plans[strike.region] += begin, (strike.at + strike.lasts, False, strike)
    under_way: dict[str, Fault] = {}
    while any(plans.values()):
        now = monotonic() - began
        for at, begins, strike in sorted(plan[0] for plan in plans.values() if plan):
            if at > now:
                continue
            if begins:
                fault = FAULTS[strike.fault](scene, scene.regions[strike.region], strike.number)
                under_way[strike.region] = fault
                fault.begin()
            elif _may_end(under_way[strike.region]):
                under_way.pop(strike.region).end()
            elif now > at + 2 * PATIENCE:
                raise AssertionError(f"it has not shown in {strike.region}: {strike.fault}")
            else:
                continue
            plans[strike.region].pop(0)
            break
        else:
            sleep(0.01)
    sleep(max(0.0, began + seconds - monotonic()))


def _may_end(fault: Fault) -> bool:
    with suppress(CRDTError):  # on a slow machine any script may take long, and others hear BUSY
        return fault.may_end()
    return False
