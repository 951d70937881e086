"""The registers of a HyperLogLog, as Redis has them; 64 are an entry. ``lua/lib/sketch.lua``.

Each is a character, from ``0`` on: how many bits of the hash of some value were zero before the
first that was not, and one more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import inf, sqrt
from typing import Final

from redis_crdt.core.entries import Line
from redis_crdt.errors import InvalidDump

REGISTERS: Final = 16384
TOGETHER: Final = 64
"""So many are in one entry."""

MOST: Final = 2**63 - 1
"""What is counted where all registers are full, as only a liar's are."""

_BITS: Final = 50
"""Of the hash, beside those that choose the register."""

_ALPHA: Final = 0.721347520444481703680
_SEED: Final = 0xADC83B19
_M: Final = 0xC6A4A7935BD1E995
_ALL: Final = 2**64 - 1
_LOWEST: Final = ord("0")
_ALLOWED: Final = bytes(range(_LOWEST, _LOWEST + _BITS + 2))
_NOTHING: Final = b"0" * TOGETHER


def hash_of(data: bytes) -> int:
    """Return MurmurHash64A of a value, with the seed of Redis."""
    h = _SEED ^ (len(data) * _M & _ALL)
    whole = len(data) & ~7
    for at in range(0, whole, 8):
        k = int.from_bytes(data[at : at + 8], "little") * _M & _ALL
        k = (k ^ k >> 47) * _M & _ALL
        h = (h ^ k) * _M & _ALL
    if whole < len(data):
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _ALL
    h = (h ^ h >> 47) * _M & _ALL
    return h ^ h >> 47


def entries_of(values: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the entries, by field, of what has these values alone."""
    found: dict[int, bytearray] = {}
    for value in values:
        rest, register = divmod(hash_of(value), REGISTERS)
        rest |= 1 << _BITS
        rank = _LOWEST + (rest & -rest).bit_length()
        number, at = divmod(register, TOGETHER)
        entry = found.setdefault(number, bytearray(_NOTHING))
        entry[at] = max(entry[at], rank)
    return {b"%d" % number: bytes(entry) for number, entry in found.items()}


def join(a: Line, b: Line) -> Line:
    """Return of each register the larger."""
    return a if a == b else Line(bytes(map(max, a.text, b.text)))


def parse(entry: bytes) -> Line:
    """Read an entry; :class:`InvalidDump` if it is none."""
    if len(entry) != TOGETHER or entry.translate(None, _ALLOWED) or entry == _NOTHING:
        raise InvalidDump(f"not {TOGETHER} registers: {entry[:80]!r}")
    return Line(entry)


def check_field(field: bytes) -> None:
    """Raise :class:`InvalidDump` for what is not the number of an entry."""
    if not field.isdigit() or len(field) > 3 or b"%d" % int(field) != field:
        raise InvalidDump(f"not the number of registers: {field[:80]!r}")
    if int(field) >= REGISTERS // TOGETHER:
        raise InvalidDump(f"not the number of registers: {field[:80]!r}")


def estimate(entries: Mapping[bytes, bytes]) -> int:
    """Return about how many different values were added.

    Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6.
    """
    counts = Counter(rank - _LOWEST for entry in entries.values() for rank in entry)
    counts[0] += REGISTERS - TOGETHER * len(entries)
    z = REGISTERS * _tau((REGISTERS - counts[_BITS + 1]) / REGISTERS)
    for rank in range(_BITS, 0, -1):
        z = (z + counts[rank]) / 2
    z += REGISTERS * _sigma(counts[0] / REGISTERS)
    return round(_ALPHA * REGISTERS * REGISTERS / z) if z else MOST


def read_count(reply: int) -> int:
    """Read what a server has counted; where all is full its number has overflown."""
    return reply if reply >= 0 else MOST


def _sigma(x: float) -> float:
    if x == 1:
        return inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x, before = x * x, z
        z, y = z + x * y, y + y
    return z


def _tau(x: float) -> float:
    if x in (0, 1):
        return 0.0
    y, z, before = 1.0, 1 - x, -1.0
    while z != before:
        x, before, y = sqrt(x), z, y / 2
        z -= (1 - x) ** 2 * y
    return z / 3
