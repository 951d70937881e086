"""Keeping a replica in step with its peers, beside what the program does."""
