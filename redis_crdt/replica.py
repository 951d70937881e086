"""A replica on a server, by a client that blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from select import select
from time import sleep
from typing import Any, Self

from hiredis import pack_command
from redis import Redis
from redis.cluster import RedisCluster
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from typing_extensions import TypeVar

from redis_crdt.bells import Bell
from redis_crdt.collections import (
    Collection,
    GCounter,
    LWWMap,
    LWWRegister,
    MVRegister,
    ORSet,
    PNCounter,
)
from redis_crdt.collections.batch import Batch
from redis_crdt.connections import Connections
from redis_crdt.errors import CRDTError
from redis_crdt.flight import BlockingFlight
from redis_crdt.operations.bounds import bound, is_bounded
from redis_crdt.operations.cluster import (
    ASKING,
    Address,
    First,
    Locate,
    Pause,
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
    drive,
    explain,
    is_lost,
    told,
)
from redis_crdt.operations.replica import ReplicaOperations
from redis_crdt.operations.urls import client_of
from redis_crdt.sync.directory import list_collections
from redis_crdt.sync.files import File, dump_file, load_file
from redis_crdt.sync.party import Party
from redis_crdt.sync.pull import pull
from redis_crdt.sync.report import SyncReport
from redis_crdt.sync.status import Status, read_status
from redis_crdt.sync.syncer import Syncer
from redis_crdt.sync.threaded import in_thread
from redis_crdt.sync.tombstones import GRACE, collect, drop, forget, reset
from redis_crdt.sync.verify import Difference, verify
from redis_crdt.watching import Change, Watcher

T = TypeVar("T", default=Any)
R = TypeVar("R")
C = TypeVar("C", bound=Collection[Any])


class Replica(ReplicaOperations):
    """One full copy of a namespace, on one Redis deployment: a server or a Cluster.

    ``client`` is a ``redis.Redis`` or a ``redis.cluster.RedisCluster``. The replica makes
    connections of its own, as that client would and as many at most. All clients of a
    deployment share its ``replica_id``, which is set when the namespace is first opened there
    and may be left out later. ``namespace`` names the state that the replicas of all regions
    share. ``shards`` is fixed when the namespace is made. State more than ``max_drift`` seconds
    ahead of the server's clock is refused. The feed keeps some ``feed_limit`` references to what
    changed; who has been away for longer reads everything. ``allow_eviction`` accepts a server
    that may throw our keys away.

    Opening takes a few round trips. It raises :class:`EvictionEnabled`,
    :class:`ReplicaMismatch`, :class:`InvalidName`, :class:`InvalidSetting`,
    :class:`AccessDenied` where the server's INFO is not to be had, or another
    :class:`ServerError`. Instances may be shared between threads, as their client may.
    """

    blocking = True

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
        self._servers: dict[Address | None, Connections] = {}
        self._owns_client = False
        try:
            drive(self.opening(self))
        except BaseException:
            self.close()
            raise

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
        """Open a replica by its server's URL, as ``redis.Redis.from_url`` takes it.

        ``redis+cluster://`` and ``rediss+cluster://`` are for any node of a Cluster.
        ``client_options`` go to the client. :meth:`close` closes it. Raises also
        :class:`InvalidSetting` for what is no URL, or has options that redis-py does not have.
        """
        client = client_of(url, **client_options)
        try:
            self = cls(
                client,
                replica_id=replica_id,
                namespace=namespace,
                shards=shards,
                max_drift=max_drift,
                feed_limit=feed_limit,
                allow_eviction=allow_eviction,
            )
        except BaseException:
            client.close()
            raise
        self._owns_client = True
        return self

    def close(self) -> None:
        """Close the connections of this replica, and the client that :meth:`from_url` made."""
        for connections in self._servers.values():
            connections.close()
        if self._owns_client:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def or_set(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> ORSet[T]:
        """Open a set of elements of ``type_``: anything pydantic validates; JSON by default.

        Raises :class:`KindMismatch` if the name is taken by another kind of collection. One
        round trip; so for all of the following.

        A set that is too big for one server, or too busy, may be in ``partitions``: by their hash
        its elements are spread over several shards. Their number is the same in all regions, and
        for good: :class:`KindMismatch` for another. What concerns one element still takes one
        round trip, and what concerns all of them one and more for each partition, side by side
        where calls are awaited. Batches do not take it.
        """
        return self._open(ORSet(self, name, type_, partitions))

    def g_counter(self, name: str) -> GCounter:
        """Open a counter that only grows."""
        return self._open(GCounter(self, name))

    def pn_counter(self, name: str) -> PNCounter:
        """Open a counter that goes up and down."""
        return self._open(PNCounter(self, name))

    def lww_register(self, name: str, type_: type[T] | Any = Any) -> LWWRegister[T]:
        """Open a register of one value of ``type_``, in which the last write wins."""
        return self._open(LWWRegister(self, name, type_))

    def mv_register(self, name: str, type_: type[T] | Any = Any) -> MVRegister[T]:
        """Open a register of values of ``type_`` that keeps concurrent ones side by side."""
        return self._open(MVRegister(self, name, type_))

    def lww_map(self, name: str, type_: type[T] | Any = Any, *, partitions: int = 1) -> LWWMap[T]:
        """Open a map from text to values of ``type_``; of concurrent ones the latest is read.

        ``partitions`` are as of :meth:`or_set`.
        """
        return self._open(LWWMap(self, name, type_, partitions))

    def batch(self) -> Batch:
        """Begin a batch: ``with replica.batch() as b: b.on(tasks).add("t1"); ...``."""
        return Batch(self)

    def collections(self) -> list[tuple[str, str]]:
        """Return the collections that hold anything, if only tombstones: names with their kinds.

        In the order of the names; a kind is the name of the method that opens it. One round
        trip per shard, and per 500 collections.
        """
        return drive(list_collections(self))

    def watch(
        self, cursor: str | None = None, *, timeout: float | None = None
    ) -> Iterator[Change[Any]]:
        """Yield the changes of this replica as they happen, local ones and those from others.

        From now on, or from the ``cursor`` of the last change that was dealt with: each later
        change then comes exactly once. Where the server has come back without its last writes, it
        goes on from where those were lost. Ends when nothing has happened for ``timeout`` seconds;
        never, by default. Raises :class:`FeedTrimmed` where the feed no longer reaches back to
        the cursor, or the replica was emptied since, and :class:`InvalidCursor` for one that no
        ``watch`` of a replica gave out.
        Blocking reads on a connection of its own, on a Cluster on one for each shard; two round
        trips per 256 changes.
        """
        with Watcher[Any](self, cursor, timeout) as watcher:
            while (changes := drive(watcher.page())) is not None:
                yield from changes

    def pull(self, source: Party) -> SyncReport:
        """Bring here what ``source``, a replica of any backend, has and this one does not.

        Costs what changed since the last pull, in batches of 500 entries or some 500 KB: three
        round trips for the first, two for each that follows. Where the source's feed does not tell
        all that is lacking here, everything is compared: mostly at a first contact, and after so
        long that the feed was trimmed or tombstones were collected. It may be interrupted anywhere;
        the next one goes on from there. Raises :class:`ReplicaConflict` if the source has this
        replica's id, :class:`ReplicaMismatch` if its namespace differs, :class:`InvalidDump` or
        :class:`ClockDrift` for state that is refused, and :class:`ServerError` where the source's
        server answers what no replica would. A single entry that is refused, as ill-formed or too
        large, is left out and told in the report.

        What takes long to join is joined in parts, so that others who use this replica's server
        wait for some 10 ms. But an entry is joined as a whole: one of 16 MiB takes about 100 ms,
        one of 4096 dots about 50.
        """
        return drive(pull(self, source))

    def sync(self, peer: Party) -> SyncReport:
        """Pull both ways. Returns the sum of the two reports."""
        return self.pull(peer) + drive(pull(peer, self))

    def dump(self, file: File) -> int:
        """Write the whole namespace to a file, as NDJSON; returns the number of entries.

        ``file`` is a path, or a file open in binary mode. A path that ends with ``.gz`` is written
        compressed. A new file takes the place of an older one when it is whole, and may be read by
        nobody but its owner. One round trip per 500 entries.
        """
        return drive(dump_file(self, file))

    def load(self, file: File, *, from_namespace: str | None = None) -> int:
        """Join what :meth:`dump` wrote; returns how many entries changed something.

        The file, compressed or not, is validated as a whole first: :class:`InvalidDump` and
        :class:`ClockDrift` leave everything as it was. So does :class:`ReplicaMismatch`, for a file
        of another namespace than this, or than ``from_namespace`` where that is meant. It may be
        old: only what is neither there nor known is taken. Times may be twice ``max_drift`` ahead:
        those of a region whose clock is as much ahead of this one's. Two round trips per 500
        entries.
        """
        return drive(load_file(self, file, from_namespace=from_namespace))

    def gc_tombstones(self, older_than: float = GRACE) -> int:
        """Drop the tombstones that nobody needs any more, in all collections; return how many.

        Those go of which this replica knows all that they tell, that are older than ``older_than``
        seconds, and that every peer, that is every replica that was ever pulled from or that pulled
        from here, has read. So does what the feed holds of that age. What past incarnations have
        counted is counted in with the present one. One round trip per 500 tombstones and per
        collection.
        """
        return drive(collect(self, older_than))

    def forget(self, peer: str) -> bool:
        """Forget a peer that is gone for good, so that it no longer holds collection up.

        Returns whether there was such a peer. Should it come back, nothing of its state is lost,
        and nothing that was removed comes back with it. Warns (``RuntimeWarning``) where writes of
        it are known not to have been read here. Three round trips per shard.
        """
        return drive(forget(self, peer))

    def drop(self, name: str) -> bool:
        """Drop the collection of this name, in all regions, and set its name free.

        Returns whether there was one. What others write under it before they have heard of that is
        lost, too: it is an operator's act. A few round trips, and one for each partition.
        """
        return drive(drop(self, name))

    def reset(self) -> None:
        """Throw away all that this replica holds, so that it begins anew from its peers.

        What none of them has pulled is lost. One round trip per shard.
        """
        drive(reset(self))

    def status(self) -> Status:
        """Tell what an operator wants to know: peers and how far they lag, sizes, the feed.

        One round trip per shard, and two per 500 collections.
        """
        return drive(read_status(self))

    def verify(self, other: Party) -> list[Difference]:
        """Tell where another replica on a server differs, as far as readers see; [] if nowhere.

        Compares digests that the servers compute, so equal entries are not sent. Two round trips
        to each per 500 collections, and one per 500 entries. What is written meanwhile may be told
        as a difference.
        """
        return drive(verify(self, other))

    @contextmanager
    def keep_in_sync(
        self, peers: Iterable[ReplicaOperations | str], *, interval: float = 30.0
    ) -> Iterator[Syncer]:
        """Keep this replica in step with its peers while the block runs, from a thread.

        Only this replica changes; the peers' programs do the same for theirs. ``peers`` are
        replicas, or URLs of servers, whose namespaces are then those of this one. For the rest
        see :class:`redis_crdt.sync.Syncer`, which the block is given. Leaving the block may take
        a second.
        """
        with in_thread(self, list(peers), interval) as syncer:
            yield syncer

    def _open(self, collection: C) -> C:
        drive(collection._open())
        return collection

    # Carrying out operations ----------------------------------------------------------------

    def execute(self, operation: Operation[R]) -> R:
        """Carry out an operation; raises exceptions of ours only."""
        try:
            if isinstance(operation, Command) and self._router is None:
                reply = self._read(operation.args)
            elif isinstance(operation, Everywhere) and self._router is None:
                reply = [self.execute(Command(operation.args, about=operation.about))]
            elif isinstance(operation, Script):
                reply = self._told(operation, self._run_script(operation))
            elif isinstance(operation, Each):
                reply = [self.execute(one) for one in operation.operations]
            elif isinstance(operation, Wait):
                reply = self._take(self.waiting(operation, self._socket_timeout))
            else:
                reply = self._take(self.reading(operation))
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

    def _run_script(self, script: Script[Any]) -> Any:
        if self._router is not None:
            return self._take(self.running(script))
        try:
            return self._send_once(self.evaluating(script))
        except ResponseError as error:
            recovering = self.recovering(script, error)
        return self._take(recovering)

    def _take(self, steps: Steps[R]) -> R:
        try:
            step = next(steps)
            while True:
                try:
                    reply = self._carry_out(step)
                except RedisError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(reply)
        except StopIteration as stop:
            result: R = stop.value
            return result

    def _read(self, args: tuple[Any, ...]) -> Any:
        """Send a command that only reads; where a connection breaks, again, as redis-py does.

        It is what redis-py's clients do, too, less what they measure, for that takes longer.
        """
        connections = self._connections_to(None)
        connection = connections.borrow()
        packed, bounded, whole = pack_command(args), is_bounded(args), False
        try:
            reply = connection.retry.call_with_retry(
                lambda: _exchange(connection, packed, bounded), lambda _: connection.disconnect()
            )
            whole = True
        except ResponseError:
            whole = True
            raise
        finally:
            # Interrupted, as out of a signal's handler, it has a reply that is for nobody else.
            (connections.give_back if whole else connections.discard)(connection)
        return read_native(args[0], reply)

    def _carry_out(self, step: Step) -> Any:
        match step:
            case Send():
                return self._send_once(step)
            case First(sends):
                return self._first_reply(sends)
            case Pause(seconds):
                return sleep(seconds)
            case Locate(anew):
                if anew:  # a blocking client has learnt it once when it was made
                    cluster: Any = self._client
                    with locating():
                        cluster.nodes_manager.initialize()
                return None

    def _connections_to(self, node: Address | None) -> Connections:
        """Return the connections to a node of the Cluster, or to the only server."""
        connections = self._servers.get(node)
        if connections is None:
            client: Any = self._client
            if node is not None:
                options = client.get_connection_kwargs()
                client = client.nodes_manager.create_redis_node(*node, **options)
            made = Connections(client.connection_pool)
            connections = self._servers.setdefault(node, made)  # another thread may be faster
        return connections

    def _send_once(self, send: Send) -> Any:
        """Send a command that may write, once: redis-py's clients would send it again."""
        connections = self._connections_to(send.node)
        connection = connections.borrow(counts=not send.waits)
        whole = False
        try:
            if send.asking:
                _exchange(connection, ASKING, True)
            write, args = send.write, send.args
            if write is not None:
                args = self._vouched(connection, _link_of(connection), send)
            bounded = write is None and is_bounded(args)
            reply = _exchange(connection, pack_command(args), bounded)
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

    def bell(self) -> Bell:
        """Make a bell for one who watches."""
        return Bell()

    def flight(self, shard: int) -> Flight | None:
        """Return a flight to the server of a shard; None where it could carry nothing."""
        node = self._flight_to(shard)
        return node and BlockingFlight(self, self._connections_to(node.address))

    def _first_reply(self, sends: tuple[Send, ...]) -> Any:
        waiting: dict[Any, Connections] = {}
        answered = None
        try:
            for send in sends:
                connections = self._connections_to(send.node)
                connection = connections.borrow(counts=False)
                waiting[connection] = connections
                connection.send_packed_command([pack_command(send.args)])
                bound(connection, is_bounded(send.args))
            sockets = {connection._sock: connection for connection in waiting}
            ready, _, _ = select(sockets, [], [], self._socket_timeout)
            if not ready:
                raise RedisTimeoutError("no node has answered")
            first = sockets[ready[0]]
            try:
                reply = first.read_response(disable_decoding=True)
            except ResponseError:
                answered = first
                raise
            answered = first
            return reply
        finally:
            for connection, connections in waiting.items():
                if connection is answered:
                    connections.give_back(connection)
                else:
                    connections.discard(connection)


def _exchange(connection: Any, packed: bytes, bounded: bool) -> Any:
    """Send what is packed and read the reply, in bytes whatever the client reads for others."""
    connection.send_packed_command([packed])
    bound(connection, bounded)
    return connection.read_response(disable_decoding=True)


def _link_of(connection: Any) -> Any:
    """Return what stands for the present link of a connection; None where it has none."""
    return getattr(connection, "_sock", connection)
