"""A replica on a server, by a client of asyncio."""

from __future__ import annotations

import asyncio
from asyncio import get_running_loop
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from os import getpid
from typing import Any, Self

from hiredis import pack_command
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisError, ResponseError
from typing_extensions import TypeVar

from redis_crdt.asyncio.batch import Batch
from redis_crdt.asyncio.connections import Connections
from redis_crdt.asyncio.flight import AwaitedFlight
from redis_crdt.asyncio.g_counter import GCounter
from redis_crdt.asyncio.lww_map import LWWMap
from redis_crdt.asyncio.lww_register import LWWRegister
from redis_crdt.asyncio.mv_register import MVRegister
from redis_crdt.asyncio.or_set import ORSet
from redis_crdt.asyncio.pn_counter import PNCounter
from redis_crdt.bells import AwaitedBell
from redis_crdt.errors import CRDTError, WrongEventLoop
from redis_crdt.operations.awaiting import all_of, drive
from redis_crdt.operations.bounds import bound, is_bounded
from redis_crdt.operations.cluster import (
    ASKING,
    Address,
    First,
    Locate,
    Pause,
    Router,
    Send,
    Step,
    Steps,
    locating,
)
from redis_crdt.operations.flight import Flight
from redis_crdt.operations.native import read_native
from redis_crdt.operations.operation import (
    TROUBLE,
    Command,
    Each,
    Everywhere,
    LostReply,
    Operation,
    Script,
    Wait,
    explain,
    is_lost,
    told,
)
from redis_crdt.operations.replica import ReplicaOperations
from redis_crdt.operations.urls import awaited_client_of
from redis_crdt.sync.directory import list_collections
from redis_crdt.sync.files import File, dump_file, load_file
from redis_crdt.sync.follower import PEER_TIMEOUT
from redis_crdt.sync.party import Party
from redis_crdt.sync.pull import pull
from redis_crdt.sync.report import SyncReport
from redis_crdt.sync.status import Status, read_status
from redis_crdt.sync.syncer import Syncer
from redis_crdt.sync.tombstones import GRACE, collect, drop, forget, reset
from redis_crdt.sync.verify import Difference, verify
from redis_crdt.watching import Change, Watcher

T = TypeVar("T", default=Any)
R = TypeVar("R")


class Replica(ReplicaOperations):
    """:class:`redis_crdt.Replica`, awaited: the same arguments, methods and exceptions.

    It opens with ``async with``, by :meth:`open`, or at its first use. Any number of tasks may
    use one at a time. A task that is cancelled while a write is under way leaves open whether
    that write happened; no other is affected.

    It is for one event loop at a time. Once that has ended it may be used in another, as where
    ``asyncio.run`` is called again, unless it was made from a ``RedisCluster``, which can't;
    :class:`WrongEventLoop` where it can not.
    """

    blocking = False

    def __init__(
        self,
        client: Redis | RedisCluster,
        *,
        replica_id: str | None = None,
        namespace: str = "default",
        shards: int = 1,
        max_drift: float = 60.0,
        feed_limit: int = 100_000,
        allow_eviction: bool = False,
    ) -> None:
        super().__init__(
            client,
            replica_id=replica_id,
            namespace=namespace,
            shards=shards,
            max_drift=max_drift,
            feed_limit=feed_limit,
            allow_eviction=allow_eviction,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0
        self._make_client: Callable[[], Redis | RedisCluster] | None = None
        """Makes another client such as that of :meth:`from_url`."""

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        replica_id: str | None = None,
        namespace: str = "default",
        shards: int = 1,
        max_drift: float = 60.0,
        feed_limit: int = 100_000,
        allow_eviction: bool = False,
        **client_options: Any,
    ) -> Self:
        """Make a replica by its server's URL, as ``redis.asyncio.Redis.from_url`` takes it.

        ``redis+cluster://`` and ``rediss+cluster://`` are for any node of a Cluster.
        ``client_options`` go to the client. :meth:`close` closes it. Of more tasks than its
        ``max_connections`` (64 by default, of a Cluster to each node) some wait for a connection;
        those that :meth:`watch` do not count. Raises :class:`InvalidSetting` for what is no URL, or
        has options that redis-py does not have.
        """
        make_client = partial(awaited_client_of, url, **client_options)
        client = make_client()
        self = cls(
            client,
            replica_id=replica_id,
            namespace=namespace,
            shards=shards,
            max_drift=max_drift,
            feed_limit=feed_limit,
            allow_eviction=allow_eviction,
        )
        self._make_client = make_client
        return self

    async def open(self) -> Self:
        """Open the namespace, if it is not open yet. A few round trips."""
        self._enter_loop()
        async with self._opening:
            if not self._opened:
                await drive(self.opening(_Direct(self)))
        return self

    async def close(self) -> None:
        """Close the connections of this replica, and the client that :meth:`from_url` made."""
        self._enter_loop()
        for connections in self._servers.values():
            await connections.close()
        if self._make_client:
            await self._client.aclose()

    async def __aenter__(self) -> Self:
        try:
            return await self.open()
        except BaseException:
            await self.close()  # for nobody else will
            raise

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def or_set(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> ORSet[T]:
        """Take up a set of elements of ``type_``: anything pydantic validates; JSON by default.

        Its first use raises :class:`KindMismatch` if the name is taken by another kind of
        collection; so for all of the following. ``partitions`` spread it over several shards.
        """
        return ORSet(self, name, type_, partitions)

    def g_counter(self, name: str) -> GCounter:
        """Take up a counter that only grows."""
        return GCounter(self, name)

    def pn_counter(self, name: str) -> PNCounter:
        """Take up a counter that goes up and down."""
        return PNCounter(self, name)

    def lww_register(self, name: str, type_: type[T] | Any = Any) -> LWWRegister[T]:
        """Take up a register of one value of ``type_``, in which the last write wins."""
        return LWWRegister(self, name, type_)

    def mv_register(self, name: str, type_: type[T] | Any = Any) -> MVRegister[T]:
        """Take up a register of values of ``type_`` that keeps concurrent ones side by side."""
        return MVRegister(self, name, type_)

    def lww_map(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> LWWMap[T]:
        """Take up a map from text to values of ``type_``; of concurrent ones the latest is read.

        ``partitions`` spread it over several shards.
        """
        return LWWMap(self, name, type_, partitions)

    def batch(self) -> Batch:
        """Begin a batch: ``async with replica.batch() as b: b.on(tasks).add("t1"); ...``."""
        return Batch(self)

    async def collections(self) -> list[tuple[str, str]]:
        """Return the collections that hold anything, if only tombstones: names with their kinds.

        In the order of the names; a kind is the name of the method that opens it. One round
        trip per shard, and per 500 collections.
        """
        await self.open()
        return await drive(list_collections(self))

    async def watch(
        self, cursor: str | None = None, *, timeout: float | None = None
    ) -> AsyncIterator[Change[Any]]:
        """Yield the changes of this replica as they happen, local ones and those from others."""
        await self.open()
        with Watcher[Any](self, cursor, timeout) as watcher:
            while (changes := await drive(watcher.page())) is not None:
                for change in changes:
                    yield change

    async def pull(self, source: Party) -> SyncReport:
        """Bring here what ``source``, a replica of any backend, has and this one does not.

        A blocking source is asked in a thread.
        """
        await self.open()
        return await drive(pull(self, source))

    async def sync(self, peer: Party) -> SyncReport:
        """Pull both ways. Returns the sum of the two reports."""
        await self.open()
        return await self.pull(peer) + await drive(pull(peer, self))

    async def dump(self, file: File) -> int:
        """Write the whole namespace to a file, as NDJSON; returns the number of entries.

        It is compressed if it is a path that ends with ``.gz``, and private.
        """
        await self.open()
        return await drive(dump_file(self, file))

    async def load(self, file: File, *, from_namespace: str | None = None) -> int:
        """Join what :meth:`dump` wrote; returns how many entries changed something.

        ``from_namespace`` names that of the file where it is another one, on purpose.
        """
        return await drive(load_file(self, file, from_namespace=from_namespace))

    async def gc_tombstones(self, older_than: float = GRACE) -> int:
        """Drop the tombstones that nobody needs any more, in all collections; return how many.

        As :meth:`redis_crdt.Replica.gc_tombstones`. One round trip per 500 tombstones and per
        collection.
        """
        await self.open()
        return await drive(collect(self, older_than))

    async def forget(self, peer: str) -> bool:
        """Forget a peer that is gone for good, so that it no longer holds collection up.

        Returns whether there was such a peer. Should it come back, nothing of its state is lost,
        and nothing that was removed comes back with it. Warns (``RuntimeWarning``) where writes of
        it are known not to have been read here. Three round trips per shard.
        """
        await self.open()
        return await drive(forget(self, peer))

    async def drop(self, name: str) -> bool:
        """Drop the collection of this name, in all regions, and set its name free.

        Returns whether there was one. What others write under it before they have heard of that is
        lost, too: it is an operator's act. A few round trips, and one for each partition.
        """
        await self.open()
        return await drive(drop(self, name))

    async def reset(self) -> None:
        """Throw away all that this replica holds, so that it begins anew from its peers.

        What none of them has pulled is lost. One round trip per shard.
        """
        await self.open()
        await drive(reset(self))

    async def status(self) -> Status:
        """Tell what an operator wants to know: peers and how far they lag, sizes, the feed.

        One round trip per shard, and two per 500 collections.
        """
        await self.open()
        return await drive(read_status(self))

    async def verify(self, other: Party) -> list[Difference]:
        """Tell where another replica on a server differs, as far as readers see; [] if nowhere.

        Compares digests that the servers compute, so equal entries are not sent. Two round trips
        to each per 500 collections, and one per 500 entries. What is written meanwhile may be told
        as a difference.
        """
        await self.open()
        return await drive(verify(self, other))

    @asynccontextmanager
    async def keep_in_sync(
        self, peers: Iterable[ReplicaOperations | str], *, interval: float = 30.0
    ) -> AsyncIterator[Syncer]:
        """Keep this replica in step with its peers while the block runs.

        Only this replica changes; the peers' programs do the same for theirs. ``peers`` are
        replicas, or URLs of servers, whose namespaces are then those of this one. For the rest
        see :class:`redis_crdt.sync.Syncer`, which the block is given.
        """
        async with AsyncExitStack() as opened:
            parties: list[ReplicaOperations] = []
            for peer in peers:
                if isinstance(peer, str):
                    peer = self.sibling(peer)
                    opened.push_async_callback(peer.close)
                parties.append(peer)
            syncer = Syncer(self, parties, interval=interval)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(syncer.run())
                try:
                    yield syncer
                finally:
                    running.cancel()

    def sibling(self, url: str, **client_options: Any) -> Replica:
        """Return the replica of the same namespace on another server, not open yet."""
        return Replica.from_url(
            url,
            namespace=self.namespace,
            shards=self.shards,
            max_drift=self.max_drift,
            feed_limit=self._feed_limit,
            allow_eviction=self._allow_eviction,
            **{"socket_timeout": PEER_TIMEOUT, "socket_connect_timeout": PEER_TIMEOUT}
            | client_options,
        )

    # Carrying out operations ----------------------------------------------------------------

    async def execute(self, operation: Operation[R]) -> R:
        """Carry out an operation; raises exceptions of ours only."""
        if not self._opened or self._loop is not get_running_loop():
            await self.open()
        return await self._execute(operation)

    async def _execute(self, operation: Operation[R]) -> R:
        try:
            if isinstance(operation, Command) and self._router is None:
                reply = await self._read(operation.args)
            elif isinstance(operation, Everywhere) and self._router is None:
                reply = [await self._execute(Command(operation.args, about=operation.about))]
            elif isinstance(operation, Script):
                reply = self._told(operation, await self._run_script(operation))
            elif isinstance(operation, Each):
                tasks = (asyncio.create_task(self.execute(one)) for one in operation.operations)
                reply = await all_of(list(tasks))
            elif isinstance(operation, Wait):
                reply = await self._take(self.waiting(operation, self._socket_timeout))
            else:
                reply = await self._take(self.reading(operation))
        except CRDTError as error:
            error.at(self.address)
            raise
        except TROUBLE as error:
            raise explain(error, operation).at(self.address) from error
        try:
            return operation.read(reply)
        except CRDTError as error:
            error.at(self.address)
            raise

    async def _run_script(self, script: Script[Any]) -> Any:
        if self._router is not None:
            return await self._take(self.running(script))
        try:
            return await self._send_once(self.evaluating(script))
        except ResponseError as error:
            recovering = self.recovering(script, error)
        return await self._take(recovering)

    async def _take(self, steps: Steps[R]) -> R:
        try:
            step = next(steps)
            while True:
                try:
                    reply = await self._carry_out(step)
                except RedisError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(reply)
        except StopIteration as stop:
            result: R = stop.value
            return result

    async def _read(self, args: tuple[Any, ...]) -> Any:
        """Send a command that only reads; where a connection breaks, again, as redis-py does.

        It is what redis-py's clients do, too, less what they measure, for that takes longer.
        """
        connections = self._connections_to(None)
        connection = await connections.borrow()
        packed, bounded, whole = pack_command(args), is_bounded(args), False
        try:
            reply = await connection.retry.call_with_retry(
                lambda: _exchange(connection, packed, bounded), lambda _: connection.disconnect()
            )
            whole = True
        except ResponseError:
            whole = True
            raise
        finally:
            # Where the task was cancelled, it has a reply that is for nobody else.
            (connections.give_back if whole else connections.discard)(connection)
        return read_native(args[0], reply)

    async def _carry_out(self, step: Step) -> Any:
        match step:
            case Send():
                return await self._send_once(step)
            case First(sends):
                return await self._first_reply(sends)
            case Pause(seconds):
                return await asyncio.sleep(seconds)
            case Locate(anew):
                with locating():
                    cluster: Any = self._client
                    await (cluster.nodes_manager if anew else cluster).initialize()
                return None

    def _enter_loop(self) -> None:
        """See to it that nothing is of another event loop, or of the process that forked this one.

        Raises :class:`WrongEventLoop` where the other goes on.
        """
        loop, here = get_running_loop(), getpid()
        if self._loop is loop:
            return
        if self._loop is not None:
            if not self._loop.is_closed() and self._pid == here:
                raise WrongEventLoop(
                    f"{self.about}: another event loop uses this replica; make one for each loop"
                )
            if self._make_client:
                self._client = self._make_client()
                self._router = self._router and Router(self._client, self.namespace)
            elif self._router:
                raise WrongEventLoop(
                    f"{self.about}: its RedisCluster client is of an event loop that has ended; "
                    "make both in the loop that is to use them, or use from_url"
                )
        self._loop, self._pid = loop, here
        self._opening = asyncio.Lock()
        self.tails = {}
        self._servers: dict[Address | None, Connections] = {}

    def _connections_to(self, node: Address | None) -> Connections:
        """Return the connections to a node of the Cluster, or to the only server."""
        connections = self._servers.get(node)
        if connections is None:
            client: Any = self._client
            if node is None:
                pool = client.connection_pool
            else:
                options = {**client.get_connection_kwargs(), "host": node.host, "port": node.port}
                del options["response_callbacks"]
                pool = ConnectionPool(**options)
            connections = self._servers[node] = Connections(pool)
        return connections

    async def _send_once(self, send: Send) -> Any:
        """Send a command that may write, once: redis-py's clients would send it again."""
        connections = self._connections_to(send.node)
        connection = await connections.borrow(counts=not send.waits)
        whole = False
        try:
            if send.asking:
                await _exchange(connection, ASKING, True)
            write, args = send.write, send.args
            if write is not None:
                args = self._vouched(connection, _link_of(connection), send)
            bounded = write is None and is_bounded(args)
            reply = await _exchange(connection, pack_command(args), bounded)
            if write is not None:
                self._answered(connection, _link_of(connection), write)
            whole = True
        except ResponseError:
            whole = True
            raise
        except BaseException as error:
            if is_lost(error):
                raise LostReply(told(error)) from error
            raise
        finally:
            (connections.give_back if whole else connections.discard)(connection)
        return read_native(args[0], reply) if send.parsed else reply

    def bell(self) -> AwaitedBell:
        """Make a bell for one who watches."""
        return AwaitedBell()

    def flight(self, shard: int) -> Flight | None:
        """Return a flight to the server of a shard; None where it could carry nothing."""
        node = self._flight_to(shard)
        return node and AwaitedFlight(self, self._connections_to(node.address))

    async def _first_reply(self, sends: tuple[Send, ...]) -> Any:
        tasks = [asyncio.create_task(self._send_once(send)) for send in sends]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _exchange(connection: Any, packed: bytes, bounded: bool) -> Any:
    """Send what is packed and read the reply, in bytes whatever the client reads for others."""
    await connection.send_packed_command([packed])
    bound(connection, bounded)
    return await connection.read_response(disable_decoding=True)


class _Direct:
    """The replica while it is being opened."""

    def __init__(self, replica: Replica) -> None:
        self.execute = replica._execute


def _link_of(connection: Any) -> Any:
    """Return what stands for the present link of a connection; None where it has none."""
    return getattr(connection, "_writer", connection)
