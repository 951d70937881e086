"""What the operator's commands show, as tables."""

from __future__ import annotations

from collections import Counter
from time import time
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from redis_crdt.core.clock import parse_clock
from redis_crdt.core.dots import Dots
from redis_crdt.core.entries import Last, Rank
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.state import State
from redis_crdt.core.tallies import Tally
from redis_crdt.sync.link import Link
from redis_crdt.sync.preflight import Trial
from redis_crdt.sync.status import COUNT_TO, CollectionStatus, Lag, PeerStatus, Status
from redis_crdt.sync.verify import Difference
from redis_crdt.values.ranks import json_of


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
    own = link.own_error and f"this replica's own server: {link.own_error}"
    return "\n".join(_plain(told) for told in (own, link.last_error, one_way, *refused) if told)


def _size(count: int | None) -> str:
    if count is None:
        return ""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def _table(*columns: str) -> Table:
    """Make a table that shows all of everything, on more lines where a screen is narrow."""
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _plain(text: str) -> str:
    """Show what others wrote on one line, and so that no terminal takes it for commands."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def status(found: Status, limit: int) -> RenderableType:
    """Show a replica's status, with its largest collections and the sum of the others."""
    title = f"replica {found.replica_id} of namespace {found.namespace} at {found.address}"
    shards = _table("incarnation", "feed", "references", "reaches back to", "collected to")
    for shard in found.shards:
        reach, collected = parse_clock(shard.reach.encode()), parse_clock(shard.collected.encode())
        shards.add_row(
            shard.incarnation,
            f"{shard.feed_entries}",
            f"{shard.feed_references}",
            _ago(reach.ms / 1000) if reach.ms else "its beginning",
            _ago(collected.ms / 1000) if collected.ms else "nothing yet",
        )
    twice = Counter(item.name for item in found.collections)
    notes = [
        f"{_plain(name)} is of several kinds: regions gave it these before they had met"
        for name, kinds in twice.items()
        if kinds > 1
    ]
    notes += (
        f"the server was put back to an older state, and noticed late: what was counted since "
        f"{shard.doubtful} may hide behind what peers remember"
        for shard in found.shards
        if shard.doubtful
    )
    return Group(title, shards, peers(found.peers), _collections(found.collections, limit), *notes)


def _collections(found: list[CollectionStatus], limit: int) -> Table:
    table = _table("collection", "kind", "entries", "tombstones", "memory")
    largest = sorted(found, key=lambda c: (c.bytes or 0, c.entries + c.tombstones), reverse=True)
    named = largest[:limit] if len(found) > limit + 1 else largest
    for item in sorted(named, key=lambda c: c.name):
        table.add_row(_plain(item.name), item.kind, *_sizes([item]))
    if others := largest[len(named) :]:
        table.add_section()
        table.add_row(f"and {len(others)} smaller ones", "", *_sizes(others))
    return table


def _sizes(items: list[CollectionStatus]) -> tuple[str, str, str]:
    entries, tombstones = sum(c.entries for c in items), sum(c.tombstones for c in items)
    sizes = [c.bytes for c in items if c.bytes is not None]
    return f"{entries}", f"{tombstones}", _size(sum(sizes) if len(sizes) == len(items) else None)


def peers(found: list[PeerStatus]) -> RenderableType:
    """Show a replica's peers."""
    table = _table(
        *("peer", "state", "last pull", "clock drift", "it lags behind us", "heard of"),
        "last error",
    )
    for peer in found:
        many = "+" if peer.behind_entries >= COUNT_TO else ""
        behind = f"{peer.behind_entries}{many} writes, {peer.behind_seconds:.1f} s"
        link = peer.link
        drift = "" if link is None or link.drift is None else f"{link.drift:+.3f} s"
        table.add_row(
            _plain(peer.peer),
            _state(peer),
            _ago(link.last_pull) if link else "",
            drift,
            behind,
            _ago(peer.heard),
            _trouble(link) if link else "",
        )
    followed = [peer for peer in found if peer.link is not None]
    return Group(table, _links(followed)) if followed else table


def _links(followed: list[PeerStatus]) -> Table:
    """Show what comes from peers, how fast, and over which distance."""
    table = _table(
        "peer", "round trip", "entries", "bytes", "requests under way", "we lag behind it"
    )
    for peer in followed:
        link = peer.link
        assert link is not None
        round_trip = "" if link.round_trip is None else f"{1000 * link.round_trip:.1f} ms"
        table.add_row(
            _plain(peer.peer),
            round_trip,
            f"{link.entries_per_second:.0f}/s",
            f"{_size(round(link.bytes_per_second))}/s",
            f"at most {link.window}" if link.window else "",
            f"{link.behind_entries} entries, {link.behind_seconds:.1f} s",
        )
    return table


def lags(found: list[Lag], allowed: float) -> RenderableType:
    """Show how far a replica is behind its peers, the judgement first."""
    if not found:
        return "UNKNOWN: no syncer has told of any peer"
    behind = [lag for lag in found if lag.seconds is None or lag.seconds > allowed]
    judged = "BEHIND" if behind else "GOOD"
    each = (
        f"{_plain(lag.peer)} {lag.state}, "
        + ("never read" if lag.seconds is None else f"{lag.seconds:.1f} s behind")
        for lag in found
    )
    return f"{judged}: {'; '.join(each)}"


def trials(found: list[Trial]) -> RenderableType:
    """Show what was tried before syncing, and what came of it."""
    table = _table("", "tried", "at", "what came of it")
    for trial in found:
        table.add_row(
            "good" if trial.good else "BAD", trial.what, trial.address, _plain(trial.told)
        )
    return table


def differences(found: list[Difference], limit: int) -> RenderableType:
    """Show where two replicas differ."""
    table = _table("collection", "kind", "entry", "first", "second")
    for item in found[:limit]:
        sides = ("there" if there else "missing" for there in (item.here, item.there))
        table.add_row(_plain(item.collection), item.kind, _plain(item.field), *sides)
    return table


def entries(state: State, limit: int) -> RenderableType:
    """Show the entries of a collection with their causal metadata."""
    table = _table("entry", "value", "written", "seen", "state")
    found = sorted(state.parsed().items())
    for field, entry in found[:limit]:
        is_there = entry.is_tombstone == KINDS[state.kind].is_inverted
        shown = "live" if is_there else "tombstone"
        table.add_row(_plain(field.decode()), *_described(entry), shown)
    more = len(found) - limit
    return Group(table, f"and {more} more") if more > 0 else table


def _described(entry: Any) -> tuple[str, str, str]:
    if isinstance(entry, Last):
        value = "" if entry.value is None else _plain(entry.value.decode())
        return value, str(entry.dot), ""
    if isinstance(entry, Dots):
        values = [_plain(value.decode()) for value in entry.live.values() if value is not None]
        seen = [f"{time_}@{writer}" for writer, time_ in entry.seen.items()]
        return "\n".join(values), "\n".join(map(str, entry.live)), "\n".join(seen)
    if isinstance(entry, Tally):
        return str(entry.value), bytes(entry).decode().replace(" ", "\n"), ""
    if isinstance(entry, Rank):
        return _plain(json_of(entry).decode()), "", ""
    return str(entry.amount), "", str(entry.baseline.amount) if entry.baseline else ""
