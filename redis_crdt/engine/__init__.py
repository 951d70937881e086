"""A server's part in Python: state in memory, and what it answers; the twin of ``lua/``."""
