"""What an operator sees of a replica."""

from __future__ import annotations

from collections.abc import Sequence
from time import time
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from redis_crdt.core.clock import parse_clock
from redis_crdt.core.kinds import DROPPED
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure
from redis_crdt.sync.link import Link
from redis_crdt.transport.server import ReplicaOperations

COUNT_TO = 1000
"""Up to how many feed entries are counted for a peer that lags."""


class PeerStatus(BaseModel):
    """A replica that this one exchanges with."""

    peer: str
    heard: float | None
    """When it last asked or was asked; seconds since 1970."""
    behind_entries: int
    """How many entries of this feed it has not read yet; 1000 stands for that many or more."""
    behind_seconds: float
    """How old the oldest entry of this feed is that it has not read yet; 0 where none is."""
    link: Link | None
    """What a syncer that pulls from it has written down."""


class CollectionStatus(BaseModel):
    """One collection."""

    name: str
    kind: str
    entries: int
    tombstones: int
    bytes: int | None
    """How much memory it takes, about; None where the server cannot tell."""


class ShardStatus(BaseModel):
    """One shard: a feed, and what goes with it."""

    incarnation: str
    clock: str
    feed_entries: int
    feed_references: int
    reach: str
    """The time up to which the feed was trimmed."""
    collected: str
    """The time up to which tombstones were collected."""
    doubtful: str | None
    """Since this write what was counted may be hidden behind what peers remember: the server was
    put back to an older state, and wrote on before that was noticed."""


class Status(BaseModel):
    """One replica."""

    replica_id: str
    namespace: str
    address: str
    shards: list[ShardStatus]
    peers: list[PeerStatus]
    collections: list[CollectionStatus]


def read_status(replica: ReplicaOperations) -> Procedure[Status]:
    """Ask a replica for its status."""
    shards: list[ShardStatus] = []
    peers: dict[str, PeerStatus] = {}
    collections: list[CollectionStatus] = []
    for number in range(replica.shards):
        keys = replica.keys(number)
        reply = yield replica, ask.status(keys, COUNT_TO, replica.about)
        writer, clock, now, entries, references, reach, collected, found, links, doubtful = reply
        shards.append(
            ShardStatus(
                incarnation=writer.decode(),
                clock=clock.decode(),
                feed_entries=entries,
                feed_references=references,
                reach=reach.decode(),
                collected=collected.decode(),
                doubtful=doubtful.decode() or None,
            )
        )
        for peer in _peers(found, _links(links), now):
            known = peers.setdefault(peer.peer, peer)
            # Of several shards the one that lags most tells.
            if peer.behind_seconds > known.behind_seconds:
                peers[peer.peer] = peer.model_copy(update={"link": known.link})
        collections += yield from _collections(replica, number)
    return Status(
        replica_id=replica.replica_id,
        namespace=replica.namespace,
        address=replica.address,
        shards=shards,
        peers=[peers[name] for name in sorted(peers)],
        collections=sorted(collections, key=lambda c: c.name),
    )


def _links(flat: Sequence[bytes]) -> dict[str, Link]:
    links = {}
    for peer, text in zip(flat[::2], flat[1::2], strict=True):
        try:
            links[peer.decode()] = Link.model_validate_json(text)
        except ValidationError:  # of another version
            continue
    return links


def _peers(flat: Sequence[Any], links: dict[str, Link], now: int) -> list[PeerStatus]:
    peers = []
    for i in range(0, len(flat), 5):
        name, heard, behind, unread = flat[i].decode(), int(flat[i + 2]), flat[i + 3], flat[i + 4]
        lag = (now - parse_clock(unread).ms) / 1000 if unread else 0.0
        peers.append(
            PeerStatus(
                peer=name,
                heard=heard / 1000 if heard else None,
                behind_entries=behind,
                behind_seconds=max(0.0, lag),
                link=links.pop(name, None),
            )
        )
    # Those that a syncer has not reached yet.
    for name, link in links.items():
        peers.append(
            PeerStatus(
                peer=name,
                heard=None,
                behind_entries=0,
                behind_seconds=0.0,
                link=link,
            )
        )
    return peers


def _collections(replica: ReplicaOperations, shard: int) -> Procedure[list[CollectionStatus]]:
    keys = replica.keys(shard)
    found: list[CollectionStatus] = []
    cursor = b"0"
    while True:
        page = yield replica, ask.collections(keys, cursor, replica.about)
        cursor = page.cursor
        kept = [
            (*item, *sizes)
            for item, sizes in zip(page.names, page.sizes, strict=True)
            if item[1] != DROPPED
        ]
        names = [(name, kind) for name, kind, _, _ in kept]
        memory = yield replica, ask.memory(keys, names, replica.about)
        for i, (name, kind, entries, tombstones) in enumerate(kept):
            live, removed = memory[2 * i : 2 * i + 2]
            found.append(
                CollectionStatus(
                    name=name.decode(),
                    kind=kind,
                    entries=entries,
                    tombstones=tombstones,
                    bytes=None if live < 0 or removed < 0 else live + removed,
                )
            )
        if cursor == b"0":
            return found


class Lag(NamedTuple):
    """How far a replica is behind one of its peers."""

    peer: str
    state: str
    """What its syncer said last; ``gone`` where it says nothing any more."""
    seconds: float | None
    """For how long it may lack what the peer has; None where it has never read all of that."""


def read_lags(replica: ReplicaOperations) -> Procedure[list[Lag]]:
    """Ask a replica how far it is behind its peers. One round trip per shard."""
    found: dict[str, Lag] = {}
    for number in range(replica.shards):
        reply = yield replica, ask.status(replica.keys(number), 1, replica.about)
        found |= {peer: _lag(link) for peer, link in _links(reply[8]).items()}
    return [found[peer] for peer in sorted(found)]


def _lag(link: Link) -> Lag:
    state = "gone" if link.is_silent else link.state
    if link.last_pull is None:
        return Lag(link.peer, state, None)
    # A link on which nothing happens is told of so often.
    unread = time() - link.last_pull - link.every
    return Lag(link.peer, state, max(link.behind_seconds, unread, 0.0))
