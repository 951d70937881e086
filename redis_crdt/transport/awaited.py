"""How the operations of an awaited replica reach its server, and their replies come back."""

from __future__ import annotations

import asyncio
from asyncio import get_running_loop
from collections import defaultdict
from collections.abc import Callable, Coroutine
from functools import partial
from os import getpid
from threading import get_ident
from typing import Any, Self, TypeVar

from hiredis import pack_command
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import BusyLoadingError, ResponseError

from redis_crdt.errors import WrongEventLoop
from redis_crdt.operations.operation import (
    Command,
    LostReply,
    Operation,
    Procedure,
    Script,
    lacks_beginning,
)
from redis_crdt.transport.awaiting import all_of, drive, heeding_cancellation
from redis_crdt.transport.bounds import bound, is_bounded
from redis_crdt.transport.carrying import FAILURES
from redis_crdt.transport.cluster import (
    ASKING,
    Address,
    All,
    First,
    Locate,
    Pause,
    Read,
    Router,
    Run,
    Send,
    Step,
    Steps,
    locating,
    was_not_carried_out,
)
from redis_crdt.transport.connections.awaited import Connections
from redis_crdt.transport.connections.lending import Lending
from redis_crdt.transport.flight.awaited import AwaitedFlight
from redis_crdt.transport.flight.flight import Flight
from redis_crdt.transport.forks import leave_at_fork
from redis_crdt.transport.native_replies import read_native
from redis_crdt.transport.server import C, ReplicaOperations
from redis_crdt.transport.shared import SharedConnection, reply_of
from redis_crdt.transport.urls import awaited_client_of
from redis_crdt.transport.wakeups import AwaitedBell

_INHERITED: list[object] = []
"""What a fork has left to this process."""

R = TypeVar("R")

PEER_TIMEOUT = 10.0
"""For how many seconds a peer may leave a command unanswered before it counts as gone."""


class Transport(ReplicaOperations):
    """Carries out operations by connections of asyncio.

    Any number of tasks may use it at a time, and their calls share a connection to each server.
    What comes in one turn of the event loop is sent together, and of it what is added to one
    collection, set in it or counted by it as one script, each with a reply of its own. A task that
    is cancelled while a write is under way leaves open whether that write happened; no other is
    affected.

    It is for one event loop at a time. Once that has ended it may be used in another, as where
    ``asyncio.run`` is called again, unless it was made from a ``RedisCluster``, which
    cannot: :class:`WrongEventLoop`.
    """

    blocking = False

    def __init__(self, client: Redis | RedisCluster, **settings: Any) -> None:
        super().__init__(client, **settings)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0
        self._thread = 0
        """In which the event loop runs, while it does; 0 where that is to be found out."""
        self._make_client: Callable[[], Redis | RedisCluster] | None = None
        """Makes another client such as that of a URL."""

    @classmethod
    def _of_url(cls, url: str, client_options: dict[str, Any], **settings: Any) -> Self:
        make_client = partial(awaited_client_of, url, **client_options)
        self = cls(make_client(), **settings)
        self._make_client = make_client
        return self

    def sibling(self, url: str, **client_options: Any) -> Self:
        """Return the replica of the same namespace on another server, not open yet."""
        timeouts = {"socket_timeout": PEER_TIMEOUT, "socket_connect_timeout": PEER_TIMEOUT}
        return self._of_url(
            url,
            timeouts | client_options,
            replica_id=None,
            namespace=self.namespace,
            shards=self.shards,
            max_drift=self.max_drift,
            feed_limit=self._feed_limit,
            allow_eviction=self._allow_eviction,
        )

    async def open(self) -> Self:
        """Open the namespace, if it is not open yet. A few round trips."""
        self._enter_loop()
        async with self._opening:
            if not self._opened:
                await drive(self.opening(_Direct(self)))
        return self

    async def __aenter__(self) -> Self:
        try:
            return await self.open()
        except BaseException:
            await self.close()  # for nobody else will
            raise

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections of this replica, and the client that was made by its URL."""
        self._enter_loop()
        for shared in self._shared.values():
            shared.close()
        for connections in self._servers.values():
            await connections.close()
        if self._make_client:
            await self._client.aclose()

    def _take_up(self, collection: C) -> C:
        return collection  # to be opened by its first use

    async def _drive(self, procedure: Procedure[R]) -> R:
        await self.open()
        return await drive(procedure)

    def execute(self, operation: Operation[R]) -> Coroutine[Any, Any, R]:
        """Carry out an operation; raises exceptions of ours only."""
        # Whether its loop is the one that runs: to ask for that is a system call up to Python 3.11.
        if self._opened and self._thread == get_ident() and self._is_running():
            return self._execute(operation)
        return self._open_and_execute(operation)

    async def _open_and_execute(self, operation: Operation[Any]) -> Any:
        await self.open()
        return await self._execute(operation)

    async def _execute(self, operation: Any) -> Any:
        failure = None
        is_native = type(operation) is Command
        if (shared := self._shared_for(operation, is_native)) is not None:
            # The shortest way: most calls take it, and are answered.
            if is_native:
                reply = await shared.ask(operation.args)
            else:
                reply = await shared.run(operation)
            if not isinstance(reply, Exception):
                return self._read_reply(operation, reply, is_native)
            # What a node of a Cluster does not serve, or is not reached for, begins anew.
            failure = None if self._router and was_not_carried_out(reply) else reply
        return await self._take(self.carrying_out(operation, failure))

    def _shared_for(self, operation: Any, is_native: bool) -> SharedConnection | None:
        """Return the shared connection that an operation may go over, if it is known which."""
        if is_native:
            if operation.placed or is_bounded(operation.args):
                return None
        elif not isinstance(operation, Script) or operation.witness is not None:
            return None
        node = None
        if self._router is not None:
            node = self._router.known_node(operation.shard)
            if node is None:
                return None
        return self._shared.get(node) or self._shared_to(node)

    async def _run_script(self, script: Script[Any], failure: Exception | None) -> Any:
        beginning = self._beginnings[script.shard]
        while True:
            try:
                if failure is not None:
                    raise failure.with_traceback(None)
                return await self._take(self.sending(script.shard, self.evaluating(script)))
            except ResponseError as error:
                if not lacks_beginning(error):
                    raise
                refusal, failure = error, None
            is_begun = beginning.locked()
            async with beginning:
                if not is_begun:
                    return await self._take(self.recovering(script, refusal))
            # Another call has begun there meanwhile, so this one need not.

    async def _take(self, steps: Steps[R]) -> R:
        try:
            step = next(steps)
            while True:
                try:
                    reply = await self._carry_out(step)
                except FAILURES as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(reply)
        except StopIteration as stop:
            result: R = stop.value
            return result

    async def _read(self, args: tuple[Any, ...], failure: Exception | None) -> Any:
        """Send a command that only reads; where a connection breaks, again, as redis-py does."""
        if failure is not None and not isinstance(failure, LostReply | BusyLoadingError):
            raise failure.with_traceback(None)
        shared = None if is_bounded(args) else self._shared_to(None)
        if shared is None:
            return await self._read_apart(args)
        return await shared.read(args)

    async def _read_apart(self, args: tuple[Any, ...]) -> Any:
        """Send a command that only reads over a connection of its own.

        It is what redis-py's clients do, too, less what they measure, for that takes longer.
        """
        connections = self._connections_to(None)
        connection = await connections.borrow()
        packed, bounded = pack_command(args), is_bounded(args)
        with Lending(connections, connection):
            return await connection.retry.call_with_retry(
                lambda: _exchange(connection, packed, bounded), lambda _: connection.disconnect()
            )

    async def _carry_out(self, step: Step) -> Any:
        match step:
            case Run():
                return await self._run_script(step.script, step.failure)
            case Send():
                return await self._send_once(step)
            case Read():
                return await self._read(step.args, step.failure)
            case All():
                calls = [asyncio.create_task(self.execute(one)) for one in step.operations]
                return await all_of(calls)
            case First():
                return await self._first_reply(step.sends)
            case Pause():
                return await asyncio.sleep(step.seconds)
            case Locate():
                with locating():
                    cluster: Any = self._client
                    with heeding_cancellation():
                        await (cluster.nodes_manager if step.anew else cluster).initialize()
                return None

    def _enter_loop(self) -> None:
        """See to it that nothing is of another event loop, or of the process that forked this one.

        Raises :class:`WrongEventLoop` where the other goes on.
        """
        loop, here = get_running_loop(), getpid()
        if self._loop is loop:
            self._thread = get_ident()
            return
        if self._loop is not None:
            if not self._loop.is_closed() and self._pid == here:
                raise WrongEventLoop(
                    f"{self.about}: another event loop uses this replica; make one for each loop"
                )
            if self._pid != here:
                # Were they found to be garbage here, the other process's event loop, with which
                # this one shares what it waits by, would no longer hear of them.
                _INHERITED.append((self._loop, self._client, self._servers, self._shared))
            if self._make_client:
                self._client = self._make_client()
                self._router = self._router and Router(self._client, self.namespace)
            elif self._router:
                raise WrongEventLoop(
                    f"{self.about}: its RedisCluster client is of an event loop that has ended; "
                    "make both in the loop that is to use them, or use from_url"
                )
        self._loop, self._pid, self._thread = loop, here, get_ident()
        self._is_running = loop.is_running
        leave_at_fork(self)
        self._opening = asyncio.Lock()
        self._beginnings: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Of each shard that which is held by who begins there."""
        self.tails = {}
        self._servers: dict[Address | None, Connections] = {}
        self._shared: dict[Address | None, SharedConnection] = {}

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

    def _shared_to(self, node: Address | None) -> SharedConnection | None:
        """Return the connection that all calls to a server share; None where there can be none."""
        shared = self._shared.get(node)
        if shared is None:
            connections = self._connections_to(node)
            if connections.is_shareable:
                shared = self._shared[node] = SharedConnection(connections, self._witness)
        return shared

    async def _send_once(self, send: Send) -> Any:
        """Send a command that may write, once: redis-py's clients would send it again."""
        shared = None
        if not (send.waits or send.asking) and (send.write or not is_bounded(send.args)):
            shared = self._shared_to(send.node)
        if shared is None:
            return await self._send_apart(send)
        if send.write:
            return await reply_of(shared.run, *send.write)
        reply = await reply_of(shared.ask, send.args)
        return read_native(send.args[0], reply) if send.parsed else reply

    async def _send_apart(self, send: Send) -> Any:
        """Send a command, once, over a connection of its own: one that waits, or whose reply is
        bounded."""
        connections = self._connections_to(send.node)
        connection = await connections.borrow(counts=not send.waits)
        with Lending(connections, connection, once=True):
            if send.asking:
                await _exchange(connection, ASKING, True)
            write, args = send.write, send.args
            if write is not None:
                args = self._witness.arguments(write, connection, _link_of(connection))
            bounded = write is None and is_bounded(args)
            reply = await _exchange(connection, pack_command(args), bounded)
            if write is not None:
                self._witness.answered(write, connection, _link_of(connection))
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
    with heeding_cancellation():
        await connection.send_packed_command([packed])
    bound(connection, bounded)
    return await connection.read_response(disable_decoding=True)


class _Direct:
    """The replica while it is being opened."""

    def __init__(self, replica: Transport) -> None:
        self.execute = replica._execute


def _link_of(connection: Any) -> Any:
    """Return what stands for the present link of a connection; None where it has none."""
    return getattr(connection, "_writer", connection)
