"""How the operations of a blocking replica reach its server, and their replies come back."""

from __future__ import annotations

from select import select
from time import sleep
from typing import Any, Self, TypeVar

from hiredis import pack_command
from redis import Redis
from redis.cluster import RedisCluster
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from redis_crdt.operations.operation import TROUBLE, Command, Operation, Procedure, Script, drive
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
    Run,
    Send,
    Step,
    Steps,
    locating,
)
from redis_crdt.transport.connections.blocking import Connections
from redis_crdt.transport.connections.lending import Lending
from redis_crdt.transport.flight.blocking import BlockingFlight
from redis_crdt.transport.flight.flight import Flight
from redis_crdt.transport.native_replies import read_native
from redis_crdt.transport.server import C, ReplicaOperations
from redis_crdt.transport.urls import client_of
from redis_crdt.transport.wakeups import Bell

R = TypeVar("R")


class Transport(ReplicaOperations):
    """Carries out operations by connections that block.

    It opens the namespace as it is made. Several threads may use it, as they may its client.
    """

    blocking = True

    def __init__(self, client: Redis | RedisCluster, **settings: Any) -> None:
        super().__init__(client, **settings)
        self._servers: dict[Address | None, Connections] = {}
        self._owns_client = False
        try:
            drive(self.opening(self))
        except BaseException:
            self.close()
            raise

    @classmethod
    def _of_url(cls, url: str, client_options: dict[str, Any], **settings: Any) -> Self:
        client = client_of(url, **client_options)
        try:
            self = cls(client, **settings)
        except BaseException:
            client.close()
            raise
        self._owns_client = True
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of this replica, and the client that was made by its URL."""
        for connections in self._servers.values():
            connections.close()
        if self._owns_client:
            self._client.close()

    def _take_up(self, collection: C) -> C:
        drive(collection._open())
        return collection

    def _drive(self, procedure: Procedure[R]) -> R:
        return drive(procedure)

    def execute(self, operation: Operation[R]) -> R:
        """Carry out an operation; raises exceptions of ours only."""
        failure = None
        if self._router is None and isinstance(operation, (Command, Script)):
            # The shortest way: most calls take it, and are answered.
            is_native = isinstance(operation, Command)
            try:
                if isinstance(operation, Command):
                    reply = self._read(operation.args)
                else:
                    reply = self._send_once(self.evaluating(operation))
            except TROUBLE as error:
                failure = error
            else:
                result: R = self._read_reply(operation, reply, is_native)
                return result
        return self._take(self.carrying_out(operation, failure))

    def _run_script(self, script: Script[Any], failure: Exception | None) -> Any:
        if failure is None:
            return self._take(self.running(script))
        if not isinstance(failure, ResponseError):
            raise failure
        return self._take(self.recovering(script, failure))

    def _take(self, steps: Steps[R]) -> R:
        try:
            step = next(steps)
            while True:
                try:
                    reply = self._carry_out(step)
                except FAILURES as error:
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
        packed, bounded = pack_command(args), is_bounded(args)
        with Lending(connections, connection):
            return connection.retry.call_with_retry(
                lambda: _exchange(connection, packed, bounded), lambda _: connection.disconnect()
            )

    def _carry_out(self, step: Step) -> Any:
        match step:
            case Run():
                return self._run_script(step.script, step.failure)
            case Send():
                return self._send_once(step)
            case Read():
                if step.failure is not None:
                    raise step.failure
                return self._read(step.args)
            case All():
                return [self.execute(one) for one in step.operations]
            case First():
                return self._first_reply(step.sends)
            case Pause():
                return sleep(step.seconds)
            case Locate():
                if step.anew:  # a blocking client has learnt it once when it was made
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
        with Lending(connections, connection, once=True):
            if send.asking:
                _exchange(connection, ASKING, True)
            write, args = send.write, send.args
            if write is not None:
                args = self._witness.arguments(write, connection, _link_of(connection))
            bounded = write is None and is_bounded(args)
            reply = _exchange(connection, pack_command(args), bounded)
            if write is not None:
                self._witness.answered(write, connection, _link_of(connection))
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
