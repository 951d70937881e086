"""Tools for what agents know together."""
