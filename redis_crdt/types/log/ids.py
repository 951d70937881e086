"""The ids of a log's entries, and the floors below which they are gone; ``lua/lib/log_ids.lua``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from redis_crdt.core.clock import check_writer
from redis_crdt.core.entries import Line
from redis_crdt.core.ids import check_id as check_plain_id
from redis_crdt.core.ids import read_time
from redis_crdt.errors import InvalidCursor, InvalidDump

_FLOOR: Final = b"^"


def is_floor(field: bytes) -> bool:
    """Whether the field has a writer's floor, and not an entry."""
    return field.startswith(_FLOOR)


def key_of(field: bytes) -> str | None:
    """Return the id of an entry; None for a floor."""
    return None if is_floor(field) else field.decode()


def check_field(field: bytes) -> None:
    """Raise :class:`InvalidDump` for what is neither an id nor the field of a floor."""
    if is_floor(field):
        check_writer(field[1:].decode("ascii", "replace"))
    else:
        check_plain_id(field)


def parse_at(field: bytes, text: bytes) -> Line:
    """Read an entry or a floor; :class:`InvalidDump` if it is ill-formed."""
    return Line.parse(text, read_time(text if is_floor(field) else field.partition(b"@")[0]))


def check_id(text: str) -> bytes:
    """Return an id as it is stored; :class:`InvalidCursor` if it is none."""
    try:
        field = text.encode()
        check_field(field)
    except (InvalidDump, UnicodeEncodeError) as error:
        raise InvalidCursor(f"not an id of a log: {text[:80]!r}") from error
    if is_floor(field):
        raise InvalidCursor(f"not an id of a log: {text[:80]!r}")
    return field


def floors_of(ids: Iterable[bytes]) -> dict[bytes, Line]:
    """Return the floors, by field, that take away these entries, which are in their order."""
    floors = {}
    for id_ in ids:
        time, _, writer = id_.partition(b"@")
        floors[_FLOOR + writer] = Line(time, read_time(time))
    return floors


def gone_by(live: Mapping[bytes, Line], written: Mapping[bytes, Line]) -> list[bytes]:
    """Return the entries that are at or below a floor, of what is there and what is written."""

    def is_gone(field: bytes, floors: Mapping[bytes, Line]) -> bool:
        time, _, writer = field.partition(b"@")
        floor = floors.get(_FLOOR + writer)
        return floor is not None and time <= floor.text

    raised = {field: line for field, line in written.items() if is_floor(field)}
    floors = {**{field: line for field, line in live.items() if is_floor(field)}, **raised}
    gone = [field for field in written if not is_floor(field) and is_gone(field, floors)]
    if raised:
        gone += (field for field in live if not is_floor(field) and is_gone(field, raised))
    return gone
