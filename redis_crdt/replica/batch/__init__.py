"""Batches of each backend."""
