"""Replicas: one full copy of a namespace, awaited, blocking or in memory."""
