"""What each kind of collection is made of: its join, the reading of its entries, its fields.

The twin of ``lua/lib/kinds.lua``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

from redis_crdt.clock import check_writer
from redis_crdt.entries import (
    MAX_DOTS,
    MAX_ENTRY,
    MAX_FIELD,
    MAX_JOINED,
    Dots,
    Entry,
    Last,
    Total,
    has_control,
)
from redis_crdt.errors import InvalidDump, KindMismatch
from redis_crdt.joins import join_dots, join_last, join_max

KindName = Literal[
    "or_set", "g_counter", "pn_counter", "lww_register", "mv_register", "lww_map", "partitions"
]
"""What is stored; ``partitions`` says of a collection in how many parts it is."""

PARTITIONS: KindName = "partitions"

VALUE = b"value"
"""The only field of a register."""


def _check_register(field: bytes) -> None:
    if field != VALUE:
        raise InvalidDump(f"a register has no field {field[:80]!r}")


def _check_element(field: bytes) -> None:
    if not field or has_control(field):
        raise InvalidDump(f"an element that is not one line of JSON: {field[:80]!r}")


def _check_key(field: bytes) -> None:
    """Any text is a key."""


def _check_total(field: bytes) -> None:
    check_writer(field.decode("ascii", "replace"))


def _check_signed_total(field: bytes) -> None:
    if field[:1] not in (b"+", b"-"):
        raise InvalidDump(f"a PN-Counter's field begins with + or -: {field[:80]!r}")
    _check_total(field[1:])


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of collection."""

    name: KindName
    join: Callable[[Any, Any], Entry]
    parse_entry: Callable[[bytes], Entry]
    check_field: Callable[[bytes], None]
    max_entry: int = MAX_ENTRY

    def __reduce__(self) -> tuple[Callable[[str], Kind], tuple[str]]:
        return _kind, (self.name,)  # there is one of each, also for what comes out of a pickle

    def parse(self, field: bytes, entry: bytes) -> Entry:
        """Read an entry that comes from elsewhere; :class:`InvalidDump` if it is malformed."""
        if len(field) > MAX_FIELD or len(entry) > self.max_entry:
            raise InvalidDump(f"a field or entry that is too long: {field[:80]!r}")
        try:
            field.decode()
            entry.decode()
        except UnicodeDecodeError as error:
            raise InvalidDump(f"a field or entry that is not UTF-8: {field[:80]!r}") from error
        self.check_field(field)
        return self.parse_entry(entry)

    def check_joined(self, entry: Entry) -> None:
        """Raise :class:`InvalidDump` for a join that is too large to be passed on."""
        if isinstance(entry, Dots):
            text = bytes(entry)
            if len(text) > self.max_entry or text.partition(b"\n")[0].count(b"@") > MAX_DOTS:
                raise InvalidDump("an entry that would become too large")


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("or_set", join_dots, partial(Dots.parse, valued=False), _check_element),
        Kind("g_counter", join_max, Total.parse, _check_total),
        Kind("pn_counter", join_max, Total.parse, _check_signed_total),
        Kind("lww_register", join_last, Last.parse, _check_register),
        Kind(
            "mv_register", join_dots, partial(Dots.parse, valued=True), _check_register, MAX_JOINED
        ),
        Kind("lww_map", join_last, Last.parse, _check_key),
        Kind("partitions", join_last, Last.parse, _check_register),
    )
}
assert set(KINDS) == set(get_args(KindName))


def check_kind(name: str, found: str, wanted: str) -> None:
    """Raise :class:`KindMismatch` if a name stands for another kind than wanted."""
    if found == PARTITIONS != wanted:
        raise KindMismatch(f"{name!r} is in partitions: open it with their number")
    if wanted == PARTITIONS != found:
        raise KindMismatch(f"{name!r} is a {found}, and not in partitions")
    if found != wanted:
        raise KindMismatch(f"{name!r} is a {found}, not a {wanted}")


def _kind(name: str) -> Kind:
    return KINDS[name]
