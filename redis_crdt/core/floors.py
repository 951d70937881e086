"""Floors: one clock that stands for many incarnations of a replica.

Each restart of a server begins an incarnation, and what is known is a clock for each. So that it
does not grow for as long as servers restart, ``REPLICA#0BIRTH`` with a clock says: of those of its
incarnations that began up to BIRTH, all is known up to that clock. Each replica lays its own, and
peers learn it with the rest; see ``lua/lib/floors.lua``. No incarnation's name begins with 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from redis_crdt.core.clock import Time, parse_clock

LATE = 3_600_000
"""An incarnation is over so many milliseconds after its end, once all were heard of since then:
what it sent has arrived, and clocks differ by less."""

AWAY = 30 * 86_400_000
"""Whoever is no peer, and was not heard of for so many milliseconds, is not waited for; a peer
always is, until it is forgotten, for it may have what the replica forgot."""


def is_floor(writer: str) -> bool:
    """Whether this is no writer, but stands for many."""
    return "#0" in writer


def floor_of(writer: str) -> str:
    """Return what stands for this incarnation and those before it."""
    return writer.replace("#", "#0")


def birth_of(writer: str) -> int:
    """Return when an incarnation began, in milliseconds since 1970."""
    return int(writer.partition("#")[2][:8], 36)


class Known(dict[str, Time]):
    """What somebody knows, writer -> clock; made once, and then asked.

    :meth:`get` answers for those writers, too, for whom a floor stands.
    """

    __slots__ = ("_floors",)

    def __init__(self, known: Mapping[str, Time] | Iterable[tuple[str, Time]]) -> None:
        super().__init__(known)
        self._floors: dict[str, list[tuple[str, Time]]] = {}
        for writer in filter(is_floor, self):
            replica, _, birth = writer.partition("#0")
            self._floors.setdefault(replica, []).append((birth, self[writer]))

    def get(self, writer: str, default: Any = None) -> Any:
        """Return up to when a writer is known."""
        clock = super().get(writer)
        if clock is None and self._floors:
            return self.floor(writer) or default
        return default if clock is None else clock

    def floor(self, writer: str) -> Time | None:
        """Return up to when a writer is known by the floors of others than itself."""
        replica, _, name = writer.partition("#")
        floors = self._floors.get(replica)
        if not floors:
            return None
        of_it, birth = name.startswith("0"), name.removeprefix("0")
        over = [t for b, t in floors if b >= birth and not (of_it and b == birth)]
        return max(over, default=None)


def redundant(known: Mapping[str, Time]) -> list[str]:
    """Return those writers, or floors, of whom the floors of others say as much."""
    all_of_it = Known(known)
    pairs = ((writer, all_of_it.floor(writer)) for writer in known)
    return [writer for writer, floor in pairs if floor is not None and floor >= known[writer]]


def is_known(known: Mapping[bytes, bytes], writer: bytes, clock: Time) -> bool:
    """Whether one who knows so much, as replies tell it, knows a writer up to a clock."""
    mine = known.get(writer)
    if mine is None:
        floors = ((w.decode(), c) for w, c in known.items() if b"#0" in w)
        found = Known((w, parse_clock(c)) for w, c in floors).get(writer.decode())
        return found is not None and clock <= found
    return clock <= parse_clock(mine)
