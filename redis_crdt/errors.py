"""Every exception that this library raises on its own account, in one place.

All derive from :class:`CRDTError`. Where Python has a built-in for the same idea the class
derives from it too, so that ``except ValueError`` means what its reader expects. An operation
that raises one of these has changed nothing, with one exception, which says so:
:class:`Unacknowledged`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from pydantic import ValidationError


class CRDTError(Exception):
    """Base of all exceptions of this library."""

    server: str | None = None
    """The address of the server that was asked when it went wrong; None where none was."""

    def at(self, server: str) -> Self:
        """Say which server was asked, in the message too, unless that is said; returns itself."""
        if self.server is None:
            self.server = server
            if server not in str(self):
                self.args = (f"{server}: {self}",)
        return self


def problems_of(error: ValidationError) -> str:
    """Return what pydantic found, on one line."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    told = [".".join(map(str, p["loc"])) + ": " + p["msg"] for p in problems[:3]]
    return "; ".join(told).removeprefix(": ")


# What the caller passed ---------------------------------------------------------------------


class InvalidValue(CRDTError, ValueError):
    """A value that is not of the collection's type, or that JSON cannot hold (NaN, say)."""


class InvalidAmount(CRDTError, ValueError):
    """A counter was asked to count a negative amount, or something that is not an integer."""


class InvalidName(CRDTError, ValueError):
    """A collection, namespace or replica name with forbidden characters or a bad length."""


class InvalidSetting(CRDTError, ValueError):
    """A setting of a replica that is out of range."""


class WrongEventLoop(CRDTError, RuntimeError):
    """An awaited replica is used by an event loop while another one uses it, or by none."""


class CounterOverflow(CRDTError, OverflowError):
    """A counter's total for one writer would pass 2**63 - 1."""


class Exceeded(CRDTError):
    """A budget was asked for more than may be spent in this region now; nothing was spent.

    What others have may be moved here: by syncers, which do so of themselves, or by ``move``.
    """

    available: int = 0
    """How much may be spent here."""
    elsewhere: Mapping[str, int] = MappingProxyType({})
    """By replica how much may be spent there, as far as is known here; who has most comes first."""

    @classmethod
    def of(cls, about: str, asked: int, available: int, elsewhere: Mapping[str, int]) -> Self:
        """Return the error for so much, where only so much may be spent."""
        others = ", ".join(f"{replica} {amount}" for replica, amount in elsewhere.items())
        todo = (
            f"others have: {others}; have it moved here by move, or wait until syncers do"
            if others
            else "nobody else that is known of here has any: grant more"
        )
        error = cls(f"{about}: {asked} asked for, {available} may be spent here; {todo}")
        error.available, error.elsewhere = available, elsewhere
        return error


class HoldLapsed(CRDTError):
    """What was held is held no more, or for ever: nothing was changed.

    Its deadline has passed, and it was given back; or it was settled or released already; or the
    server began anew since, and what it had given stays held.
    """


class UnknownReplica(CRDTError, LookupError):
    """Nothing was ever heard here of a replica: sync with it, or with one that has, first."""


class InvalidDump(CRDTError, ValueError):
    """A dump, file or delta that is truncated, malformed, or of another format version."""


class KindMismatch(CRDTError, TypeError):
    """A collection is of another kind than the one it was opened as, or merged with."""


class ClockDrift(CRDTError):
    """State with a time too far ahead of this replica's own clock.

    One broken clock must not win every register for ever, so such state is refused whole.
    Correct the clock of the replica that wrote it, and wait until its times have come; or raise
    ``max_drift``, in all regions: what one takes the others have to take from it.
    """

    @classmethod
    def of(cls, ahead: float, allowed: float, about: str = "") -> Self:
        """Return the error for a time so many milliseconds ahead, where so many are allowed."""
        return cls(
            f"{about}refused: a time {ahead / 1000:.3f} s ahead of this replica's clock, and "
            f"{allowed / 1000:g} s are allowed; correct the clock that wrote it: this will be "
            f"taken in {(ahead - allowed) / 1000:.0f} s; or raise max_drift in all regions, for "
            "those where it is not raised will refuse what this one has taken"
        )


class InvalidBatch(CRDTError, ValueError):
    """A batch that cannot be one atomic write: of two replicas or shards, or too large."""


class BatchAborted(CRDTError):
    """A batch was not carried out, since a removal that it required would have had no effect."""


class Fenced(CRDTError):
    """A claim of a task is not the one that holds any more, so nothing was done under it.

    Its lease had run out and another worker has claimed the task, or it was done or released, or
    another region has taken it over. Whatever the worker has yet to write is not to be written.
    """


class InvalidCursor(CRDTError, ValueError):
    """A cursor that no watch of this kind gave out."""


class FeedTrimmed(CRDTError):
    """The feed no longer tells all since a watcher's cursor: changes may have been missed.

    It was trimmed, or the replica was emptied since.
    Read the state anew, and watch from now on.
    """


class UnknownOperation(CRDTError, ValueError):
    """An agent, or a store, was told to do something that it does not know."""


class MissingArgument(CRDTError, TypeError):
    """An agent was told to do something, with other arguments than that takes."""


# How a replica is set up --------------------------------------------------------------------


class ReplicaMismatch(CRDTError):
    """The namespace exists on this server with another replica id, shard count or format."""

    shards: int | None = None
    """How many shards it has, where that is the matter."""


class NamespaceMissing(ReplicaMismatch):
    """The namespace is not there on this server, and no replica id was given to make it with."""


class ReplicaConflict(CRDTError):
    """Two different servers claim the same replica id, or a replica was synced with itself."""


class EvictionEnabled(CRDTError):
    """The server's eviction policy may throw away keys that have no expiry: ours."""


class ForeignKey(CRDTError):
    """A key that this library uses holds something that some other program wrote."""


# What the server answered -------------------------------------------------------------------


class ServerError(CRDTError):
    """The server refused or failed a command; ``__cause__`` holds redis-py's exception."""


class ServerReadOnly(ServerError):
    """The server takes no writes: a read-only replica, or too few replicas are attached."""


class ServerLoading(ServerError):
    """The server is still loading its data; try again in a while."""


class ServerFull(ServerError):
    """The server has reached ``maxmemory``; nothing was written."""


class ServerBusy(ServerError):
    """Another client's script blocks the server; try again in a while."""


class SlotUnavailable(ServerError):
    """No node of the Cluster serves the shard: it is down, or its slot has been moving for long.

    Nothing was written; try again later.
    """


class AuthenticationFailed(ServerError):
    """The server does not take the user name and password, or wants some where none is given."""


class AccessDenied(ServerError):
    """The server does not let this user run a command or touch a key, or has no INFO.

    Without INFO it could come back without its last writes, and nobody would notice.
    """


class ServerUnreachable(ServerError, ConnectionError):
    """No connection to the server, or it broke before the command was sent."""


class Unacknowledged(ServerUnreachable):
    """The connection broke after a write was sent and before its reply came.

    The write happened once or not at all; it is never sent twice. Whoever must know reads
    the state again.
    """
