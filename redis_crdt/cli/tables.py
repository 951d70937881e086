"""What the operator's commands show, as tables."""

from __future__ import annotations

from collections import Counter
from time import time
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from redis_crdt.clock import parse_clock
from redis_crdt.entries import Dots, Last
from redis_crdt.state import State
from redis_crdt.sync.link import Link
from redis_crdt.sync.status import COUNT_TO, PeerStatus, Status
from redis_crdt.sync.verify import Difference


def _ago(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    age = max(0.0, time() - seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if age >= size:
            return f"{age / size:.0f} {unit} ago"
    return f"{age:.0f} s ago"


def _state(peer: PeerStatus) -> str:
    link = peer.link
    if link is None:
        return "no syncer here"
    if link.is_silent:
        return f"syncer gone, {_ago(link.told)}"
    if link.state == "scanning":
        return f"scanning {link.scanned}/{max(link.to_scan, link.scanned)}"
    return link.state


def _trouble(link: Link) -> str:
    """What went wrong last: with the link, or with single entries."""
    one_way = "it has never read this replica" if link.one_way else ""
    refused = (f"refused: {r}" for r in link.refused)
    return "\n".join(filter(None, [link.last_error, one_way, *refused]))


def _size(count: int | None) -> str:
    if count is None:
        return ""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def status(found: Status) -> RenderableType:
    """Show a replica's status."""
    title = f"replica {found.replica_id} of namespace {found.namespace} at {found.address}"
    shards = Table("incarnation", "feed", "references", "reaches back to", "collected to")
    for shard in found.shards:
        reach, collected = parse_clock(shard.reach.encode()), parse_clock(shard.collected.encode())
        shards.add_row(
            shard.incarnation,
            f"{shard.feed_entries}",
            f"{shard.feed_references}",
            _ago(reach.ms / 1000) if reach.ms else "its beginning",
            _ago(collected.ms / 1000) if collected.ms else "nothing yet",
        )
    collections = Table("collection", "kind", "entries", "tombstones", "memory")
    for item in found.collections:
        collections.add_row(
            item.name, item.kind, f"{item.entries}", f"{item.tombstones}", _size(item.bytes)
        )
    twice = Counter(item.name for item in found.collections)
    notes = [
        f"{name} is of several kinds: regions gave it these before they had met"
        for name, kinds in twice.items()
        if kinds > 1
    ]
    notes += (
        f"the server was put back to an older state, and noticed late: what was counted since "
        f"{shard.doubtful} may hide behind what peers remember"
        for shard in found.shards
        if shard.doubtful
    )
    return Group(title, shards, peers(found), collections, *notes)


def peers(found: Status) -> RenderableType:
    """Show a replica's peers."""
    table = Table("peer", "state", "last pull", "clock drift", "it lags behind us", "heard of")
    table.add_column("last error", overflow="fold")
    for peer in found.peers:
        many = "+" if peer.behind_entries >= COUNT_TO else ""
        behind = f"{peer.behind_entries}{many} writes, {peer.behind_seconds:.1f} s"
        link = peer.link
        drift = "" if link is None or link.drift is None else f"{link.drift:+.3f} s"
        table.add_row(
            peer.peer,
            _state(peer),
            _ago(link.last_pull) if link else "",
            drift,
            behind,
            _ago(peer.heard),
            _trouble(link) if link else "",
        )
    followed = [peer for peer in found.peers if peer.link is not None]
    return Group(table, _links(followed)) if followed else table


def _links(followed: list[PeerStatus]) -> Table:
    """Show what comes from peers, how fast, and over which distance."""
    table = Table(
        "peer", "round trip", "entries", "bytes", "requests under way", "we lag behind it"
    )
    for peer in followed:
        link = peer.link
        assert link is not None
        round_trip = "" if link.round_trip is None else f"{1000 * link.round_trip:.1f} ms"
        table.add_row(
            peer.peer,
            round_trip,
            f"{link.entries_per_second:.0f}/s",
            f"{_size(round(link.bytes_per_second))}/s",
            f"at most {link.window}" if link.window else "",
            f"{link.behind_entries} entries, {link.behind_seconds:.1f} s",
        )
    return table


def differences(found: list[Difference], limit: int) -> RenderableType:
    """Show where two replicas differ."""
    table = Table("collection", "kind", "entry", "first", "second")
    for item in found[:limit]:
        sides = ("there" if there else "missing" for there in (item.here, item.there))
        table.add_row(item.collection, item.kind, item.field, *sides)
    return table


def entries(state: State, limit: int) -> RenderableType:
    """Show the entries of a collection with their causal metadata."""
    table = Table("entry", "value", "written", "seen", "state")
    found = sorted(state.parsed().items())
    for field, entry in found[:limit]:
        table.add_row(field.decode(), *_described(entry))
    more = len(found) - limit
    return Group(table, f"and {more} more") if more > 0 else table


def _described(entry: Any) -> tuple[str, str, str, str]:
    state = "tombstone" if entry.is_tombstone else "live"
    if isinstance(entry, Last):
        value = "" if entry.value is None else entry.value.decode()
        return value, str(entry.dot), "", state
    if isinstance(entry, Dots):
        values = [value.decode() for value in entry.live.values() if value is not None]
        seen = [f"{time_}@{writer}" for writer, time_ in entry.seen.items()]
        return "\n".join(values), "\n".join(map(str, entry.live)), "\n".join(seen), state
    return str(entry.amount), "", "", state
