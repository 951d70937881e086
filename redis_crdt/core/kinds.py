"""What each kind of collection is made of: its join, the reading of its entries, its fields.

The twin of ``lua/lib/kinds.lua``. Each type registers its own, from its folder in
:mod:`redis_crdt.types`; here are those that nobody opens.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from redis_crdt.core.dots import MAX_DOTS, Dots
from redis_crdt.core.entries import MAX_ENTRY, MAX_FIELD, Entry, Last, Total
from redis_crdt.core.fields import check_value, is_nothing
from redis_crdt.core.joins import join_last, join_max
from redis_crdt.core.partitions import described_in
from redis_crdt.errors import InvalidDump, KindMismatch

KindName = str
"""What is stored, such as ``or_set``; also the name of the method that opens it."""


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
    key_of: Callable[[bytes], Any] | None
    """What readers are told of a field, such as a map's key; None for elements, which are JSON."""
    max_entry: int = MAX_ENTRY
    has_dots: bool = False
    is_packed: bool = False
    """Whether servers store its entries packed, for there may be millions of them."""
    expires: bool = False
    """Whether what is written may have a deadline."""
    has_parts: bool = False
    """Whether a collection of it may be in partitions."""
    is_inverted: bool = False
    """Whether entries without live dots are those that are there, and are never collected."""
    parse_at: Callable[[bytes, bytes], Entry] | None = None
    """Reads an entry that its field belongs to, where :attr:`parse_entry` cannot do without."""
    gone_by: Callable[[Mapping[bytes, Any], Mapping[bytes, Any]], Collection[bytes]] | None = None
    """Where some fields take others away: which go, of those that are there and of those that are
    written, the latter being what they become."""
    value_in: Callable[[bytes, bytes], bytes | None] | None = None
    """Where values have more than what programs write: what that is, of a field and its value."""
    shared_by: str | None = None
    """The script by which syncers have a region give others some of what it alone may do."""
    sides: tuple[str, ...] = ()
    """How the fields of a counter begin: up and down; its past writers' totals are folded."""

    has_rights: bool = False
    """Whether its entries are rights, which syncers move to where they run out."""

    @property
    def has_elements(self) -> bool:
        """Whether its fields are elements, in JSON."""
        return self.key_of is None

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
        return self.parse_at(field, entry) if self.parse_at else self.parse_entry(entry)

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


KINDS: dict[str, Kind] = {}
"""All kinds that are registered, by name."""

KIND_OF: dict[str, KindName] = {}
"""Their names, by letter."""


def register(kind: Kind) -> None:
    """Make a kind known."""
    assert kind.name not in KINDS, kind
    assert kind.letter not in KIND_OF, kind
    KINDS[kind.name] = kind
    KIND_OF[kind.letter] = kind.name


def known_kind(name: str) -> KindName:
    """Return the name of a kind; ValueError, for pydantic to pass on, if there is none of it."""
    if name not in KINDS:
        raise ValueError(f"no kind {name[:80]!r}; there are {', '.join(sorted(KINDS))}")
    return name


def _kind(name: str) -> Kind:
    return KINDS[name]


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


# Kinds that nobody opens --------------------------------------------------------------------

PARTITIONS: KindName = "partitions"
"""A register which says of a collection in how many parts it is."""

DROPPED: KindName = "dropped"
"""Says of a name that what it stood for is gone."""


def _parse_partitions(entry: bytes) -> Last:
    kind, _ = described_in(entry)
    if kind not in KINDS or not KINDS[kind].has_parts:
        raise InvalidDump(f"a {kind} is not in partitions")
    return Last.parse(entry)


def _check_no_field(field: bytes) -> None:
    raise InvalidDump(f"a dropped name has no field {field[:80]!r}")


register(Kind(PARTITIONS, "n", join_last, _parse_partitions, check_value, is_nothing))
register(Kind(DROPPED, "d", join_max, Total.parse, _check_no_field, is_nothing))
