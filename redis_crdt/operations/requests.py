"""What a replica is asked, as operations, and the reading of what it replies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from redis_crdt.clock import Time, check_writer, parse_clock
from redis_crdt.errors import InvalidDump
from redis_crdt.names import Keys, check_replica_id
from redis_crdt.operations.operation import Script, reading

BATCH = 500
"""How many entries a script handles: others then wait for a few milliseconds at most."""

# Reading replies ----------------------------------------------------------------------------
#
# They may come from a hostile peer, whose server need not run scripts of ours. So each part is
# looked at here, and nobody else has to expect anything but what the types say.


def _bytes(part: Any) -> bytes:
    if type(part) is not bytes:
        raise InvalidDump(f"an ill-formed reply of a replica: {part!r:.80} is no text")
    return part


def _number(part: Any) -> int:
    number = int(part)
    if number < 0:
        raise InvalidDump(f"an ill-formed reply of a replica: {number} is below zero")
    return number


def _clock(part: Any) -> bytes:
    parse_clock(_bytes(part))
    return bytes(part)


def _writer(part: Any) -> bytes:
    check_writer(_bytes(part).decode())
    return bytes(part)


def _known(flat: Any) -> list[bytes]:
    """A flat list of writers and clocks."""
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return [part for writer, clock in pairs for part in (_writer(writer), _clock(clock))]


def _body(flat: Any) -> list[bytes]:
    """The body of a batch, of which the entries themselves are left to those who join them."""
    body = list(flat)
    if not all(type(part) is bytes for part in body):
        raise InvalidDump("an ill-formed reply of a replica: not all of a batch is text")
    at = 0
    while at < len(body):
        body[at + 1].decode()
        at += 3 + 2 * _number(body[at + 2])
    if at != len(body):
        raise InvalidDump("a truncated batch")
    return body


def entries_of(body: Sequence[bytes]) -> Iterator[tuple[bytes, str, bytes, bytes]]:
    """Yield name, kind, field and entry of everything in the body of a batch."""
    at = 0
    while at < len(body):
        name, kind, count = body[at], body[at + 1].decode(), int(body[at + 2])
        for i in range(at + 3, at + 3 + 2 * count, 2):
            yield name, kind, body[i], body[i + 1]
        at += 3 + 2 * count


def count(body: Sequence[bytes]) -> int:
    """Return how many entries are in the body of a batch."""
    total = at = 0
    while at < len(body):
        total += int(body[at + 2])
        at += 3 + 2 * int(body[at + 2])
    return total


def names_of(flat: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """Return the collections of a page as name and kind."""
    return [(name, kind.decode()) for name, kind in zip(flat[::2], flat[1::2], strict=True)]


class Knowledge(NamedTuple):
    """The reply to :func:`knowledge`."""

    writer: bytes
    joined: bool
    """Whether the replica has joined anything of others."""
    known: dict[bytes, bytes]
    """What it knows: writer -> clock, its own present writer first."""
    scans: dict[bytes, bytes]
    """The scans that it has begun: writer of the source -> state."""


class Vouched(NamedTuple):
    """What the source of a batch says of itself; nothing, where nobody vouches for a dump."""

    writer: bytes = b""
    clock: bytes = b""
    joined: bool = False
    scanned: tuple[bytes, ...] = ()
    """Writer, clock, ...: of others, as it began to scan them, having joined nothing before."""
    known: tuple[bytes, ...] = ()
    """Writer, clock, ...: what it has read of others."""


class Delta(NamedTuple):
    """The reply to :func:`dump`."""

    full_scan: bool
    cursor: bytes
    more: bool
    source: Vouched
    body: list[bytes]


class Page(NamedTuple):
    """The reply to :func:`scan`."""

    writer: bytes
    clock: bytes
    done: int
    position: tuple[bytes, bytes]
    body: list[bytes]

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the fields and entries."""
        for _, _, field, entry in entries_of(self.body):
            yield field, entry


class Applied(NamedTuple):
    """The reply to :func:`apply`."""

    changed: int
    holds: bool


def _paired(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


@reading
def _read_knowledge(reply: Any) -> Knowledge:
    writer, joined, known, scans = reply
    return Knowledge(_writer(writer), joined == b"1", _paired(_known(known)), _paired(scans))


@reading
def _read_delta(reply: Any) -> Delta:
    mode, writer, cursor, clock, more, joined, scanned, known, body = reply
    source = Vouched(
        _writer(writer), _clock(clock), joined == b"1", tuple(_known(scanned)), tuple(_known(known))
    )
    return Delta(mode == b"scan", _clock(cursor), more == b"1", source, _body(body))


@reading
def _read_page(reply: Any) -> Page:
    writer, clock, done, part, cursor, body = reply
    position = (_bytes(part), _bytes(cursor))
    return Page(_writer(writer), _clock(clock), _number(done), position, _body(body))


@reading
def _read_applied(reply: Any) -> Applied:
    return Applied(int(reply[0]), reply[1] == b"1")


@reading
def _read_collections(reply: Any) -> tuple[bytes, list[bytes], list[int]]:
    cursor, flat, sizes = reply
    names = [*map(_bytes, flat)]
    for kind in names[1::2]:
        kind.decode()
    if len(names) % 2 or len(sizes) != len(names):
        raise InvalidDump("an ill-formed page of collections")
    return _bytes(cursor), names, [*map(_number, sizes)]


@reading
def read_opened(reply: Any) -> str:
    """Read the replica id out of the reply to the script that opens a shard."""
    return check_replica_id(_bytes(reply[0]).decode())


def knowledge(keys: Keys, about: str) -> Script[Knowledge]:
    """Ask what the replica knows."""
    return Script("replica/knowledge", keys.shard, keys.base, (), _read_knowledge, about)


def dump(
    keys: Keys,
    asker: bytes,
    joined: bool,
    scanned: Sequence[bytes],
    known: Sequence[bytes],
    about: str,
) -> Script[Delta]:
    """Ask for the delta for one who knows so much; see ``lua/replica/dump.lua``."""
    args = (BATCH, asker, int(joined), len(scanned), *scanned, *known)
    return Script("replica/dump", keys.shard, keys.base, args, _read_delta, about)


def collections(
    keys: Keys, cursor: bytes, about: str
) -> Script[tuple[bytes, list[bytes], list[int]]]:
    """Ask for a page of the shard's collections: the next cursor; name, kind, ...; sizes."""
    args = (cursor, BATCH)
    return Script("replica/collections", keys.shard, keys.base, args, _read_collections, about)


def position(keys: Keys, names: tuple[bytes, ...], about: str) -> Script[list[bytes]]:
    """Ask for the clock, the id up to which the feed was trimmed, and the kinds of collections."""
    return Script("replica/position", keys.shard, keys.base, names, about=about)


def scan(
    keys: Keys, position: tuple[bytes, bytes], collections: list[tuple[bytes, str]], about: str
) -> Script[Page]:
    """Ask for a batch of all entries of the collections, from a position in the first on."""
    flat = [part for item in collections for part in item]
    args = (BATCH, *position, *flat)
    return Script("replica/scan", keys.shard, keys.base, args, _read_page, about)


def apply(
    keys: Keys,
    source: Vouched,
    asked_as: bytes,
    cursor: bytes,
    scan: bytes,
    mode: str,
    max_drift: float,
    horizon: str,
    body: Sequence[Any],
    about: str,
) -> Script[Applied]:
    """Ask to join a batch; for the arguments see ``lua/replica/apply.lua``."""
    args = (
        *(source.writer, cursor, source.clock, asked_as, round(max_drift * 1000), horizon),
        *(mode, scan, int(source.joined), len(source.scanned), len(source.known)),
        *source.scanned,
        *source.known,
        *body,
    )
    # All keys that it writes before it has read them are named, so that a node of a Cluster from
    # which some of them have moved away refuses it before it begins.
    named = (*keys.base, *keys.exchange)
    return Script("replica/apply", keys.shard, named, args, _read_applied, about)


def merge(
    keys: Keys, max_drift: float, horizon: Time, mode: str, body: Sequence[Any], about: str
) -> Script[Applied]:
    """Ask to join entries that no other replica vouches for, part of a dump up to ``horizon``.

    ``mode`` is ``try`` to look only whether they would be refused, ``force`` to take an old dump.
    """
    return apply(keys, Vouched(), b"", b"", b"", mode, max_drift, str(horizon), body, about)


def collect(
    keys: Keys, older_than: float, name: bytes, kind: str, cursor: bytes, about: str
) -> Script[tuple[bytes, int]]:
    """Ask to drop a batch of tombstones; replies the next cursor and how many went."""
    args = (round(older_than * 1000), name, kind, cursor, BATCH)
    return Script("replica/collect", keys.shard, keys.base, args, about=about)


def trim(keys: Keys, older_than: float, about: str) -> Script[int]:
    """Ask to take a batch of what all peers have read out of the feed; replies how many went."""
    args = (round(older_than * 1000),)
    return Script("replica/trim", keys.shard, keys.base, args, about=about)


def forget(keys: Keys, peer: str, about: str) -> Script[int]:
    """Ask to forget a peer; replies whether there was such a one."""
    return Script("replica/forget", keys.shard, keys.base, (peer,), about=about)


def report(keys: Keys, peer: str, address: str, text: str, about: str) -> Script[int]:
    """Ask to write down how a syncer's link to a peer is doing."""
    return Script("replica/report", keys.shard, keys.base, (peer, address, text), about=about)


def status(keys: Keys, count_to: int, about: str) -> Script[list[Any]]:
    """Ask for what an operator wants to know; see ``lua/replica/status.lua``."""
    return Script("replica/status", keys.shard, keys.base, (count_to,), about=about)


def memory(keys: Keys, collections: list[tuple[bytes, str]], about: str) -> Script[list[int]]:
    """Ask how many bytes the live entries and tombstones of collections take."""
    args = tuple(part for item in collections for part in item)
    return Script("replica/memory", keys.shard, keys.base, args, about=about)


def digest(
    keys: Keys,
    name: bytes,
    kind: str,
    cursor: bytes,
    width: int,
    listed: Sequence[bytes],
    about: str,
) -> Script[tuple[bytes, list[bytes]]]:
    """Ask for digests of a page of a collection; see ``lua/replica/digest.lua``."""
    args = (name, kind, cursor, BATCH, width, *listed)
    return Script("replica/digest", keys.shard, keys.base, args, about=about)


def reset(keys: Keys, replica_id: str, about: str) -> Script[int]:
    """Ask to throw a shard away; replies how many collections it had."""
    return Script("replica/reset", keys.shard, keys.base, (replica_id,), about=about)
