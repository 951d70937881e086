"""Deadlines, for the collections that may have them: on servers and in memory."""
