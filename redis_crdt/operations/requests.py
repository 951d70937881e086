"""What a replica is asked, as operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from redis_crdt.core.clock import Time
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import Keys
from redis_crdt.operations import bodies, replies
from redis_crdt.operations.operation import Command, Script, as_is

R = TypeVar("R")

BATCH = 500
"""How many entries a script handles: others then wait for a few milliseconds at most."""

BATCH_BYTES = 500_000
"""About how many bytes of fields and entries it handles, for the same reason."""

LOOK = b"!"
"""What goes with requests: the server looks first whether it is the one that it was."""


def _flat(known: Mapping[bytes, bytes]) -> list[bytes]:
    return [part for item in known.items() for part in item]


def _looking(
    name: str, keys: Keys, args: tuple[Any, ...], read: Callable[[Any], R], about: str
) -> Script[R]:
    """A request before which the server looks whether it is the one that it was."""
    return Script(f"replica/{name}", keys.shard, keys.base, args, read, about, LOOK)


def knowledge(keys: Keys, about: str) -> Script[replies.Knowledge]:
    """Ask what the replica knows."""
    return _looking("knowledge", keys, (), replies.read_knowledge, about)


def dump(
    keys: Keys,
    asker: bytes,
    known: Mapping[bytes, bytes],
    position: bytes,
    about: str,
    token: bytes = b"",
    seen: bytes = b"",
) -> Script[replies.Delta]:
    """Ask for the delta for one who knows so much; see ``lua/replica/delta.lua``.

    ``seen`` is the latest that was heard of the source, ``CLOCK@WRITER``: by that it finds out
    whether it was put back since.
    """
    args = (BATCH, asker, token, position, *_flat(known))
    request = _looking("delta", keys, args, replies.read_delta, about)
    return request._replace(witness=LOOK + seen)


def collections(keys: Keys, cursor: bytes, about: str) -> Script[replies.Collections]:
    """Ask for a page of the shard's collections."""
    args = (cursor, BATCH)
    return Script(
        "replica/collections", keys.shard, keys.base, args, replies.read_collections, about
    )


def directory(keys: Keys, cursor: int, about: str) -> Command[tuple[int, list[tuple[bytes, str]]]]:
    """Ask for a page of the names and kinds of the shard's collections alone."""
    args = ("HSCAN", keys.base[2], cursor, "COUNT", BATCH)
    return Command(args, replies.read_directory, about, keys.shard)


def kinds(keys: Keys, name: bytes, about: str) -> Script[list[str]]:
    """Ask which kinds a name stands for."""
    return Script("replica/kinds", keys.shard, keys.base, (name,), replies.read_kinds, about)


def position(keys: Keys, seen: bytes, writer: str | None, about: str) -> Script[replies.Feed]:
    """Ask how a feed stands, bearing witness to an id of it, and of which incarnation it was."""
    witness = LOOK + (seen + b"@" + writer.encode() if seen and writer else seen)
    return Script(
        "replica/feed_position", keys.shard, keys.base, (), replies.read_feed, about, witness
    )


def scan(
    keys: Keys,
    position: replies.Position | None,
    about: str,
    token: bytes = b"",
    alive: bool = False,
) -> Script[replies.Page]:
    """Ask for a batch of all entries, from a position on, or from where the reading has come.

    Of those that are ``alive`` only: without what is dead here, and may live where a clock is
    behind.
    """
    if position is None:
        at: tuple[bytes, ...] = (b"+",)
    else:
        flat = [part for name, kind in position.names for part in (name, kind.encode())]
        at = (position.directory, position.part, position.cursor, *flat)
    args = (BATCH, token, int(alive), *at)
    return _looking("scan", keys, args, replies.read_page, about)


def entries(
    keys: Keys, name: bytes, kind: str, fields: Sequence[bytes], about: str
) -> Script[replies.Answer]:
    """Ask for the entries of fields, and which of them are not there."""
    return _looking("entries", keys, (name, kind, *fields), replies.read_answer, about)


def apply(
    keys: Keys,
    source: replies.Vouched,
    asked_as: bytes,
    cursor: bytes,
    mode: str,
    max_drift: float,
    horizon: str,
    body: Sequence[Any],
    about: str,
    seen: bytes = b"",
) -> Script[replies.Applied]:
    """Ask to join a batch; for the arguments see ``lua/replica/apply.lua``.

    ``seen`` is the latest id of the target's feed that was heard of.
    """
    known = _flat(source.known)
    args = (
        *(source.writer, cursor, source.clock, asked_as, round(max_drift * 1000), horizon, mode),
        *(len(known), *known),
        *body,
    )
    # All keys that it writes before it has read them are named, so that a node of a Cluster from
    # which some of them have moved away refuses it before it begins.
    named = (*keys.base, *keys.exchange)
    return Script(
        "replica/apply", keys.shard, named, args, replies.read_applied, about, LOOK + seen
    )


def merge(
    keys: Keys, max_drift: float, horizon: Time, mode: str, body: Sequence[Any], about: str
) -> Script[replies.Applied]:
    """Ask to join entries that no other replica vouches for, part of a dump up to ``horizon``.

    ``mode`` is ``try`` to look only whether they would be refused.
    """
    return apply(keys, replies.Vouched(), b"", b"", mode, max_drift, str(horizon), body, about)


def note(
    keys: Keys,
    asked_as: bytes,
    max_drift: float,
    name: bytes,
    kind: str,
    known: Mapping[bytes, bytes],
    about: str,
) -> Script[replies.Applied]:
    """Ask to note what is known of one collection alone, whose entries are all joined."""
    body = bodies.body_of([bodies.Group(name, kind, b"", b"", [])])
    vouched = replies.Vouched(known=known)
    return apply(keys, vouched, asked_as, b"", "note", max_drift, "", body, about)


def expect(
    keys: Keys, asked_as: bytes, seen: bytes, source: replies.Vouched, began: bytes, about: str
) -> Script[bytes]:
    """Say that all that a source showed is joined; see ``lua/replica/reconcile_joined.lua``."""
    args = (asked_as, source.writer, began, *_flat(source.known))
    return _looking("reconcile_joined", keys, args, as_is, about)._replace(witness=LOOK + seen)


def covered(
    keys: Keys,
    name: bytes,
    kind: str,
    cursor: bytes,
    known: Mapping[bytes, bytes],
    about: str,
) -> Script[tuple[bytes, dict[bytes, list[bytes]]]]:
    """Ask for a page of the live fields with those dots that another one's knowledge covers.

    The dots are in the form of :func:`redis_crdt.operations.packed.key_of`.
    """
    args = (name, kind, cursor, BATCH, *_flat(known))
    return _looking("reconcile_candidates", keys, args, replies.read_covered, about)


def finish(
    keys: Keys,
    asked_as: bytes,
    seen: bytes,
    source: replies.Vouched,
    silent: Mapping[bytes, bytes],
    about: str,
) -> Script[bytes]:
    """Ask to end a reconciling; see ``lua/replica/reconcile_finish.lua``."""
    known = _flat(source.known)
    args = (asked_as, source.writer, source.clock, len(known), *known, *_flat(silent))
    return _looking("reconcile_finish", keys, args, as_is, about)._replace(witness=LOOK + seen)


def collect(
    keys: Keys, older_than: float, name: bytes, kind: str, cursor: bytes, about: str
) -> Script[tuple[bytes, int]]:
    """Ask to drop a batch of tombstones; replies the next cursor and how many went."""
    args = (round(older_than * 1000), name, kind, cursor, BATCH)
    return _looking("collect_tombstones", keys, args, as_is, about)


def prune(keys: Keys, older_than: float, cursor: bytes, about: str) -> Script[tuple[bytes, int]]:
    """Ask entries that have seen much to forget; replies the next cursor and how many did."""
    return _looking("collect_seen", keys, (round(older_than * 1000), cursor, BATCH), as_is, about)


def fold(keys: Keys, name: bytes, kind: str, about: str) -> Script[Any]:
    """Ask to count a counter's past incarnations in with the present one; how many fields went."""
    return _of_one("counter/fold", keys, name, kind, (), about)


def share(keys: Keys, name: bytes, kind: str, script: str, about: str) -> Script[Any]:
    """Ask to give other regions some of what only this one may do; how much it gave."""
    return _of_one(script, keys, name, kind, (), about)


def reclaim(keys: Keys, name: bytes, kind: str, of: str, about: str) -> Script[list[Any]]:
    """Ask to take over what past writers of a replica have left; how much that was, and the id."""
    return _of_one(f"{kind}/reclaim", keys, name, kind, (of,), about)


def move_rights(
    keys: Keys, name: bytes, kind: str, to: str, durable: bool, about: str
) -> Script[Any]:
    """Ask to move half of what this replica has more to another one, if that has run short."""
    args = ("past" if durable else "own", to, "share")
    return _of_one(f"{kind}/move", keys, name, kind, args, about)


def _of_one(
    script: str, keys: Keys, name: bytes, kind: str, args: tuple[Any, ...], about: str
) -> Script[Any]:
    """A request of one collection."""
    named = (*keys.base, keys.live(kind, name), keys.removed(kind, name))
    collection = KINDS[kind].letter.encode() + name
    told = (kind, collection, *args)
    return Script(script, keys.shard, named, told, as_is, about, LOOK)


def aliases(keys: Keys, about: str, *step: Any) -> Script[Any]:
    """Ask for a step of freeing the aliases of writers; see ``lua/replica/free_aliases.lua``."""
    return _looking("free_aliases", keys, step, as_is, about)


def lay_floor(keys: Keys, about: str) -> Script[bytes]:
    """Ask to have one clock stand for past incarnations; see ``lua/replica/lay_floor.lua``."""
    return _looking("lay_floor", keys, (), as_is, about)


def trim(keys: Keys, older_than: float, about: str) -> Script[int]:
    """Ask to take a batch of what all peers have read out of the feed; replies how many went."""
    return _looking("trim_feed", keys, (round(older_than * 1000),), as_is, about)


def forget(keys: Keys, peer: str, about: str) -> Script[int]:
    """Ask to forget a peer; replies whether there was such a one."""
    return _looking("forget", keys, (peer,), as_is, about)


def drop(keys: Keys, name: bytes, about: str) -> Script[int]:
    """Ask to drop what a name stands for; replies whether there was anything."""
    return _looking("drop", keys, (name,), as_is, about)


def report(keys: Keys, peer: str, address: str, text: str, about: str) -> Script[int]:
    """Ask to write down how a syncer's link to a peer is doing."""
    return Script("replica/report_link", keys.shard, keys.base, (peer, address, text), about=about)


def status(keys: Keys, count_to: int, about: str) -> Script[list[Any]]:
    """Ask for what an operator wants to know; see ``lua/replica/status.lua``."""
    return _looking("status", keys, (count_to,), as_is, about)


def memory(keys: Keys, collections: Sequence[tuple[bytes, str]], about: str) -> Script[list[int]]:
    """Ask how many bytes the live entries and tombstones of collections take."""
    args = tuple(part for item in collections for part in item)
    return Script("replica/memory_usage", keys.shard, keys.base, args, about=about)


def digest(
    keys: Keys,
    name: bytes,
    kind: str,
    cursor: bytes,
    width: int,
    listed: Sequence[bytes],
    about: str,
) -> Script[tuple[bytes, list[bytes]]]:
    """Ask for digests of a page of a collection; see ``lua/replica/digest_page.lua``."""
    args = (name, kind, cursor, BATCH, width, *listed)
    read = replies.read_listed if listed else replies.read_sums
    return Script("replica/digest_page", keys.shard, keys.base, args, read, about)


def digests(
    keys: Keys, collections: Sequence[tuple[bytes, str]], about: str
) -> Script[list[tuple[bytes, bytes]]]:
    """Ask for digests of whole collections; see ``lua/replica/digest_collections.lua``.

    Replies the number of live entries and the sum of their hashes of the first ones.
    """
    named = (part for item in collections for part in item)
    args = (BATCH, BATCH_BYTES, *named)
    return Script(
        "replica/digest_collections", keys.shard, keys.base, args, replies.read_digests, about
    )


def reset(keys: Keys, replica_id: str, about: str) -> Script[int]:
    """Ask to throw a shard away; replies how many collections it had."""
    return Script("replica/reset", keys.shard, keys.base, (replica_id,), about=about)


def time(about: str) -> Command[float]:
    """Ask for the server's wall clock, in seconds since 1970."""
    return Command(("TIME",), replies.read_time, about)
