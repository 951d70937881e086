"""Which fields collections have, and what their readers are told of them."""

from __future__ import annotations

from redis_crdt.core.clock import check_writer, replica_of
from redis_crdt.core.texts import has_control
from redis_crdt.errors import InvalidDump

VALUE = b"value"
"""The only field of a register."""


def check_value(field: bytes) -> None:
    """Raise :class:`InvalidDump` unless it is the field of a register."""
    if field != VALUE:
        raise InvalidDump(f"a register has no field {field[:80]!r}")


def is_nothing(_: bytes) -> None:
    """A register has no key."""


def check_element(field: bytes) -> None:
    """Raise :class:`InvalidDump` unless it is an element, which is one line of JSON."""
    if not field or has_control(field):
        raise InvalidDump(f"an element that is not one line of JSON: {field[:80]!r}")


def check_key(_: bytes) -> None:
    """Any text is a key."""


def check_total(field: bytes) -> None:
    """Raise :class:`InvalidDump` unless it is a writer, whose total it has."""
    check_writer(field.decode("ascii", "replace"))


def counting_replica(field: bytes) -> str:
    """Return the replica of the writer whose total it is."""
    return replica_of(field.decode())
