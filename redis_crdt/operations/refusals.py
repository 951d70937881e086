"""What a server refuses, and the exception of ours that says what to do."""

from __future__ import annotations

import re
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from redis_crdt import errors
from redis_crdt.core import formats
from redis_crdt.operations.operation import LostReply, Operation, Script, told


class TooMuchEffort(errors.CRDTError):
    """What a batch asks for would keep others waiting: not more than so many entries are to go."""

    entries: int


_OURS = re.compile(r"CRDT([A-Z]+) ?(.*)", re.DOTALL)
_EXCEEDED = re.compile(r"(\d{1,30}) (\d{1,30})((?: [^ =]+=\d{1,30})*)")
_DRIFT = re.compile(r"(\d{1,16}) (\d{1,16})")

# What servers call their refusals. Old ones wrap the word into a longer message, so each is
# looked for anywhere in it; redis-py makes a class of some, and then drops the word.
_SERVERS: tuple[tuple[str, type[errors.CRDTError], str], ...] = (
    (
        "WRONGTYPE",
        errors.ForeignKey,
        "a key that it uses holds what another program wrote; use another namespace",
    ),
    (
        "OOM|OutOfMemoryError",
        errors.ServerFull,
        "the server has reached maxmemory; make room or raise it",
    ),
    (
        "READONLY|ReadOnlyError|NOREPLICAS|MISCONF",
        errors.ServerReadOnly,
        "the server takes no writes now; connect to the primary, or see what it reports",
    ),
    (
        "LOADING|BusyLoadingError|MASTERDOWN|MasterDownError",
        errors.ServerLoading,
        "the server is starting; try again later",
    ),
    ("BUSY", errors.ServerBusy, "a script blocks the server; try again later"),
    (
        "MOVED|MovedError",
        errors.ServerError,
        "the server is one of a Cluster: use a redis+cluster:// URL, or a RedisCluster client",
    ),
    (
        "TRYAGAIN|TryAgainError|ASK|AskError|CLUSTERDOWN|ClusterDownError|non local key",
        errors.SlotUnavailable,
        "no node of the Cluster serves the shard's slot now; nothing was written",
    ),
    (
        "NOAUTH|WRONGPASS|Authentication\\w*Error|invalid password",
        errors.AuthenticationFailed,
        "the server does not take this user name and password; see its URL and users",
    ),
    (
        "NOPERM|NoPermissionError|ACL failure|The user executing the script",
        errors.AccessDenied,
        "this user may not do that; grant it what the page on running regions lists",
    ),
)


def _number_in(detail: str) -> int | None:
    """Return the number that a script tells; None where what tells it is no script of ours."""
    return int(detail) if re.fullmatch(r"-?[0-9]{1,18}", detail) else None


def unasked(about: str, why: str) -> errors.AccessDenied:
    """Return the error of a server that does not let itself be asked which process it is."""
    return errors.AccessDenied(
        f"{about}: the server's INFO is not to be had ({why}), so it could come back without its "
        "last writes and nobody would notice: grant the user +info, and do not rename the command"
    )


_PLAIN: dict[str, tuple[type[errors.CRDTError], str]] = {
    "ABORTED": (errors.BatchAborted, "operation {} finds nothing to remove"),
    "CONFLICT": (errors.ReplicaConflict, "{} is a replica of the same id"),
    "FENCED": (errors.Fenced, "the claim does not hold any more: {}"),
    "LAPSED": (errors.HoldLapsed, "{} is held no more, or by an incarnation that is past"),
    "REFUND": (errors.InvalidAmount, "{} was spent here, and no more is refunded"),
    "REPLICA": (errors.ReplicaMismatch, "this server is replica {!r}"),
    "SIZE": (errors.InvalidValue, "{}, more than is allowed"),
    "UNHEARD": (errors.UnknownReplica, "no other replica {!r} was heard of here"),
    "UNNAMED": (errors.NamespaceMissing, "{}; give it a replica_id to begin with"),
}
"""Refusals of ours that need no more than a sentence."""


def _ours(code: str, detail: str, about: str) -> errors.CRDTError:
    if code in _PLAIN:
        exception, sentence = _PLAIN[code]
        return exception(f"{about}: {sentence.format(detail)}")
    if code == "KIND":
        found, _, name = detail.partition(" ")
        kinds = found.split(",")
        if "partitions" in kinds:
            return errors.KindMismatch(f"{about}: {name!r} is in partitions on this server")
        return errors.KindMismatch(f"{about}: {name!r} is a {' and a '.join(kinds)} on this server")
    if code == "OVERFLOW":
        return errors.CounterOverflow(
            f"{about} stands at {detail} for this replica; that much more would pass 2**63 - 1"
        )
    if code == "EXCEEDED" and (amounts := _EXCEEDED.fullmatch(detail)):
        others = {r: int(n) for r, n in (pair.split("=") for pair in amounts[3].split())}
        return errors.Exceeded.of(about, int(amounts[1]), int(amounts[2]), others)
    if code == "DRIFT" and (drift := _DRIFT.fullmatch(detail)):
        return errors.ClockDrift.of(int(drift[1]), int(drift[2]), f"{about}: ")
    if code == "EFFORT" and (entries := _number_in(detail)) is not None:
        effort = TooMuchEffort(
            f"{about}: a batch that takes long, but for {entries} of its entries"
        )
        effort.entries = entries
        return effort
    if code == "INFO":
        return unasked(about, detail)
    if code == "SHARDS" and (shards := _number_in(detail)) is not None:
        mismatch = errors.ReplicaMismatch(
            f"{about}: the namespace has {detail} shards on this server"
        )
        mismatch.shards = shards
        return mismatch
    if code == "FORMAT":
        old = "load a dump that the version which wrote it makes of it"
        why = formats.refusal(detail, formats.STORED, old)
        return errors.ReplicaMismatch(f"{about}: what is stored in {why}")
    return errors.InvalidDump(f"{about}: {detail}")


def explain(error: Exception, operation: Operation[Any]) -> errors.CRDTError:
    """Return the exception of ours for the trouble with an operation."""
    about, message = operation.about, told(error)
    if isinstance(error, LostReply) and isinstance(operation, Script):
        return errors.Unacknowledged(
            f"{about}: no reply ({message}); the write may have happened or not: read to find out"
        )
    if not isinstance(error, RedisError):
        what = f"{type(error).__name__}: {message}"
        return errors.ServerError(f"{about}: the server answers what no Redis would ({what})")
    if ours := _OURS.match(message):
        return _ours(ours[1], ours[2], about)
    for words, exception, hint in _SERVERS:
        if re.search(rf"\b(?:{words})\b", f"{type(error).__name__}: {message}"):
            return exception(f"{about}: {hint} ({message})")
    if isinstance(error, RedisConnectionError | RedisTimeoutError):
        return errors.ServerUnreachable(f"{about}: no answer from the server: {message}")
    return errors.ServerError(f"{about}: {message}")
