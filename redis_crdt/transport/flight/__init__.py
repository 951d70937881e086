"""Requests that are on their way to a server while others are."""
