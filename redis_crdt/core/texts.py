"""What the texts of entries are made of."""

from __future__ import annotations

import re

from redis_crdt.errors import InvalidDump

_CONTROL = re.compile(rb"[\x00-\x1f]")


def has_control(text: bytes) -> bool:
    """Whether the text has a byte below 0x20, which JSON never has and entries use to separate."""
    return _CONTROL.search(text) is not None


def check_value(value: bytes) -> bytes:
    """Return the value; raises :class:`InvalidDump` if it is not one line."""
    if not value or has_control(value):
        raise InvalidDump("an entry's value is not one line of JSON")
    return value


def ascii_of(text: bytes) -> str:
    """Decode it; raises :class:`InvalidDump` if it is not ASCII."""
    try:
        return text.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidDump(f"not a dot: {text[:80]!r}") from error
