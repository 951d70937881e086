"""Bringing replicas together: deltas, reconciling, dumps of whole namespaces, and the syncer."""

from redis_crdt.sync.observer import Observer
from redis_crdt.sync.syncer import Syncer

__all__ = ["Observer", "Syncer"]
