"""Bodies of batches as a hostile peer may send them: ``body_of`` refuses what is no dot."""

from __future__ import annotations

import re
from collections.abc import Iterable

from redis_crdt.core.texts import has_control
from redis_crdt.errors import InvalidDump
from redis_crdt.operations.bodies import SEPARATOR, Group, is_packed, join_items
from redis_crdt.operations.packed import Packing


class Careless(Packing):
    """Packs what is a dot, and leaves the rest as it is."""

    def _pack_match(self, match: re.Match[bytes]) -> bytes:
        try:
            return super()._pack_match(match)
        except InvalidDump:
            return match[0]


def careless_body(groups: Iterable[Group]) -> list[bytes]:
    """Return groups as they are sent, whatever is in them."""
    packing = Careless()
    parts: list[bytes] = []
    for group in groups:
        pack = packing.pack if is_packed(group.kind) else bytes
        text = join_items((field, pack(entry)) for field, entry in group.entries)
        parts += (group.name, group.kind.encode(), group.generation, group.context, text)
    return [packing.writers(), *parts]


def is_text(entry: bytes) -> bool:
    """Whether readers of batches let it through, who look at what scripts do not look at."""
    try:
        entry.decode()
    except UnicodeDecodeError:
        return False
    return not any(has_control(line) for line in entry.split(b"\n"))


def is_readable(text: bytes) -> bool:
    """Whether readers let the fields and entries of a group through."""
    return all(map(is_text, text.split(SEPARATOR)[1::2]))
