"""What an operation is, and what to make of a server's refusal of it.

Methods decide *what* is to be done and say it with the values of this module; the replica of
the calling program, blocking or not, carries it out. So sync and asyncio share every decision.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import wraps
from time import sleep
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    DataError,
    MovedError,
    NoScriptError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from redis_crdt import errors
from redis_crdt.operations.joins import Joins

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


TROUBLE: tuple[type[Exception], ...] = (
    *(RedisError, ArithmeticError, AssertionError, AttributeError, EOFError, LookupError),
    *(MemoryError, RecursionError, TypeError, ValueError),
)
"""What talking to a server may raise, one that answers nonsense included: redis-py takes it at its
word. Other exceptions are a program's own, as out of the handler of a signal."""


def as_is(reply: Any) -> Any:
    """Read a reply that needs no reading."""
    return reply


def reading(read: Callable[[Any], R]) -> Callable[[Any], R]:
    """Refuse a reply that is not of the shape that the function takes apart."""

    @wraps(read)
    def checked(reply: Any) -> R:
        try:
            return read(reply)
        except errors.CRDTError:
            raise
        except TROUBLE as error:
            raise errors.InvalidDump(f"an ill-formed reply of a replica: {told(error)}") from error

    return checked


class Command(NamedTuple, Generic[R]):
    """A native command that only reads, so that it may be sent again when a connection breaks."""

    args: tuple[Any, ...]
    read: Callable[[Any], R] = as_is
    about: str = ""
    shard: int = 0
    """On a Cluster, which shard's node to ask."""
    placed: bool = False
    """Whether, on a Cluster, the reply is to be a pair with the node that gave it."""
    apart: Callable[[Any], Script[R] | None] | None = None
    """Gives of it what is to be run in its place where something in the collection has a deadline:
    its key then names something else, so the server refuses it (``lua/lib/expiry.lua``)."""


class Everywhere(NamedTuple, Generic[R]):
    """A command that only reads, asked of each master; its reply has each one's."""

    args: tuple[Any, ...]
    read: Callable[[list[Any]], R]
    about: str = ""


class Script(NamedTuple, Generic[R]):
    """A script of ``lua/``, run on one shard; it may write, so it is sent only once."""

    name: str
    shard: int
    keys: tuple[bytes, ...]
    args: tuple[Any, ...]
    read: Callable[[Any], R] = as_is
    about: str = ""
    witness: bytes | None = b""
    """What the caller bears witness to (see ``lua/lib/incarnation.lua``); None for a write, whose
    replica says what it has seen, and is told the id of the write with the reply."""
    joins: Joins | None = None
    """How a write goes together with others; None for one that always goes alone."""
    apart: Callable[[Any], Script[R] | None] | None = None
    """As that of a :class:`Command`."""


class Each(NamedTuple, Generic[R]):
    """Several operations, carried out side by side where calls are awaited."""

    operations: tuple[Any, ...]
    read: Callable[[list[Any]], R]
    about: str = ""


def known_already(value: R) -> Each[R]:
    """Return the operation of what needs no server to be told."""
    return Each((), lambda _: value)


@dataclass(frozen=True, slots=True)
class Wait:
    """A blocking read of feeds; its reply has shard, id, and flat references of each entry."""

    starts: dict[int, bytes]
    """For each shard the id after which to read."""
    seconds: float | None
    """How long to wait at most, if not as long as the replica likes."""
    count: int = 256
    """How many entries of each feed to read at most."""
    about: str = "watch"

    def read(self, reply: list[tuple[int, bytes, list[bytes]]]) -> Any:
        """Return the reply as it is."""
        return reply


class Landing(NamedTuple):
    """The next reply of a flight (see :mod:`redis_crdt.transport.flight.flight`)."""

    seconds: float | None
    """How long to wait for it at most; None for as long as it takes."""


class Listen(NamedTuple):
    """The ringing of a bell (see :mod:`redis_crdt.transport.wakeups`)."""

    seconds: float
    """How long to wait for it at most."""


class Close(NamedTuple):
    """Has a flight give its connection back."""


Operation = Command[R] | Everywhere[R] | Each[R] | Script[R] | Wait


class Executor(Protocol):
    """A replica of any backend, as seen by one who has something to be carried out."""

    def execute(self, operation: Any, /) -> Any:
        """Carry out an operation and return its reply, or an awaitable of it."""


Procedure = Generator[tuple[Executor, Operation[Any] | Landing | Listen | Close], Any, R]
"""Several operations in a row: it yields each with who is to carry it out, and gets the reply."""


class SideBySide(Executor):
    """Carries out several procedures side by side, where calls are awaited; the reply has each.

    A few at a time. Where one fails, the others are given up.
    """

    def __init__(self, procedures: Iterable[Procedure[Any]]) -> None:
        self.procedures = list(procedures)
        self.operation: Operation[Any] = Command(())

    def execute(self, _: Operation[Any], /) -> list[Any]:
        """Carry them out one after the other."""
        return [drive(procedure) for procedure in self.procedures]


class Sleep(Executor):
    """Lets time pass; where calls are awaited, for this procedure only."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.operation: Operation[Any] = Command(())

    def execute(self, _: Operation[Any], /) -> None:
        """Sleep."""
        sleep(self.seconds)


def drive(procedure: Procedure[R]) -> R:
    """Carry out a procedure whose executors block."""
    try:
        executor, operation = next(procedure)
        while True:
            try:
                reply = executor.execute(operation)
            except errors.CRDTError as error:
                executor, operation = procedure.throw(error)
            else:
                executor, operation = procedure.send(reply)
    except StopIteration as stop:
        result: R = stop.value
        return result
    finally:
        procedure.close()  # at once, where this was cancelled or interrupted


# Refusals -----------------------------------------------------------------------------------

MAX_TOLD = 500
"""How many characters of what a server says are passed on."""


def told(error: BaseException) -> str:
    """Return what an exception says, as one line of a bounded length: a server may have said it."""
    text = str(error)[:MAX_TOLD] or type(error).__name__
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


CLOSED = "CRDTCLOSED"
"""The first word of a refusal because the namespace is not open, as on an emptied server."""


class LostReply(RedisConnectionError):
    """The connection broke after a script was sent, so nobody knows whether it ran."""


def is_set_apart(error: Exception) -> bool:
    """Whether a key was refused that names something else where anything has a deadline.

    Nothing was written then.
    """
    return "WRONGTYPE" in str(error)


def is_closed(error: RedisError) -> bool:
    """Whether a script was refused because its namespace is not open on the server."""
    return isinstance(error, ResponseError) and str(error).startswith(CLOSED)


def lacks_beginning(error: RedisError) -> bool:
    """Whether a script was refused, as the server does not know it or has no such namespace."""
    return isinstance(error, NoScriptError) or is_closed(error)


def is_unserved(error: ResponseError) -> bool:
    """Whether a node refused because it does not serve the slot, or not all of its keys.

    Scripts are refused so before they write, also where it is in the midst of them that they ask
    for a key that the server could not know of, and that has moved away.
    """
    unserved = MovedError | AskError | TryAgainError | ClusterDownError
    return isinstance(error, unserved) or "non local key" in str(error)


def is_lost(error: BaseException) -> bool:
    """Whether an error while a script was under way leaves open whether the script ran.

    Only an answer that could be read says whether it did.
    """
    answered = ResponseError | BusyLoadingError | AuthenticationError | DataError
    return isinstance(error, TROUBLE) and not isinstance(error, answered)
