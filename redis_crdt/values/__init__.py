"""Typed values to canonical bytes, and back."""
