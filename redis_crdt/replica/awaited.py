"""A replica on a server, for asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Self

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from typing_extensions import TypeVar

from redis_crdt.sync.party import Party
from redis_crdt.sync.tombstones import GRACE, collect, drop, forget, reset
from redis_crdt.transport.awaited import Transport
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.awaited import Types

if TYPE_CHECKING:  # what many programs never use is imported where it is used
    from redis_crdt.replica.batch.awaited import Batch
    from redis_crdt.sync.files import File
    from redis_crdt.sync.report import SyncReport
    from redis_crdt.sync.status import Status
    from redis_crdt.sync.syncer import Syncer
    from redis_crdt.sync.verify import Difference
    from redis_crdt.transport.watching import Change, Changes

T = TypeVar("T", default=Any)


class Replica(Transport, Types):
    """One full copy of a namespace, on one Redis deployment: a server or a Cluster.

    ``client`` is a ``redis.asyncio.Redis`` or a ``redis.asyncio.cluster.RedisCluster``. The replica
    makes connections of its own, as that client would and as many at most. All clients of a
    deployment share its ``replica_id``, which is set when the namespace is first opened there
    and may be left out later. ``namespace`` names the state that the replicas of all regions
    share. ``shards`` is fixed when the namespace is made. State more than ``max_drift`` seconds
    ahead of the server's clock is refused. The feed keeps some ``feed_limit`` references to what
    changed; who has been away for longer reads everything. ``allow_eviction`` accepts a server
    that may throw our keys away. ``durable`` vouches that it keeps whatever it acknowledges, also
    where it fails, fails over or is put back: then what a budget has left comes back to it after a
    restart (see :meth:`reclaim`). With ``appendfsync always``, and no copies that lag, it does.

    A blocking replica is opened as it is made; one that is awaited as its block is entered, by
    ``open()``, or at its first use. That takes a few round trips, and raises
    :class:`EvictionEnabled`, :class:`ReplicaMismatch`, :class:`InvalidName`,
    :class:`InvalidSetting`, :class:`AccessDenied` where the server's INFO is not to be had, or
    another :class:`ServerError`. Threads may share a blocking one, as they may its client, and the
    tasks of one event loop one that is awaited; for more of that see
    :class:`redis_crdt.transport.awaited.Transport`.
    """

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
        durable: bool = False,
    ) -> None:
        super().__init__(
            client,
            replica_id=replica_id,
            namespace=namespace,
            shards=shards,
            max_drift=max_drift,
            feed_limit=feed_limit,
            allow_eviction=allow_eviction,
            durable=durable,
        )

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
        durable: bool = False,
        **client_options: Any,
    ) -> Self:
        """Make a replica by its server's URL, as ``redis.asyncio.Redis.from_url`` takes it.

        ``redis+cluster://`` and ``rediss+cluster://`` are for any node of a Cluster.
        ``client_options`` go to the client. :meth:`close` closes it. Of more calls at once than its
        ``max_connections`` some wait for a connection; those that :meth:`watch` do not count. Where
        calls are awaited, those of all tasks share one connection to each server, and that many,
        64 by default, are at most for what is asked of peers. Raises also :class:`InvalidSetting`
        for what is no URL, or has options that redis-py does not have.
        """
        return cls._of_url(
            url,
            client_options,
            replica_id=replica_id,
            namespace=namespace,
            shards=shards,
            max_drift=max_drift,
            feed_limit=feed_limit,
            allow_eviction=allow_eviction,
            durable=durable,
        )

    def batch(self) -> Batch:
        """Begin a batch: ``async with replica.batch() as b: b.on(tasks).add("t1"); ...``."""
        from redis_crdt.replica.batch.awaited import Batch

        return Batch(self)

    async def collections(self) -> list[tuple[str, str]]:
        """Return the collections that hold anything, if only tombstones: names with their kinds.

        In the order of the names; a kind is the name of the method that opens it. One round
        trip per shard, and per 500 collections.
        """
        from redis_crdt.sync.directory import list_collections

        return await self._drive(list_collections(self))

    async def watch(
        self, cursor: str | None = None, *, timeout: float | None = None
    ) -> AsyncIterator[Change[Any]]:
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
        from redis_crdt.transport.watching import Watcher

        with Watcher[Any](self, cursor, timeout) as watcher:
            while (changes := await self._drive(watcher.page())) is not None:
                for change in changes:
                    yield change

    async def changes(
        self, cursor: str | None = None, limit: int = 100, *, timeout: float | None = 0.0
    ) -> Changes:
        """Return up to ``limit`` changes since a cursor, and where to go on.

        What has expired is not among them, for nobody wrote it. Without a cursor it begins now.
        Where there is nothing, it waits up to ``timeout`` seconds, or with None until there is.
        Raises as :meth:`watch` does, and :class:`InvalidSetting` for a limit below 1. Three round
        trips per shard.
        """
        from redis_crdt.transport.watching import changes_since

        return await self._drive(changes_since(self, cursor, limit, timeout))

    async def pull(self, source: Party) -> SyncReport:
        """Bring here what ``source``, a replica of any backend, has and this one does not.

        Costs what changed since the last pull, in batches of 500 entries or some 500 KB: three
        round trips for the first, two for each that follows. Where the source's feed does not tell
        all that is lacking here, everything is compared: mostly at a first contact, and after so
        long that the feed was trimmed or tombstones were collected. It may be interrupted anywhere;
        the next one goes on from there. Raises :class:`ReplicaConflict` if the source has this
        replica's id, :class:`ReplicaMismatch` if its namespace differs, :class:`InvalidDump` or
        :class:`ClockDrift` for state that is refused, and :class:`ServerError` where the source's
        server answers what no replica would. A single entry that is refused, as ill-formed or too
        large, is left out and told in the report. Where calls are awaited, a blocking source is
        asked in a thread.

        What takes long to join is joined in parts, so that others who use this replica's server
        wait for some 10 ms. But an entry is joined as a whole: one of 16 MiB takes about 100 ms,
        one of 4096 dots about 50.
        """
        from redis_crdt.sync.pull import pull

        return await self._drive(pull(self, source))

    async def sync(self, peer: Party) -> SyncReport:
        """Pull both ways. Returns the sum of the two reports."""
        from redis_crdt.sync.pull import pull

        return await self.pull(peer) + await self._drive(pull(peer, self))

    async def dump(self, file: File) -> int:
        """Write the whole namespace to a file, as NDJSON; returns the number of entries.

        ``file`` is a path, or a file open in binary mode. A path that ends with ``.gz`` is written
        compressed. A new file takes the place of an older one when it is whole, and may be read by
        nobody but its owner. One round trip per 500 entries.
        """
        from redis_crdt.sync.files import dump_file

        return await self._drive(dump_file(self, file))

    async def load(self, file: File, *, from_namespace: str | None = None) -> int:
        """Join what :meth:`dump` wrote; returns how many entries changed something.

        The file, compressed or not, is validated as a whole first: :class:`InvalidDump` and
        :class:`ClockDrift` leave everything as it was. So does :class:`ReplicaMismatch`, for a file
        of another namespace than this, or than ``from_namespace`` where that is meant. It may be
        old: only what is neither there nor known is taken. Times may be twice ``max_drift`` ahead:
        those of a region whose clock is as much ahead of this one's. Two round trips per 500
        entries.
        """
        from redis_crdt.sync.files import load_file

        return await self._drive(load_file(self, file, from_namespace=from_namespace))

    async def gc_tombstones(self, older_than: float = GRACE) -> int:
        """Drop the tombstones that nobody needs any more, in all collections; return how many.

        Those go of which this replica knows all that they tell, that are older than ``older_than``
        seconds, and that every peer, that is every replica that was ever pulled from or that pulled
        from here, has read. So does what the feed holds of that age. What past incarnations have
        counted is counted in with the present one. One round trip per 500 tombstones and per
        collection.
        """
        return await self._drive(collect(self, older_than))

    async def forget(self, peer: str) -> bool:
        """Forget a peer that is gone for good, so that it no longer holds collection up.

        Returns whether there was such a peer. Should it come back, nothing of its state is lost,
        and nothing that was removed comes back with it. Warns (``RuntimeWarning``) where writes of
        it are known not to have been read here. Three round trips per shard.
        """
        return await self._drive(forget(self, peer))

    async def drop(self, name: str) -> bool:
        """Drop the collection of this name, in all regions, and set its name free.

        Returns whether there was one. What others write under it before they have heard of that is
        lost, too: it is an operator's act. A few round trips, and one for each partition.
        """
        return await self._drive(drop(self, name))

    async def reclaim(self, of: str | None = None) -> dict[str, int]:
        """Take over what past incarnations have left of budgets; returns how much, by name.

        Those of this replica, or all of the replica ``of``, which is gone for good. That is an
        operator's word: what they spent and nobody has heard of is spent once more. So of this
        replica only where its server had forgotten nothing; of another one only once what it did
        was pulled, and by one region alone. A round trip per budget, and per 500 collections.
        """
        from redis_crdt.sync.rights import reclaim

        return await self._drive(reclaim(self, self.replica_id if of is None else of))

    async def reset(self) -> None:
        """Throw away all that this replica holds, so that it begins anew from its peers.

        What none of them has pulled is lost. One round trip per shard.
        """
        await self._drive(reset(self))

    async def status(self) -> Status:
        """Tell what an operator wants to know: peers and how far they lag, sizes, the feed.

        One round trip per shard, and two per 500 collections.
        """
        from redis_crdt.sync.status import read_status

        return await self._drive(read_status(self))

    async def verify(self, other: Party) -> list[Difference]:
        """Tell where another replica on a server differs, as far as readers see; [] if nowhere.

        Compares digests that the servers compute, so equal entries are not sent. Two round trips
        to each per 500 collections, and one per 500 entries. What is written meanwhile may be told
        as a difference.
        """
        from redis_crdt.sync.verify import verify

        return await self._drive(verify(self, other))

    def keep_in_sync(
        self, peers: Iterable[ReplicaOperations | str], *, interval: float = 30.0
    ) -> AbstractAsyncContextManager[Syncer]:
        """Keep this replica in step with its peers while the block runs, by a task or a thread.

        Only this replica changes; the peers' programs do the same for theirs. ``peers`` are
        replicas, or URLs of servers, whose namespaces are then those of this one. For the rest
        see :class:`redis_crdt.sync.Syncer`, which the block is given. Leaving a block that has a
        thread may take a second.
        """
        from redis_crdt.replica.syncing.awaited import keeping_in_sync

        return keeping_in_sync(self, [*peers], interval)
