"""The types, a folder each, and what they have in common in :mod:`redis_crdt.types.base`."""
