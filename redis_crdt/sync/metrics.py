"""Metrics of a syncer for Prometheus."""

from __future__ import annotations

from time import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from redis_crdt.errors import CRDTError
from redis_crdt.sync.link import Link
from redis_crdt.sync.report import SyncReport
from redis_crdt.sync.status import Status

_PEER = ("peer",)
_COLLECTION = ("collection", "kind")


class Metrics:
    """Counts what a syncer does, as its :class:`~redis_crdt.sync.Observer`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, what: str, labels: tuple[str, ...] = _PEER) -> Counter:
            return Counter(f"redis_crdt_{name}", what, labels, registry=registry)

        def gauge(name: str, what: str, labels: tuple[str, ...] = _PEER) -> Gauge:
            return Gauge(f"redis_crdt_{name}", what, labels, registry=registry)

        self._pulls = counter("pulls", "Pulls that ended well")
        self._entries = counter("received_entries", "Entries that came from a peer")
        self._changed = counter("changed_entries", "Entries from a peer that changed something")
        self._bytes = counter("received_bytes", "Bytes of fields and entries that came")
        self._errors = counter("errors", "Pulls that failed", ("peer", "kind"))
        self._seconds = Histogram(
            "redis_crdt_pull_seconds",
            "How long pulls took that brought something",
            _PEER,
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 10, 60, 600),
            registry=registry,
        )
        self._lag = gauge("lag_seconds", "For how long a peer has not been followed")
        self._drift = gauge("clock_drift_seconds", "How far a peer's clock is ahead of ours")
        self._round_trip = gauge("round_trip_seconds", "How long a request and its reply take")
        self._window = gauge("window_requests", "Requests that may be on their way to a peer")
        self._unread = gauge("unread_entries", "References of a peer's feed that were not read")
        self._unread_seconds = gauge("unread_seconds", "How much older what was read last is")
        self._collected = counter("collected_tombstones", "Tombstones that were collected", ())
        self._live = gauge("collection_entries", "Live entries", _COLLECTION)
        self._tombstones = gauge("collection_tombstones", "Tombstones", _COLLECTION)
        self._memory = gauge("collection_bytes", "Memory of a collection", _COLLECTION)
        self._feed = gauge("feed_entries", "Entries of the feeds", ())
        self._behind = gauge("peer_behind_entries", "Feed entries that a peer has yet to read")

    def pulled(self, link: Link, report: SyncReport) -> None:
        """Count a pull that ended well."""
        peer = link.peer
        self._pulls.labels(peer).inc()
        self._entries.labels(peer).inc(report.entries)
        self._changed.labels(peer).inc(report.changed)
        self._bytes.labels(peer).inc(report.bytes)
        if report.entries:
            self._seconds.labels(peer).observe(report.seconds)
        self._watch_lag(link)

    def failed(self, link: Link, error: CRDTError) -> None:
        """Count a pull that failed."""
        self._errors.labels(link.peer, type(error).__name__).inc()
        self._watch_lag(link)

    def collected(self, tombstones: int) -> None:
        """Count tombstones that were collected."""
        self._collected.inc(tombstones)

    def measured(self, link: Link) -> None:
        """Note how far a peer is, and its clock ahead."""
        self._drift.labels(link.peer).set(link.drift or 0.0)
        self._round_trip.labels(link.peer).set(link.round_trip or 0.0)
        # Told as they are when somebody asks, for a pull may go on for long.
        self._window.labels(link.peer).set_function(lambda: link.window)
        self._unread.labels(link.peer).set_function(lambda: link.behind_entries)
        self._unread_seconds.labels(link.peer).set_function(lambda: link.behind_seconds)

    def surveyed(self, status: Status) -> None:
        """Note the sizes of everything."""
        for collection in status.collections:
            labels = (collection.name, collection.kind)
            self._live.labels(*labels).set(collection.entries)
            self._tombstones.labels(*labels).set(collection.tombstones)
            if collection.bytes is not None:
                self._memory.labels(*labels).set(collection.bytes)
        for peer in status.peers:
            self._behind.labels(peer.peer).set(peer.behind_entries)
        self._feed.set(sum(shard.feed_entries for shard in status.shards))

    def _watch_lag(self, link: Link) -> None:
        def lag() -> float:
            following = link.last_error is None
            return 0.0 if following else time() - (link.last_contact or link.since)

        self._lag.labels(link.peer).set_function(lag)
