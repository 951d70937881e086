"""Bringing replicas together: deltas, full scans, and dumps of whole namespaces."""
