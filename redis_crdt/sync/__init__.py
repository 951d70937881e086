"""Bringing replicas together: deltas, reconciling, dumps of whole namespaces, and the syncer."""

from redis_crdt.sync.syncer import Observer, Syncer

__all__ = ["Observer", "Syncer"]
