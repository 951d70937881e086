"""Metrics of a syncer for Prometheus.

Each series is made as it is asked for, out of the links that there are then: one per link for as
long as it is followed, under the address of its peer, which is known from the beginning and stays;
``redis_crdt_link_info`` tells the replica id that goes with it.

``redis_crdt_build_info`` (version, python, client)
    always 1
``redis_crdt_replica_up``
    whether the replica's own server is well: 1 or 0
``redis_crdt_replica_failures_total`` (kind)
    how often it was found not to be
``redis_crdt_link_info`` (peer, replica_id)
    always 1
``redis_crdt_link_state`` (peer, state)
    1 for the state that the link is in, 0 for the others
``redis_crdt_link_last_success_timestamp_seconds`` (peer)
    when all that the peer had was read last
``redis_crdt_link_behind_seconds`` (peer)
    how old the oldest of its writes is that was not read yet, as far as is known; 0 if none
``redis_crdt_link_one_way`` (peer)
    1 where the peer has never read this replica, nor any that had
``redis_crdt_lag_seconds`` (peer)
    for how long it was not followed; 0 where it is
``redis_crdt_unread_entries`` (peer)
    about how many references of its feed were not read
``redis_crdt_clock_drift_seconds`` (peer)
    how far its clock is ahead of ours
``redis_crdt_round_trip_seconds`` (peer)
    how long a request to it and the reply take
``redis_crdt_window_requests`` (peer)
    how many requests may be on their way to it
``redis_crdt_pulls_total`` (peer)
    pulls that ended well
``redis_crdt_pull_seconds`` (peer)
    a histogram of how long those took that brought something
``redis_crdt_errors_total`` (peer, kind)
    pulls that failed, by a fault of the peer or of the way to it
``redis_crdt_received_entries_total`` (peer)
    entries that came
``redis_crdt_changed_entries_total`` (peer)
    those of them that changed something
``redis_crdt_received_bytes_total`` (peer)
    bytes of fields and entries that came
``redis_crdt_collected_tombstones_total``
    tombstones that were collected
``redis_crdt_feed_entries``
    entries of the feeds
``redis_crdt_entries``
    live entries of all collections
``redis_crdt_tombstones``
    tombstones of all collections
``redis_crdt_peer_behind_entries`` (peer)
    feed entries that a replica, here named by its id, has yet to read
``redis_crdt_collection_entries`` (collection, kind)
    live entries
``redis_crdt_collection_tombstones`` (collection, kind)
    tombstones
``redis_crdt_collection_bytes`` (collection, kind)
    memory, about

Besides there is what ``prometheus_client`` tells of the process (``process_...``).
"""

from __future__ import annotations

import platform
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import version
from math import inf
from typing import get_args

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from redis_crdt.errors import CRDTError
from redis_crdt.sync.link import Link, LinkState
from redis_crdt.sync.report import SyncReport
from redis_crdt.sync.status import Status

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 10.0, 60.0, 600.0, inf)

_GAUGES: tuple[tuple[str, str, Callable[[Link], float | None]], ...] = (
    (
        "link_last_success_timestamp_seconds",
        "When all that the peer had was read last",
        lambda link: link.last_pull,
    ),
    (
        "link_behind_seconds",
        "How old the oldest write is that was not read yet",
        lambda link: link.behind_seconds,
    ),
    (
        "link_one_way",
        "Whether the peer has never read this replica",
        lambda link: float(link.one_way),
    ),
    ("lag_seconds", "For how long a peer has not been followed", lambda link: link.lag_seconds),
    (
        "unread_entries",
        "References of a peer's feed that were not read",
        lambda link: link.behind_entries,
    ),
    (
        "clock_drift_seconds",
        "How far a peer's clock is ahead of ours",
        lambda link: link.drift,
    ),
    (
        "round_trip_seconds",
        "How long a request and its reply take",
        lambda link: link.round_trip,
    ),
    (
        "window_requests",
        "Requests that may be on their way to a peer",
        lambda link: link.window,
    ),
)

_COUNTERS: tuple[tuple[str, str, Callable[[Link], float]], ...] = (
    ("pulls", "Pulls that ended well", lambda link: link.pulls),
    ("received_entries", "Entries that came from a peer", lambda link: link.entries),
    (
        "changed_entries",
        "Entries from a peer that changed something",
        lambda link: link.changed,
    ),
    ("received_bytes", "Bytes of fields and entries that came", lambda link: link.bytes),
)


class _Counted:
    """What is counted of one link, beside what it says itself."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.errors: Counter[str] = Counter()
        self.buckets = [0] * len(BUCKETS)
        self.seconds = 0.0


class Metrics(Collector):
    """Counts what a syncer does, as its :class:`~redis_crdt.sync.Observer`.

    ``collections`` tells whether each collection has series of its own.
    """

    def __init__(self, registry: CollectorRegistry, *, collections: bool = True) -> None:
        self._collections = collections
        self._links: dict[str, _Counted] = {}
        self._up = True
        self._failures: Counter[str] = Counter()
        self._collected = 0
        self._status: Status | None = None
        registry.register(self)
        ProcessCollector(registry=registry)

    # What it is told -------------------------------------------------------------------------

    def began(self, link: Link) -> None:
        """Have series for a link."""
        self._links[link.address] = _Counted(link)

    def ended(self, link: Link) -> None:
        """Have none any more."""
        self._links.pop(link.address, None)

    def pulled(self, link: Link, report: SyncReport) -> None:
        """Count a pull that ended well."""
        if report.entries:
            counted = self._links[link.address]
            counted.buckets[bisect_left(BUCKETS, report.seconds)] += 1
            counted.seconds += report.seconds

    def failed(self, link: Link, error: CRDTError) -> None:
        """Count a pull that failed."""
        self._links[link.address].errors[type(error).__name__] += 1

    def replica_failed(self, error: CRDTError) -> None:
        """Count a failure of the replica's own server."""
        self._up = False
        self._failures[type(error).__name__] += 1

    def replica_recovered(self) -> None:
        """Note that it is well again."""
        self._up = True

    def collected(self, tombstones: int) -> None:
        """Count tombstones that were collected."""
        self._collected += tombstones

    def surveyed(self, status: Status) -> None:
        """Note the sizes of everything."""
        self._status = status

    # What it tells ---------------------------------------------------------------------------

    def collect(self) -> Iterator[Metric]:
        """Yield all series, as things stand."""
        # Another thread asks for them than counts.
        links = list(self._links.values())
        versions = (version("redis-crdt"), platform.python_version(), f"redis {version('redis')}")
        yield _of(1, _gauge("build_info", "What runs", "version", "python", "client"), *versions)
        yield _of(self._up, _gauge("replica_up", "Whether the replica's own server is well"))
        failures = _counter("replica_failures", "Failures of the replica's own server", "kind")
        for kind, count in sorted(self._failures.items()):
            failures.add_metric([kind], count)
        yield failures
        yield from _of_links(links)
        tombstones = _counter("collected_tombstones", "Tombstones that were collected")
        yield _of(self._collected, tombstones)
        if self._status is not None:
            yield from self._of_status(self._status)

    def _of_status(self, status: Status) -> Iterator[Metric]:
        feed = sum(shard.feed_entries for shard in status.shards)
        yield _of(feed, _gauge("feed_entries", "Entries of the feeds"))
        live = sum(collection.entries for collection in status.collections)
        yield _of(live, _gauge("entries", "Live entries of all collections"))
        removed = sum(collection.tombstones for collection in status.collections)
        yield _of(removed, _gauge("tombstones", "Tombstones of all collections"))
        behind = _gauge("peer_behind_entries", "Feed entries that a peer has yet to read", "peer")
        for peer in status.peers:
            behind.add_metric([peer.peer], peer.behind_entries)
        yield behind
        if not self._collections:
            return
        labels = ("collection", "kind")
        entries = _gauge("collection_entries", "Live entries", *labels)
        tombstones = _gauge("collection_tombstones", "Tombstones", *labels)
        memory = _gauge("collection_bytes", "Memory of a collection", *labels)
        for collection in status.collections:
            of = [collection.name, collection.kind]
            entries.add_metric(of, collection.entries)
            tombstones.add_metric(of, collection.tombstones)
            if collection.bytes is not None:
                memory.add_metric(of, collection.bytes)
        yield from (entries, tombstones, memory)


def _gauge(name: str, what: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"redis_crdt_{name}", what, labels=labels)


def _counter(name: str, what: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"redis_crdt_{name}", what, labels=labels)


def _of(
    value: float, metric: GaugeMetricFamily | CounterMetricFamily, *labels: str
) -> GaugeMetricFamily | CounterMetricFamily:
    """Return a metric with one more value."""
    metric.add_metric(labels, value)
    return metric


def _of_links(links: list[_Counted]) -> Iterator[Metric]:
    info = _gauge("link_info", "Which replica a peer is", "peer", "replica_id")
    state = _gauge("link_state", "The state that a link is in", "peer", "state")
    errors = _counter("errors", "Pulls that failed", "peer", "kind")
    pulls = HistogramMetricFamily(
        "redis_crdt_pull_seconds", "How long pulls took that brought something", labels=["peer"]
    )
    for counted in links:
        link, peer = counted.link, counted.link.address
        if link.peer != peer:  # its id is known
            info.add_metric([peer, link.peer], 1)
        for one in get_args(LinkState):
            state.add_metric([peer, one], float(one == link.state))
        for kind, count in sorted(counted.errors.items()):
            errors.add_metric([peer, kind], count)
        total, buckets = 0, []
        for limit, count in zip(BUCKETS, counted.buckets, strict=True):
            total += count
            buckets.append(("+Inf" if limit == inf else str(limit), total))
        pulls.add_metric([peer], buckets, counted.seconds)
    yield from (info, state, errors, pulls)
    for name, what, read in _GAUGES:
        gauge = _gauge(name, what, "peer")
        for counted in links:
            value = read(counted.link)
            if value is not None:
                gauge.add_metric([counted.link.address], value)
        yield gauge
    for name, what, count_of in _COUNTERS:
        counter = _counter(name, what, "peer")
        for counted in links:
            counter.add_metric([counted.link.address], count_of(counted.link))
        yield counter
