"""Redis Cluster: which node serves a shard, and what to do where it says that it does not.

All keys of a shard are in one slot, so each operation goes to one node. A node that does not serve
the slot says so before it does anything: such a refusal is followed, or waited out, and the
operation sent again. A lost reply is another matter, and is passed on (see :class:`LostReply`).

While a slot is moved key by key (``CLUSTER SETSLOT``, ``MIGRATE``), its keys are on two nodes. A
command of one key may follow it to the other node. A script uses several, more of them than the
server can know of, so it runs where all of them are or not at all: it waits until they are.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    RedisClusterException,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from redis_crdt.core.names import Keys
from redis_crdt.operations.operation import LostReply, Script, is_unserved

R = TypeVar("R")

PATIENCE = 10.0
"""For how many seconds a slot that no node serves is waited for."""

FIRST_PAUSE, LAST_PAUSE = 0.002, 0.1
"""Between these many seconds pass before a node is asked again."""

REDIRECTIONS = 3
"""How many redirections are followed at once: nodes may disagree for a while."""

ATTEMPTS = 3
"""How often a node is tried that cannot be reached."""


ASKING = b"*1\r\n$6\r\nASKING\r\n"
"""What is sent before a command for a key of a slot that a node is about to take over."""


class Address(NamedTuple):
    """Where a node is."""

    host: str
    port: int


class Write(NamedTuple):
    """A script that writes; what it bears witness to depends on the connection it goes over."""

    script: Script[Any]
    command: str = "EVALSHA"


class Send(NamedTuple):
    """A step: send a command to a node; its reply is the server's."""

    node: Address | None
    """The node; None for the server of a replica that is no Cluster."""
    args: tuple[Any, ...]
    """The command; () for a write."""
    parsed: bool = False
    """Whether the reply is to be read as that of a native command, the same in both protocols."""
    asking: bool = False
    """Whether to ask a node for a key of a slot that it is about to take over."""
    write: Write | None = None
    """A write of ours."""
    waits: bool = False
    """Whether it waits for something to happen, and so is not to keep other calls waiting."""


class Read(NamedTuple):
    """A step: send a command that only reads to the only server, again if a connection breaks."""

    args: tuple[Any, ...]
    failure: Exception | None
    """What has become of it already, if it was sent."""


class Run(NamedTuple):
    """A step: run a script."""

    script: Script[Any]
    failure: Exception | None
    """What has become of it already, if it was sent."""


class All(NamedTuple):
    """A step: carry out several operations, side by side where calls are awaited."""

    operations: tuple[Any, ...]


class First(NamedTuple):
    """A step: send several commands side by side; the reply is that of the first to reply.

    All may be abandoned: what they do is wait.
    """

    sends: tuple[Send, ...]


class Pause(NamedTuple):
    """A step: wait."""

    seconds: float


class Locate(NamedTuple):
    """A step: have the client learn which node serves what."""

    anew: bool
    """Whether to ask the Cluster even if the client has learnt that before."""


Step = Send | Read | Run | All | First | Pause | Locate

Steps = Generator[Step, Any, R]
"""Steps in a row: it yields each, and gets its reply."""


class Router:
    """Leads the commands of one replica to the nodes of its Cluster."""

    def __init__(self, client: Any, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._nodes: dict[int, Address] = {}

    def known_node(self, shard: int) -> Address | None:
        """Return the node that served a shard last, if any did."""
        return self._nodes.get(shard)

    def sending(
        self,
        shard: int,
        args: tuple[Any, ...],
        *,
        parsed: bool = False,
        once: bool = True,
        write: Write | None = None,
        waits: bool = False,
    ) -> Steps[Any]:
        """Send a command to the node that serves a shard; returns its reply."""
        reply, _ = yield from self.placing(
            shard, args, parsed=parsed, once=once, write=write, waits=waits
        )
        return reply

    def placing(
        self,
        shard: int,
        args: tuple[Any, ...],
        *,
        parsed: bool = False,
        once: bool = True,
        write: Write | None = None,
        waits: bool = False,
    ) -> Steps[tuple[Any, Address]]:
        """Send a command to the node that serves a shard; returns its reply, and which that was.

        ``once`` says that it may write, or uses other keys than those that the server can see:
        then it is not repeated where a reply is lost, and not sent where a single key went.
        """
        deadline = monotonic() + PATIENCE
        pause, redirected, failures = FIRST_PAUSE, 0, 0
        asked: Address | None = None
        while True:
            node = asked or self._nodes.get(shard) or (yield from self._locate(shard))
            step = Send(node, args, parsed, asked is not None, write, waits)
            asked = None
            try:
                return (yield step), node
            except ResponseError as error:
                if not is_unserved(error):
                    raise
                if monotonic() > deadline:
                    raise ClusterDownError(f"{error}, for {PATIENCE:g} s") from error
                redirected += 1
                if isinstance(error, MovedError):
                    self._nodes[shard] = self._address_in(error, node)
                elif isinstance(error, AskError) and not once:
                    asked = self._address_in(error, node)
                else:
                    redirected = REDIRECTIONS
                if redirected >= REDIRECTIONS:
                    yield Pause(pause)
                    pause = min(2 * pause, LAST_PAUSE)
                if isinstance(error, ClusterDownError):
                    yield from self._locate(shard, anew=True)
            except (RedisConnectionError, RedisTimeoutError) as error:
                self._nodes.pop(shard, None)
                failures += 1
                if failures == ATTEMPTS or (once and isinstance(error, LostReply)):
                    raise
                yield from self._locate(shard, anew=True)

    def everywhere(self, args: tuple[Any, ...]) -> Steps[list[Any]]:
        """Send a command to each master."""
        yield Locate(anew=False)
        failures = 0
        while True:
            nodes = [Address(node.host, node.port) for node in self._client.get_primaries()]
            replies = []
            try:
                for node in nodes:
                    reply = yield Send(node, args, parsed=True)
                    replies.append(reply)
            except (RedisConnectionError, RedisTimeoutError):
                failures += 1
                if failures == ATTEMPTS:
                    raise
                yield Locate(anew=True)
            else:
                return replies

    def first(self, commands: dict[int, tuple[Any, ...]]) -> Steps[Any]:
        """Send commands that wait, one for each of these shards; None where none could."""
        sends = []
        for shard, args in commands.items():
            node = self._nodes.get(shard) or (yield from self._locate(shard))
            sends.append(Send(node, args, waits=True))
        try:
            return (yield First(tuple(sends)))
        except ResponseError as error:
            if not is_unserved(error):
                raise
            self._nodes.clear()
            yield Pause(LAST_PAUSE)
            return None

    def _locate(self, shard: int, anew: bool = False) -> Steps[Address]:
        """Find the node that serves a shard."""
        yield Locate(anew)
        try:
            node = self._client.get_node_from_key(Keys(self._namespace, shard).prefix)
        except RedisClusterException as error:
            raise RedisConnectionError(str(error)) from error
        if node is None:
            raise RedisConnectionError(f"no node of the Cluster serves shard {shard}")
        self._nodes[shard] = Address(node.host, node.port)
        return self._nodes[shard]

    def _address_in(self, redirection: AskError, asked: Address) -> Address:
        # A node that does not know its own name leaves it out: it is where it was asked.
        host, port = redirection.host or asked.host, redirection.port
        return Address(*self._client.nodes_manager.remap_host_port(host, port))


def was_not_carried_out(error: Exception) -> bool:
    """Whether a node of a Cluster could not be reached, or has refused as it does not serve it."""
    if isinstance(error, ResponseError):
        return is_unserved(error)
    unreachable = RedisConnectionError | RedisTimeoutError
    return isinstance(error, unreachable) and not isinstance(error, LostReply)


@contextmanager
def locating() -> Iterator[None]:
    """Say what went wrong while redis-py learnt which nodes there are by one of its own errors."""
    try:
        yield
    except RedisClusterException as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, RedisError):
            cause = cause.__cause__ or cause.__context__
        raise cause or RedisConnectionError(str(error)) from error
