"""Flights: requests that are on their way to a server while others are, on one connection.

The server answers them in their order, so distance costs its delay once, not for each of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from time import monotonic
from typing import Any, ClassVar, Final, Protocol

from hiredis import pack_command
from redis.exceptions import AuthenticationError, ResponseError

from redis_crdt.errors import CRDTError
from redis_crdt.operations.operation import (
    Executor,
    LostReply,
    Script,
    Wait,
    is_lost,
    is_unserved,
    lacks_beginning,
    told,
)
from redis_crdt.operations.refusals import explain
from redis_crdt.operations.requests import LOOK
from redis_crdt.transport.cluster import Send
from redis_crdt.transport.witness import LOOK_EVERY

Request = Script[Any] | Wait


class Carrier(Protocol):
    """A replica whose requests fly."""

    blocking: ClassVar[bool]

    @property
    def address(self) -> str:
        """Where its server is."""

    def evaluating(self, script: Script[Any]) -> Send:
        """Return the command that runs a script."""

    def _blocking_read(self, wait: Wait) -> tuple[Any, ...]:
        """Return the command that waits for feeds of one slot."""


LATER: Final = "later"
"""What a flight replies where nothing has come in time."""

LOST: Final = "lost"
"""What it replies where the server has refused a request for want of a beginning, as one that does
not know our scripts, or a node of a Cluster that does not serve the shard. Whoever asks again
without a flight is led to who can answer."""


class Flight(Executor):
    """Carries requests to the server of one shard. Sending one replies nothing; a landing does."""

    def __init__(self, replica: Carrier, connections: Any) -> None:
        self.blocking = replica.blocking
        self.under_way: deque[Request] = deque()
        self._replica = replica
        self._connections = connections
        self._connection: Any = None
        self._held = b""
        """A wait that goes with the request behind it."""
        self._looked = 0.0
        """When a request last had the server look which process it is."""

    @abstractmethod
    def abandon(self) -> None:
        """Give up what is under way, and the connection with it, at once."""

    def _packed(self, request: Request) -> bytes:
        """Return what is to be sent now: nothing for a wait, which goes with what is behind it."""
        replica = self._replica
        if isinstance(request, Wait):
            self._held += pack_command(replica._blocking_read(request))
            return b""
        packed: bytes = pack_command(replica.evaluating(self._vouched(request)).args)
        held, self._held = self._held, b""
        return held + packed if held else packed

    def _vouched(self, script: Script[Any]) -> Script[Any]:
        """Return a request with what it bears witness to; see ``lua/lib/incarnation.lua``.

        As with writes, the first one over a connection has the server look which process it is, and
        then one now and then: to look takes as long as much of what is asked for.
        """
        witness, now = script.witness, monotonic()
        if not witness or witness[:1] != LOOK:
            return script
        is_new, is_due = self._connection is None, now - self._looked >= LOOK_EVERY
        if is_new or is_due:
            self._looked = now
        sign = LOOK if is_new else b"?" if is_due else b"."
        return script._replace(witness=sign + witness[1:])

    def _unsent(self, error: Exception, request: Request) -> CRDTError:
        """Give up; returns the exception of ours for a request that could not be sent."""
        self.abandon()
        lost = error if isinstance(error, AuthenticationError) else LostReply(told(error))
        return explain(lost, request).at(self._replica.address)

    def _landed(self, reply: Any) -> Any:
        """Return what a reply says."""
        try:
            return self.under_way.popleft().read(reply)
        except CRDTError as error:
            error.at(self._replica.address)
            raise

    def _failed(self, error: Exception) -> str:
        """Raise an exception of ours, but for what is refused at first; and give up, but for a
        refusal, which is a reply like any other."""
        request = self.under_way[0]
        if isinstance(error, ResponseError):
            self.under_way.popleft()
        else:
            self.abandon()
        if is_refused_at_first(error):
            return LOST
        lost = LostReply(told(error)) if is_lost(error) else error
        raise explain(lost, request).at(self._replica.address) from error


def is_refused_at_first(error: Exception) -> bool:
    """Whether a server has refused a request before it looked at it."""
    if not isinstance(error, ResponseError):
        return False
    return lacks_beginning(error) or is_unserved(error)
