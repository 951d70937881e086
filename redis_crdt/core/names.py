"""Names: what namespaces, replicas and collections may be called, and the keys made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

from redis_crdt.errors import InvalidName

MAX_NAME = 255
"""The longest collection name, in bytes of UTF-8."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TAG = re.compile(rb"\{([^}]+)\}")
_MARK = "\N{SYMBOL FOR UNIT SEPARATOR}"
_PART = re.compile(rf"{_MARK}(\d+)/\d+$".encode())
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", re.ASCII)
_META = re.compile(rb"crdt:\{([^{}]+):(\d+)\}:meta")
_REPLICA = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)


def check_name(name: str) -> bytes:
    """Return the name that a user gives to a collection, as UTF-8.

    Raises :class:`InvalidName` if it is empty, longer than 255 bytes, has control characters or
    the mark of partitions (U+241F), or is not text at all.
    """
    encoded = check_stored_name(name)
    if _MARK in name:
        raise InvalidName(f"collection name {name!r}: {_MARK} marks the parts of collections")
    return encoded


def part_name(name: str, part: int, partitions: int) -> str:
    """Return the name under which a part of a collection is stored: an ordinary collection."""
    return f"{name}{_MARK}{part}/{partitions}"


def whole_name(name: str) -> str:
    """Return the name of the collection that this one is a part of; its own, if of none."""
    return name.partition(_MARK)[0]


def check_stored_name(name: str) -> bytes:
    """Return the name of a collection, or of a part of one, as UTF-8; see :func:`check_name`."""
    if not isinstance(name, str):
        raise InvalidName(f"a collection's name is a str, not {type(name).__name__}")
    try:
        encoded = name.encode()
    except UnicodeEncodeError as error:
        raise InvalidName(f"collection name {name!r} is not valid Unicode") from error
    if not 0 < len(encoded) <= MAX_NAME:
        raise InvalidName(f"a collection's name has 1 to {MAX_NAME} bytes, not {len(encoded)}")
    if _CONTROL.search(name):
        raise InvalidName(f"collection name {name!r} has a control character")
    return encoded


def check_namespace(namespace: str) -> str:
    """Return the namespace if it is one; else raise :class:`InvalidName`."""
    if not _NAMESPACE.fullmatch(namespace):
        raise InvalidName(
            f"namespace {namespace!r}: 1 to 64 letters, digits or one of _.:- are allowed, "
            "beginning with a letter or digit"
        )
    return namespace


def check_replica_id(replica_id: str) -> str:
    """Return the replica id if it is one; else raise :class:`InvalidName`."""
    if not _REPLICA.fullmatch(replica_id):
        raise InvalidName(
            f"replica id {replica_id!r}: 1 to 64 letters, digits or one of _.- are allowed, "
            "beginning with a letter or digit"
        )
    return replica_id


def shard_of(name: bytes, shards: int) -> int:
    """Return the shard in which a collection lives, the same on every replica.

    As with keys of a Redis Cluster, only a part of the name in braces counts, if there is one:
    ``{jobs}:pending`` and ``{jobs}:done`` live together, so that one batch may write both. The
    parts of a collection go to one shard after the other, beginning with that of its name.
    """
    part = _PART.search(name)
    if part:
        name = name[: part.start()]
    tagged = _TAG.search(name)
    return (crc32(tagged[1] if tagged else name) + (int(part[1]) if part else 0)) % shards


@dataclass(frozen=True)
class Keys:
    """The keys of one shard. They share one hash tag, so that scripts may use them together."""

    namespace: str
    shard: int = 0

    @cached_property
    def prefix(self) -> bytes:
        """What all keys of the shard begin with."""
        return f"crdt:{{{self.namespace}:{self.shard}}}:".encode()

    @cached_property
    def base(self) -> tuple[bytes, bytes, bytes]:
        """Meta (a hash), feed (a stream) and kinds (name -> kinds): every script's first keys."""
        return (self.prefix + b"meta", self.prefix + b"feed", self.prefix + b"kinds")

    @cached_property
    def peers(self) -> bytes:
        """The hash of the replicas that this one exchanges with: id -> how far it has come."""
        return self.prefix + b"peers"

    @cached_property
    def exchange(self) -> tuple[bytes, bytes, bytes]:
        """What is kept of the exchange with peers."""
        return (self.peers, self.prefix + b"known", self.prefix + b"brought")

    def live(self, kind: str, name: bytes) -> bytes:
        """The hash of a collection's live entries."""
        return b"%b%b:%b" % (self.prefix, kind.encode(), name)

    def removed(self, kind: str, name: bytes) -> bytes:
        """The hash of a collection's tombstones."""
        return b"%b%b-removed:%b" % (self.prefix, kind.encode(), name)

    def order(self, kind: str, name: bytes) -> bytes:
        """The ids of a log's entries, sorted, or the keys of what is in order."""
        return b"%b%b-order:%b" % (self.prefix, kind.encode(), name)

    def sketch(self, kind: str, name: bytes) -> bytes:
        """What a cardinality is counted by."""
        return b"%b%b-sketch:%b" % (self.prefix, kind.encode(), name)


def keys_of_meta(key: bytes) -> Keys | None:
    """Return the keys of the shard whose first key this is; None if it is another key."""
    found = _META.fullmatch(key)
    if found is None or not _NAMESPACE.fullmatch(namespace := found[1].decode("ascii", "replace")):
        return None
    return Keys(namespace, int(found[2]))
