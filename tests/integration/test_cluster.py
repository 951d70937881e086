"""A Redis Cluster: shards on several nodes, slots that move under load, peers that are none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster as AsyncRedisCluster
from redis.cluster import RedisCluster
from redis.utils import str_if_bytes

from redis_crdt import Replica, memory, servers
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.errors import (
    EvictionEnabled,
    ForeignKey,
    InvalidSetting,
    ReplicaMismatch,
    ServerError,
    ServerUnreachable,
    SlotUnavailable,
    Unacknowledged,
    WrongEventLoop,
)
from redis_crdt.sync.pull import pull
from redis_crdt.transport import cluster as routing
from redis_crdt.transport.awaiting import drive
from tests.backends import require_binary
from tests.contract.seam import contains, settled, size, watched
from tests.integration.test_cli import redis_crdt
from tests.integration.test_own_connections import one_loop_after_another
from tests.integration.test_rights import RULES
from tests.integration.test_syncer import PATIENCE, sync_process, until
from tests.slots import Slots

SHARDS = 4


@pytest.fixture(scope="module", params=servers.FLAVOURS)
def cluster(request: pytest.FixtureRequest) -> Iterator[servers.Cluster]:
    """A Cluster of each flavour in turn."""
    with servers.Cluster(require_binary(request.param)) as running:
        yield running


@pytest.fixture
def eu(cluster: servers.Cluster) -> Iterator[Replica]:
    for server in cluster.servers:
        with server.client() as client:
            client.flushall()
    with Replica.from_url(cluster.url, replica_id="eu", shards=SHARDS) as replica:
        yield replica


def name_in(shard: int, replica: Any) -> str:
    """The name of a collection that is in a shard."""
    return next(name for i in range(1000) if replica.locate(name := f"c{i}")[1] == shard)


class Load:
    """Threads and tasks that count, add and remove, and know what was acknowledged."""

    def __init__(self, url: str, names: list[str]) -> None:
        self.url, self.names = url, names
        self._counted = [0, 0]  # of each writer
        self.rounds = self.reads = 0
        self.error: BaseException | None = None
        self._over = Event()
        self._threads = [
            Thread(target=self._guarded, args=(work, i))
            for i, work in enumerate([self._write, self._write_awaited, self._read])
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self.error:
            raise self.error

    @property
    def counted(self) -> int:
        """What was counted on each counter, and acknowledged."""
        return sum(self._counted)

    def go_on(self, rounds: int, reads: int) -> None:
        """Wait until there was so much work since."""
        rounds, reads = self.rounds + rounds, self.reads + reads
        until(lambda: bool(self.error) or (self.rounds >= rounds and self.reads >= reads))
        if self.error:
            raise self.error

    def _guarded(self, work: Callable[[int], None], i: int) -> None:
        try:
            work(i)
        except BaseException as error:
            self.error = error

    def _write(self, writer: int) -> None:
        with Replica.from_url(self.url, shards=SHARDS) as replica:
            pairs = [(replica.or_set(n, str), replica.g_counter(n + "-n")) for n in self.names]
            i = 0
            while not self._over.is_set():
                for tasks, done in pairs:
                    tasks.add(f"{writer}-{i}")
                    if i:
                        assert tasks.remove(f"{writer}-{i - 1}")
                    done.increment(3)
                i += 1
                self._counted[writer] += 3
                self.rounds += 1

    def _write_awaited(self, writer: int) -> None:
        async def work() -> None:
            async with AsyncReplica.from_url(self.url, shards=SHARDS) as replica:
                counters = [replica.g_counter(name + "-n") for name in self.names]
                while not self._over.is_set():
                    await asyncio.gather(*(c.increment() for c in counters for _ in range(4)))
                    self._counted[writer] += 4
                    self.rounds += 1

        asyncio.run(work())

    def _read(self, _: int) -> None:
        with Replica.from_url(self.url, shards=SHARDS) as replica:
            sets = [replica.or_set(name, str) for name in self.names]
            while not self._over.is_set():
                for tasks in sets:
                    assert "always" in tasks
                    assert len(tasks) >= 1
                self.reads += 1


def move_about(
    cluster: servers.Cluster, eu: Replica, us: Replica, move: Callable[[Slots, int, int, Load], Any]
) -> None:
    """Move two shards around the Cluster under load, and see that nothing is lost or doubled."""
    names = [name_in(shard, eu) for shard in (0, 1)]
    for name in names:
        eu.or_set(name, str).add("always")
        eu.g_counter(name + "-n")
    with (
        Slots(cluster) as slots,
        us.keep_in_sync([cluster.url]) as syncer,
        Load(cluster.url, names) as load,
    ):
        until(lambda: syncer.links[0].state == "following")
        for lap in range(4):
            for shard in (0, 1):
                slot = slots.of(shard)
                move(slots, slot, (slots.node_of(slot) + 1 + lap % 2) % 3, load)
                load.go_on(rounds=5, reads=2)
        home = [slots.of(shard) for shard in (0, 1)]
        assert load.counted > 0
    for slot in home:
        with Slots(cluster) as slots:
            assert slots.keys_at(slots.node_of(slot), slot)
    us.pull(eu)
    for name in names:
        assert eu.g_counter(name + "-n").value() == load.counted
        assert us.g_counter(name + "-n").value() == load.counted
        assert "always" in us.or_set(name, str)
    assert us.verify(eu) == []


@pytest.fixture
def us(new_url: Callable[[servers.Flavour], str]) -> Iterator[Replica]:
    with Replica.from_url(new_url("valkey"), replica_id="us", shards=SHARDS) as replica:
        yield replica


def test_slots_move_key_by_key_under_load(
    cluster: servers.Cluster, eu: Replica, us: Replica
) -> None:
    def move(slots: Slots, slot: int, target: int, load: Load) -> None:
        # Reading goes on with some keys here and some there; writing waits.
        slots.move(slot, target, between=lambda: load.go_on(rounds=0, reads=1))

    move_about(cluster, eu, us, move)


def test_slots_move_at_once_under_load(cluster: servers.Cluster, eu: Replica, us: Replica) -> None:
    if cluster.servers[0].binary.flavour != "valkey":
        pytest.skip("only Valkey 9 moves slots atomically")

    def move(slots: Slots, slot: int, target: int, _: Load) -> None:
        slots.move_at_once(slot, target)

    move_about(cluster, eu, us, move)


def test_a_replica_takes_over_under_load() -> None:
    """As an operator makes it: the master hands over all that it has."""
    binary = require_binary("valkey")
    config = {"cluster-enabled": "yes", "cluster-config-file": "nodes.conf"}
    with (
        servers.Cluster(binary) as cluster,
        servers.Server(binary, config, tcp=True) as spare,
        spare.client() as client,
        cluster.servers[0].client() as first,
        Slots(cluster) as slots,
        Replica.from_url(cluster.url, replica_id="eu", shards=SHARDS) as eu,
    ):
        admin: Any = client
        admin.execute_command("CLUSTER MEET", "127.0.0.1", cluster.servers[0].port)
        master: Any = first
        node = str_if_bytes(master.execute_command("CLUSTER MYID"))
        until(lambda: node in str(admin.execute_command("CLUSTER NODES")))
        admin.execute_command("CLUSTER REPLICATE", node)
        until(lambda: admin.info("replication").get("master_link_status") == "up")
        served = [shard for shard in range(SHARDS) if slots.node_of(slots.of(shard)) == 0]
        names = [name_in(shard, eu) for shard in (served[0], (served[0] + 1) % SHARDS)]
        for name in names:
            eu.or_set(name, str).add("always")
            eu.g_counter(name + "-n")
        with Load(cluster.url, names) as load:
            load.go_on(rounds=5, reads=2)
            admin.execute_command("CLUSTER FAILOVER")
            until(lambda: admin.info("replication")["role"] == "master")
            load.go_on(rounds=20, reads=10)
        for name in names:
            assert eu.g_counter(name + "-n").value() == load.counted


def test_a_slot_that_nobody_serves_is_waited_for_only_so_long(
    cluster: servers.Cluster, eu: Replica, us: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    us.or_set(name_in(0, us), str).add("theirs")
    tasks = eu.or_set(name_in(0, eu), str)
    counters = [eu.g_counter(f"{{{tasks.name}}}:{i}") for i in range(3)]
    for counter in counters:
        counter.increment()
    tasks.add("t1")
    with Slots(cluster) as slots:
        slot = slots.of(0)
        source = slots.begin_move(slot, target := (slots.node_of(slot) + 1) % 3)
        monkeypatch.setattr(routing, "PATIENCE", 0.05)
        # The keys that the server knows of are still there, but not one that the script asks for.
        slots.move_key(source, target, tasks._live)
        for look in (
            eu.reset,
            eu.status,
            lambda: us.pull(eu),
            lambda: eu.pull(us),
            lambda: eu.verify(us),
        ):
            with pytest.raises(SlotUnavailable):
                look()
        slots.move_key(source, target, eu.keys(0).base[1])
        writes: list[Callable[[], object]]
        writes = [lambda: tasks.add("t2"), counters[0].increment, tasks.clear]
        for write in writes:
            with pytest.raises(SlotUnavailable, match="nothing was written"):
                write()
        assert "t1" in tasks
        assert counters[0].value() == 1
        for key in slots.keys_at(source, slot):
            slots.move_key(source, target, key)
        assert set(tasks) == {"t1"}
        with pytest.raises(SlotUnavailable):
            tasks.add("t2")
        slots.end_move(slot, source, target)
    monkeypatch.undo()  # a busy machine may take longer to hear of the move
    tasks.add("t3")
    assert set(tasks) == {"t1", "t3"}
    assert [counter.value() for counter in counters] == [1, 1, 1]


async def test_scripts_wait_until_all_of_their_keys_are_on_one_node(
    cluster: servers.Cluster, eu: Replica
) -> None:
    """Also for a key that only the data names, so that the server does not know of it before."""
    tasks = eu.or_set(name_in(0, eu), str)
    tasks.add("t1")
    with Slots(cluster) as slots:
        slot = slots.of(0)
        source = slots.begin_move(slot, target := (slots.node_of(slot) + 1) % 3)
        slots.move_key(source, target, tasks._live)
        server = cluster.servers[source]
        before = scripts_run(server)
        waiting = asyncio.create_task(asyncio.to_thread(eu.status))
        await asyncio.to_thread(until, lambda: scripts_run(server) > before + 2)
        assert not waiting.done()
        for key in slots.keys_at(source, slot):
            slots.move_key(source, target, key)
        slots.end_move(slot, source, target)
        assert tasks.name in [c.name for c in (await waiting).collections]


@pytest.mark.parametrize("mode", ["blocking", "asyncio"])
async def test_a_write_without_a_reply_is_never_sent_again(
    cluster: servers.Cluster, eu: Replica, mode: str
) -> None:
    name = name_in(0, eu)
    counter = eu.g_counter(name)
    counter.increment()
    with Slots(cluster) as slots:
        server = cluster.servers[slots.node_of(slots.of(0))]
    kind: Any = Replica if mode == "blocking" else AsyncReplica
    hasty = kind.from_url(cluster.url, shards=SHARDS, socket_timeout=0.2)
    theirs = hasty.g_counter(name)
    await settled(theirs.increment())
    server.pause()
    with pytest.raises(Unacknowledged, match="may have happened or not"):
        await settled(theirs.increment())
    server.resume()
    await settled(hasty.close())
    with server.client() as client:
        client.ping()  # what it got before it was resumed is done
    assert counter.value() in (2, 3)
    before = counter.value()
    counter.increment()
    assert counter.value() == before + 1


def test_a_node_that_is_away_is_told_as_such_and_used_again(
    cluster: servers.Cluster, eu: Replica
) -> None:
    name = name_in(0, eu)
    counter = eu.g_counter(name)
    counter.increment(5)
    with Slots(cluster) as slots:
        server = cluster.servers[slots.node_of(slots.of(0))]
    server.kill()
    with pytest.raises(ServerError):
        counter.increment()
    with pytest.raises(ServerError):
        counter.value()
    server.restart()  # without what it held
    until(lambda: all(is_up(s) for s in cluster.servers))
    counter.increment()
    assert counter.value() == 1


def scripts_run(server: servers.Server) -> int:
    with server.client() as client:
        commands = client.info("commandstats")
    names = ("cmdstat_eval", "cmdstat_evalsha")
    return sum(commands[name]["calls"] for name in names if name in commands)


def blocked_clients(cluster: servers.Cluster) -> int:
    count = 0
    for server in cluster.servers:
        with server.client() as client:
            count += client.info("clients")["blocked_clients"]
    return count


def is_up(server: servers.Server) -> bool:
    with server.client() as client:
        told: dict[str, str] = client.cluster("INFO")
        return told["cluster_state"] == "ok"


def test_scripts_that_a_node_has_forgotten_are_sent_again(
    cluster: servers.Cluster, eu: Replica
) -> None:
    counters = [eu.g_counter(name_in(shard, eu)) for shard in range(SHARDS)]
    for server in cluster.servers:
        with server.client() as client:
            client.script_flush()
    for counter in counters:
        counter.increment()
    for server in cluster.servers:
        with server.client() as client:
            client.flushall()
    for counter in counters:
        counter.increment()
    assert [counter.value() for counter in counters] == [1] * SHARDS


async def test_a_change_on_any_node_wakes_a_watcher(
    cluster: servers.Cluster, eu: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody looks just because time has passed.
    monkeypatch.setattr("redis_crdt.transport.server.MAX_WAIT", 1.5 * PATIENCE)
    url = f"{cluster.url}?socket_timeout={3 * PATIENCE}"
    counters = [eu.g_counter(name_in(shard, eu)) for shard in range(SHARDS)]
    start = ",".join(["0-0"] * SHARDS)
    async with AsyncReplica.from_url(url, shards=SHARDS) as awaited:
        with Replica.from_url(url, shards=SHARDS) as blocking:
            watching, also = blocking.watch(start), awaited.watch(start)
            for counter in [*counters, *reversed(counters)]:
                seen = asyncio.gather(asyncio.to_thread(next, watching), anext(also))
                await asyncio.to_thread(until, lambda: blocked_clients(cluster) == 2 * SHARDS)
                counter.increment()
                changes = await asyncio.wait_for(seen, PATIENCE)
                assert [change.collection for change in changes] == [counter.name] * 2
            await also.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", ["blocking", "asyncio"])
async def test_all_masters_must_not_evict(cluster: servers.Cluster, eu: Replica, mode: str) -> None:
    kind: Any = Replica if mode == "blocking" else AsyncReplica
    with cluster.servers[2].client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(EvictionEnabled):
            await settled(opened(kind, cluster.url))
        client.config_set("maxmemory-policy", "noeviction")
    await settled(opened(kind, cluster.url))


async def opened(kind: Any, url: str) -> None:
    replica = kind.from_url(url, shards=SHARDS)
    try:
        await settled(replica.g_counter("x").value())
    finally:
        await settled(replica.close())


def test_a_node_by_itself_is_no_replica(cluster: servers.Cluster) -> None:
    with (
        cluster.servers[0].client() as client,
        pytest.raises(ServerError, match=r"redis\+cluster://"),
    ):
        Replica(client, replica_id="eu", shards=SHARDS)


@pytest.mark.parametrize("decode_responses", [False, True])
@pytest.mark.parametrize("protocol", [2, 3])
async def test_clients_of_ones_own(
    cluster: servers.Cluster, eu: Replica, protocol: int, decode_responses: bool
) -> None:
    url = cluster.url.replace("redis+cluster", "redis")
    options: dict[str, Any] = {"protocol": protocol, "decode_responses": decode_responses}
    clients: list[Any] = [
        RedisCluster.from_url(url, **options),
        AsyncRedisCluster.from_url(url, **options),
    ]
    for client, kind in zip(clients, (Replica, AsyncReplica), strict=True):
        made: Any = kind  # either, whose arguments are the same
        replica = made(client, shards=SHARDS)
        name = name_in(1, eu) + kind.__module__
        tasks, table = replica.or_set(name, str), replica.lww_map("t" + name, bytes)
        count = replica.g_counter("n" + name)
        await settled(tasks.update(["a", "b"]))
        await settled(tasks.remove("a"))
        await settled(table.set("k", b"\xff\x00"))
        await settled(count.increment(3))
        assert await settled(tasks.get_elements()) == {"b"}
        assert await settled(table.get("k")) == b"\xff\x00"
        assert await settled(count.by_replica()) == {"eu": 3}
        assert await contains(tasks, "b") is True
        assert await size(tasks) == 1
        changes = await watched(replica.watch(",".join(["0-0"] * SHARDS), timeout=0.01))
        assert {change.collection for change in changes} >= {name, "t" + name, "n" + name}
        await settled(replica.close())
        assert await settled(client.get("still open")) is None
    clients[0].close()
    await clients[1].aclose()


async def test_urls(cluster: servers.Cluster, new_url: Callable[..., str]) -> None:
    for url in ("redis+cluster://h:1/3", "http+cluster://h:1", "redis+cluster://h:x"):
        for kind in (Replica, AsyncReplica):
            with pytest.raises(InvalidSetting):
                kind.from_url(url, replica_id="eu")
    with pytest.raises(ServerUnreachable):
        Replica.from_url("redis+cluster://127.0.0.1:1", replica_id="eu")
    with pytest.raises(ServerUnreachable):
        await opened(AsyncReplica, "redis+cluster://127.0.0.1:1")


class Counted(AsyncReplica):
    """A replica that knows how many of its operations were under way at once."""

    under_way = most = 0

    async def execute(self, operation: Any) -> Any:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            return await super().execute(operation)
        finally:
            self.under_way -= 1


async def test_shards_are_pulled_side_by_side(cluster: servers.Cluster, eu: Replica) -> None:
    async with Counted.from_url(cluster.url, shards=SHARDS) as source:
        target = memory.Replica(replica_id="m", shards=SHARDS)
        for shard in range(SHARDS):
            eu.or_set(name_in(shard, eu), int).add(shard)
        report = await drive(pull(target, source))
        assert (report.entries, report.changed) == (SHARDS, SHARDS)
        assert source.most == SHARDS
        # Where one shard fails, no other goes on behind the caller's back.
        eu._client.delete(eu.keys(1).base[1])
        eu._client.set(eu.keys(1).base[1], "theirs")
        again = memory.Replica(replica_id="again", shards=SHARDS)
        with pytest.raises(ForeignKey):
            await drive(pull(again, source))
        assert source.under_way == 0


def test_a_cluster_and_a_server_are_peers(
    cluster: servers.Cluster, eu: Replica, us: Replica
) -> None:
    theirs = [us.or_set(name_in(shard, us), int) for shard in range(SHARDS)]
    ours = [eu.or_set(name_in(shard, eu), int) for shard in range(SHARDS)]
    # So seldom do they look unasked that a wake-up must have come for each shard.
    with eu.keep_in_sync([us], interval=600), us.keep_in_sync([cluster.url], interval=600):
        for i in range(20):
            for pair in zip(ours, theirs, strict=True):
                pair[i % 2].add(i)
        until(lambda: all(len(s) == 20 for s in (*ours, *theirs)))
    assert eu.verify(us) == []
    assert eu.status().address.startswith("cluster 127.0.0.1:")
    with pytest.raises(ReplicaMismatch):
        Replica.from_url(cluster.url)


def test_the_command_line(
    cluster: servers.Cluster,
    eu: Replica,
    new_url: Callable[[servers.Flavour], str],
    tmp_path: Path,
) -> None:
    for shard in range(SHARDS):
        eu.or_set(name_in(shard, eu), str).update(["a", "b"])
    url = new_url("valkey")
    us = Replica.from_url(url, replica_id="us", shards=SHARDS)
    with sync_process("--url", url, "--peer", cluster.url, REDIS_CRDT_SHARDS=str(SHARDS)):
        until(lambda: us.verify(eu) == [])
    assert redis_crdt("verify", url, cluster.url).stdout == b"equal\n"
    assert b"cluster 127.0.0.1" in redis_crdt("status", cluster.url).stdout
    assert redis_crdt("dump", cluster.url, str(tmp_path / "dump")).returncode == 0
    for server in cluster.servers:
        with server.client() as client:
            client.flushall()
    Replica.from_url(cluster.url, replica_id="eu", shards=SHARDS).close()
    assert redis_crdt("load", cluster.url, str(tmp_path / "dump")).returncode == 0
    assert redis_crdt("verify", url, cluster.url).stdout == b"equal\n"
    for command in (["peers"], ["gc", "--older-than", "0"], ["reset", "--yes"]):
        assert redis_crdt(command[0], cluster.url, *command[1:]).returncode == 0
    us.close()


def test_rights_on_a_cluster(cluster: servers.Cluster, us: Replica) -> None:
    for server in cluster.servers:
        with server.client() as admin:
            for rule in RULES:
                admin.execute_command("ACL", "SETUSER", *rule.split())

    def url(user: str) -> str:
        return cluster.url.replace("://", f"://{user}:{user.upper()}-SECRET@")

    with (
        Replica.from_url(url("client"), replica_id="eu", namespace="agents", shards=SHARDS) as eu,
        Replica(us._client, replica_id="us", namespace="agents", shards=SHARDS) as theirs,
        Slots(cluster) as slots,
    ):
        for shard in range(SHARDS):
            eu.or_set(name_in(shard, eu), str).add("x")
        with theirs.keep_in_sync([url("peer")]):
            until(lambda: theirs.verify(eu) == [])
        slot = slots.of(0, "agents")
        source = slots.begin_move(slot, target := (slots.node_of(slot) + 1) % 3)
        for key in slots.keys_at(source, slot):
            slots.move_key(source, target, key)
        assert "x" in eu.or_set(name_in(0, eu), str)
        slots.end_move(slot, source, target)
        eu.or_set(name_in(0, eu), str).add("y")


def test_one_loop_after_another(cluster: servers.Cluster, eu: Replica) -> None:
    one_loop_after_another(cluster.url, SHARDS, True)


def test_one_loop_after_another_with_a_client_that_cannot(
    cluster: servers.Cluster, eu: Replica
) -> None:
    async def opened() -> AsyncReplica:
        client = AsyncRedisCluster.from_url(cluster.url.replace("+cluster", ""))
        replica = AsyncReplica(client, shards=SHARDS)
        await replica.g_counter("done").increment()
        await replica.close()
        await client.aclose()
        return replica

    awaited = asyncio.run(opened())
    with pytest.raises(WrongEventLoop, match="RedisCluster"):
        asyncio.run(awaited.g_counter("done").value())
