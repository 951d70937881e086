"""A replica on a server, whichever way it is spoken to: its settings, opening it, carrying out."""

from __future__ import annotations

import uuid
import warnings
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, TypeVar

from redis.asyncio.cluster import RedisCluster as AsyncRedisCluster
from redis.cluster import RedisCluster
from redis.exceptions import NoScriptError, ResponseError

from redis_crdt.core import formats
from redis_crdt.core.names import (
    Keys,
    check_name,
    check_namespace,
    check_replica_id,
    check_stored_name,
    part_name,
    shard_of,
)
from redis_crdt.errors import (
    AccessDenied,
    EvictionEnabled,
    InvalidSetting,
    ReplicaMismatch,
    ServerError,
)
from redis_crdt.operations.operation import (
    Command,
    Everywhere,
    Executor,
    Procedure,
    Script,
    Wait,
    is_closed,
    reading,
)
from redis_crdt.operations.refusals import unasked
from redis_crdt.operations.replies import read_opened
from redis_crdt.transport.carrying import Carrying
from redis_crdt.transport.cluster import Address, Router, Send, Steps, Write
from redis_crdt.transport.flight.flight import Flight
from redis_crdt.transport.urls import address_of
from redis_crdt.transport.wakeups import AwaitedBell, Bell
from redis_crdt.transport.witness import Witness, arguments

if TYPE_CHECKING:  # what only those need who watch
    from redis_crdt.transport.tails import Tail


class Openable(Protocol):
    """A collection that is to be opened."""

    def _open(self) -> Procedure[None]: ...


C = TypeVar("C", bound=Openable)


class Node(NamedTuple):
    """A server of a deployment."""

    address: Address | None
    """Where it is; None for the server of a replica that is no Cluster."""


OPEN = "replica/open"
"""The script that makes and opens a shard."""

BEGINNINGS = 4
"""How often a shard is begun for one script, until its server is taken for none of ours."""

MAX_LANES = 16
"""So many shards of one server are waited for on a connection each."""

MAX_WAIT = 1.0
"""For how many seconds a watcher waits at most before it looks again: a connection that has
died silently would keep it waiting for ever."""


class ReplicaOperations(Carrying):
    """A replica on a server, whichever way it is spoken to: its settings, and opening it."""

    blocking: ClassVar[bool]

    def __init__(
        self,
        client: Any,
        *,
        replica_id: str | None,
        namespace: str,
        shards: int,
        max_drift: float,
        feed_limit: int,
        allow_eviction: bool,
        durable: bool = False,
    ) -> None:
        self.namespace = check_namespace(namespace)
        self._replica_id = None if replica_id is None else check_replica_id(replica_id)
        if not 1 <= shards <= 16384:
            raise InvalidSetting(f"shards: 1 to 16384 are possible, not {shards}")
        if feed_limit < 1:
            raise InvalidSetting(f"feed_limit: at least 1 reference, not {feed_limit}")
        if not 0 <= max_drift < 1e9:
            raise InvalidSetting(f"max_drift: a number of seconds from 0 on, not {max_drift}")
        self.max_drift = max_drift
        self.shards = shards
        self._feed_limit = feed_limit
        self._allow_eviction = allow_eviction
        self.durable = durable
        """Whether the operator vouches that the server keeps whatever it acknowledges."""
        self._opened = False
        self._witness = Witness()
        self._client = client
        self.tails: dict[tuple[int, ...], Tail] = {}
        is_cluster = isinstance(client, RedisCluster | AsyncRedisCluster)
        self._router = Router(client, namespace) if is_cluster else None
        self._address = address_of(client)
        self._about = f"namespace {namespace!r} at {self._address}"

    @property
    def replica_id(self) -> str:
        """The id of this replica, which all clients of its server share."""
        if self._replica_id is None:
            raise ReplicaMismatch(f"{self!r} is not open yet, so its replica id is not known")
        return self._replica_id

    @property
    def about(self) -> str:
        """How error messages name this replica."""
        return self._about

    @property
    def address(self) -> str:
        """Where the server is, without any password."""
        return self._address

    def __repr__(self) -> str:
        name = "redis_crdt.Replica" if self.blocking else "redis_crdt.asyncio.Replica"
        return f"<{name} {self._replica_id!r} of {self.namespace!r}>"

    @property
    def is_cluster(self) -> bool:
        """Whether the deployment is a Redis Cluster."""
        return self._router is not None

    @property
    def _socket_timeout(self) -> float | None:
        client = self._client
        kwargs = (
            client.get_connection_kwargs()
            if self._router
            else client.connection_pool.connection_kwargs
        )
        timeout: float | None = kwargs.get("socket_timeout")
        return timeout

    @property
    def lanes(self) -> list[list[int]]:
        """The shards, in groups whose feeds are waited for at once.

        On a Cluster no command may name several, and of a shard that is waited for alone the news
        come sooner; so each is, on a connection of its own, unless that would keep a thread waiting
        for each, or there are many.
        """
        shards = list(range(self.shards))
        alone = not self.blocking and (self._router or self.shards <= MAX_LANES)
        return [[shard] for shard in shards] if alone else [shards]

    def keys(self, shard: int) -> Keys:
        """Return the keys of a shard."""
        return Keys(self.namespace, shard)

    @abstractmethod
    def _take_up(self, collection: C) -> C:
        """Open a collection, now or before it is first used."""

    @abstractmethod
    def bell(self) -> Bell | AwaitedBell:
        """Make a bell for one who watches."""

    @abstractmethod
    def flight(self, shard: int) -> Flight | None:
        """Return a flight to the server of a shard; None where it could carry nothing."""

    def locate(self, name: str, part: tuple[int, int] | None = None) -> tuple[Keys, int, bytes]:
        """Return the keys and number of a collection's shard, and its name as UTF-8.

        Of a part of a collection, where its number and the number of all parts are given.
        """
        encoded = check_name(name)
        if part is not None:
            encoded = check_stored_name(part_name(name, *part))
        shard = shard_of(encoded, self.shards)
        return self.keys(shard), shard, encoded

    def opening(self, executor: Executor) -> Procedure[None]:
        """Open the namespace; a few round trips, once for each replica object.

        Raises :class:`EvictionEnabled` if the server may throw keys away,
        :class:`ReplicaMismatch` if the namespace is there with another replica id or number of
        shards, or is new and no replica id was given.
        """
        yield from self._check_eviction(executor)
        for shard in range(self.shards):
            self._replica_id = yield executor, self.open_shard(shard)
        self._opened = True

    def open_shard(self, shard: int) -> Script[str]:
        """Ask to open one shard, making it if need be; replies the replica's id."""
        args = (
            formats.STORED,
            self._replica_id or "",
            uuid.uuid4().hex,
            self.shards,
            self._feed_limit,
            int(self._has_no_info),
        )
        keys = self.keys(shard).base
        return Script(OPEN, shard, keys, args, read_opened, self.about, b"!")

    @property
    def _has_no_info(self) -> bool:
        """Whether the server is fakeredis, which has no INFO: it cannot forget and live on."""
        return type(self._client).__module__.startswith("fakeredis")

    # How an operation is carried out, step by step --------------------------------------------

    def evaluating(self, script: Script[Any], command: str = "EVALSHA") -> Send:
        """Return the command that runs a script; what a write bears witness to is yet to come."""
        if script.witness is None:
            return Send(None, (), write=Write(script, command))
        return Send(None, arguments(script, script.witness, command))

    def running(self, script: Script[Any], beginnings: int = BEGINNINGS) -> Steps[Any]:
        """Run a script."""
        try:
            return (yield from self.sending(script.shard, self.evaluating(script)))
        except ResponseError as error:
            return (yield from self.recovering(script, error, beginnings))

    def recovering(
        self, script: Script[Any], error: ResponseError, beginnings: int = BEGINNINGS
    ) -> Steps[Any]:
        """Run a script after all which the server refused for want of a beginning.

        Raises the error if it says anything else, or says that again and again.
        """
        left = beginnings - 1
        if is_closed(error) and left:
            # The server was emptied. Begin anew there, as a new incarnation.
            self._witness.forget(script.shard)
            yield from self.running(self.open_shard(script.shard), left)
            return (yield from self.running(script, left))
        if not isinstance(error, NoScriptError):
            raise error
        # A server that does not know our scripts has restarted, or is another one that has
        # taken over. Opening looks into that before any script of ours can write there.
        if script.name != OPEN:
            yield from self.running(self.open_shard(script.shard), left)
        return (yield from self.sending(script.shard, self.evaluating(script, "EVAL")))

    def sending(self, shard: int, send: Send) -> Steps[Any]:
        """Send a command to the server of a shard."""
        if self._router is None:
            return (yield send)
        return (yield from self._router.sending(shard, send.args, write=send.write))

    def reading(self, command: Command[Any] | Everywhere[Any]) -> Steps[Any]:
        """Carry out what only reads, on a Cluster."""
        assert self._router is not None
        if isinstance(command, Everywhere):
            return (yield from self._router.everywhere(command.args))
        send = self._router.placing if command.placed else self._router.sending
        return (yield from send(command.shard, command.args, parsed=True, once=False))

    def waiting(self, wait: Wait) -> Steps[Any]:
        """Wait for feeds, for less than the connection would."""
        block = self._block(wait)
        if self._router is None:
            reply = yield Send(None, self._xread(wait, *block), waits=bool(block))
        elif len(wait.starts) == 1:
            (shard,) = wait.starts
            args = self._xread(wait, *block)
            reply = yield from self._router.sending(shard, args, once=False, waits=bool(block))
        else:
            reply = yield from self._waiting_for_each(wait, block)
        return self._read_feeds(wait, reply)

    def _blocking_read(self, wait: Wait) -> tuple[Any, ...]:
        """Return the command that waits for feeds of one slot."""
        return self._xread(wait, *self._block(wait))

    def _block(self, wait: Wait) -> tuple[Any, ...]:
        if wait.seconds == 0:
            return ()
        seconds = MAX_WAIT if wait.seconds is None else min(MAX_WAIT, wait.seconds)
        if socket_timeout := self._socket_timeout:
            seconds = min(seconds, socket_timeout / 2)
        return ("BLOCK", max(1, round(seconds * 1000)))

    def _flight_to(self, shard: int) -> Node | None:
        """Return which server a flight for a shard would go to, if that is known.

        Not where the replica is not open, nor to fakeredis, which answers at once.
        """
        if not self._opened or self._has_no_info:
            return None
        if self._router is None:
            return Node(None)
        address = self._router.known_node(shard)
        return address and Node(address)

    def _waiting_for_each(self, wait: Wait, block: tuple[Any, ...]) -> Steps[Any]:
        """Wait for feeds in several slots, which no single command may name.

        What is there already is read first: all but one of the commands that wait are abandoned,
        with their connections, and a busy feed must not cost that.
        """
        assert self._router is not None
        each = {shard: replace(wait, starts={shard: at}) for shard, at in wait.starts.items()}
        found: dict[Any, Any] = {}
        for shard, one in each.items():
            reply = yield from self._router.sending(shard, self._xread(one), once=False)
            found.update(_pages(reply))
        if found or not block:
            return found
        commands = {shard: self._xread(one, *block) for shard, one in each.items()}
        return (yield from self._router.first(commands))

    def _xread(self, wait: Wait, *options: Any) -> tuple[Any, ...]:
        feeds = [self.keys(shard).base[1] for shard in wait.starts]
        starts = wait.starts.values()
        return ("XREAD", "COUNT", wait.count, *options, "STREAMS", *feeds, *starts)

    def _read_feeds(self, wait: Wait, reply: Any) -> list[tuple[int, bytes, list[bytes]]]:
        shards = {self.keys(shard).base[1]: shard for shard in wait.starts}

        @reading
        def read(reply: Any) -> list[tuple[int, bytes, list[bytes]]]:
            return [(shards[feed], id_, flat) for feed, page in _pages(reply) for id_, flat in page]

        return read(reply)

    def _check_eviction(self, executor: Executor) -> Procedure[None]:
        try:
            policy = yield executor, Everywhere(("INFO", "memory"), _read_policy, self.about)
        except ServerError as error:
            if self._has_no_info:
                return  # and evicts nothing
            was_refused = isinstance(error.__cause__, ResponseError)
            if type(error) not in (ServerError, AccessDenied) or not was_refused:
                raise
            raise unasked(self.about, str(error)).at(self.address) from error
        if policy is None:
            return
        message = (
            f"{self.about}: the server's maxmemory-policy is {policy!r}: it may throw away any "
            "key, and so lose writes; set it to noeviction, or pass allow_eviction=True to "
            "accept that"
        )
        if not self._allow_eviction:
            raise EvictionEnabled(message).at(self.address)
        warnings.warn(message, RuntimeWarning, stacklevel=2)


def _pages(reply: Any) -> Iterator[tuple[bytes, Any]]:
    """Yield what was read of each feed, from a reply in either version of the protocol."""
    yield from reply.items() if isinstance(reply, dict) else reply or ()


@reading
def _read_policy(infos: list[Any]) -> str | None:
    """Return the eviction policy of a server that may throw away any key, if there is one."""
    policies = (str(info.get("maxmemory_policy", "")) for info in infos)
    return next((policy for policy in policies if policy.startswith("allkeys")), None)
