"""The demo: agents in several regions, one region cut off, and all of them equal again."""
