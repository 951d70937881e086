"""The entries of flags: a dot with its value for each of the concurrent writes."""

from __future__ import annotations

from typing import Final

from redis_crdt.core.dots import Dots
from redis_crdt.errors import InvalidDump

ON: Final = b"true"
OFF: Final = b"false"


def parse_flag(text: bytes) -> Dots:
    """Read an entry; :class:`InvalidDump` if it is malformed."""
    entry = Dots.parse(text, valued=True)
    if not {ON, OFF}.issuperset(entry.live.values()):
        raise InvalidDump(f"a flag that is neither true nor false: {text[:80]!r}")
    return entry


def is_enabled(entry: Dots | None, wins: bytes) -> bool:
    """Whether a flag is enabled, of whose concurrent writes those that say ``wins`` win.

    One that nobody has switched is disabled.
    """
    said = set(entry.live.values()) if entry else set()
    return wins in said if wins == ON else bool(said) and wins not in said
