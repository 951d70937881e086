"""Bringing replicas together: deltas, full scans, dumps of whole namespaces, and the syncer."""

from redis_crdt.sync.syncer import Observer, Syncer

__all__ = ["Observer", "Syncer"]
