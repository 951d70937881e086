"""What each kind of collection is made of: its join, the reading of its entries, its fields.

The twin of ``lua/lib/kinds.lua``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from redis_crdt.core.clock import check_writer
from redis_crdt.core.entries import (
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
from redis_crdt.core.joins import join_dots, join_last, join_max
from redis_crdt.core.partitions import described_in
from redis_crdt.errors import InvalidDump, KindMismatch

KindName = Literal[
    "or_set",
    "g_counter",
    "pn_counter",
    "lww_register",
    "mv_register",
    "lww_map",
    "partitions",
    "dropped",
]
"""What is stored; ``partitions`` says of a collection in how many parts it is, ``dropped`` of a
name that what it stood for is gone."""

PARTITIONS: KindName = "partitions"
DROPPED: KindName = "dropped"

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


def _check_none(field: bytes) -> None:
    raise InvalidDump(f"a dropped name has no field {field[:80]!r}")


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
    letter: str
    """What stands for it in the feed."""
    join: Callable[..., Entry]
    """Of two entries; where :attr:`has_dots`, then of what each side knows."""
    parse_entry: Callable[[bytes], Entry]
    check_field: Callable[[bytes], None]
    max_entry: int = MAX_ENTRY
    has_dots: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is a counter."""
        return self.name in ("g_counter", "pn_counter")

    @property
    def is_packed(self) -> bool:
        """Whether servers store its entries packed; there may be millions of them."""
        return self.name in ("or_set", "lww_map")

    def __reduce__(self) -> tuple[Callable[[str], Kind], tuple[str]]:
        return _kind, (self.name,)  # there is one of each, also for what comes out of a pickle

    def parse(self, field: bytes, entry: bytes) -> Entry:
        """Read an entry that comes from elsewhere; :class:`InvalidDump` if it is malformed."""
        self.check(field)
        if len(entry) > self.max_entry:
            raise InvalidDump(f"an entry that is too long: {field[:80]!r}")
        try:
            entry.decode()
        except UnicodeDecodeError as error:
            raise InvalidDump(f"an entry that is not UTF-8: {field[:80]!r}") from error
        return self.parse_entry(entry)

    def check(self, field: bytes) -> None:
        """Raise :class:`InvalidDump` for a field that a collection of this kind cannot have."""
        if len(field) > MAX_FIELD:
            raise InvalidDump(f"a field that is too long: {field[:80]!r}")
        try:
            field.decode()
        except UnicodeDecodeError as error:
            raise InvalidDump(f"a field that is not UTF-8: {field[:80]!r}") from error
        self.check_field(field)

    def check_joined(self, entry: Entry) -> None:
        """Raise :class:`InvalidDump` for a join that is too large to be passed on."""
        if isinstance(entry, Dots):
            text = bytes(entry)
            if len(text) > self.max_entry or text.partition(b"\n")[0].count(b"@") > MAX_DOTS:
                raise InvalidDump("an entry that would become too large")


def _parse_partitions(entry: bytes) -> Last:
    described_in(entry)
    return Last.parse(entry)


_SET = partial(Dots.parse, valued=False)
_VALUED = partial(Dots.parse, valued=True)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("or_set", "s", join_dots, _SET, _check_element, has_dots=True),
        Kind("g_counter", "g", join_max, Total.parse, _check_total),
        Kind("pn_counter", "p", join_max, Total.parse, _check_signed_total),
        Kind("lww_register", "l", join_last, Last.parse, _check_register),
        Kind("mv_register", "v", join_dots, _VALUED, _check_register, MAX_JOINED, True),
        Kind("lww_map", "m", join_dots, _VALUED, _check_key, MAX_JOINED, True),
        Kind("partitions", "n", join_last, _parse_partitions, _check_register),
        Kind("dropped", "d", join_max, Total.parse, _check_none),
    )
}
assert set(KINDS) == set(get_args(KindName))


KIND_OF: dict[str, KindName] = {kind.letter: kind.name for kind in KINDS.values()}


def kinds_in(directory: bytes | None) -> list[str]:
    """Return the kinds that a name stands for, as the directory of a shard has them.

    More than one where regions gave one name several kinds before they had met.
    """
    return [kind for kind in (directory or b"").decode().split() if kind != DROPPED]


def check_kind(name: str, found: Collection[str], wanted: str) -> None:
    """Raise :class:`KindMismatch` if a name stands for other kinds than the one wanted."""
    if not found or wanted in found:
        return
    if PARTITIONS in found:
        raise KindMismatch(f"{name!r} is in partitions: open it with their number")
    kinds = " and a ".join(found)
    if wanted == PARTITIONS:
        raise KindMismatch(f"{name!r} is a {kinds}, and not in partitions")
    raise KindMismatch(f"{name!r} is a {kinds}, not a {wanted}")


def _kind(name: str) -> Kind:
    return KINDS[name]
