"""Partitions: one collection as several, each with its share of the elements or keys.

A field is in the part that its hash says. To servers and to synchronisation each part is an
ordinary collection with a name of its own (:func:`redis_crdt.core.names.part_name`), in the next
shard after that of the part before. Under the collection's own name is written down in how many
parts it is; that goes to all regions as any state does, so that two numbers are an error and not
two collections which know nothing of each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import TypeVar
from zlib import crc32

from redis_crdt.errors import InvalidDump, InvalidSetting, KindMismatch

X = TypeVar("X")

MAX_PARTITIONS = 1024

_DESCRIBED = re.compile(rb'{"kind": "([a-z_]+)", "partitions": ([1-9][0-9]{0,3})}')


def check_partitions(partitions: int) -> int:
    """Return the number of partitions if it is one; else raise :class:`InvalidSetting`."""
    if type(partitions) is not int or not 1 <= partitions <= MAX_PARTITIONS:
        raise InvalidSetting(f"partitions: 1 to {MAX_PARTITIONS} are possible, not {partitions}")
    return partitions


def part_of(field: bytes, partitions: int) -> int:
    """Return in which part a field is, the same on every replica."""
    return crc32(field) % partitions


def by_part(
    items: Iterable[X], field_of: Callable[[X], bytes], partitions: int
) -> dict[int, list[X]]:
    """Return the items of each part that has any."""
    parts: dict[int, list[X]] = {}
    for item in items:
        parts.setdefault(part_of(field_of(item), partitions), []).append(item)
    return parts


def describe(kind: str, partitions: int) -> bytes:
    """Return what is written down, as the value of a register: one line of JSON."""
    return json.dumps({"kind": kind, "partitions": partitions}).encode()


def described(value: bytes) -> tuple[str, int]:
    """Read what is written down; :class:`InvalidDump` if it is anything else."""
    match = _DESCRIBED.fullmatch(value)
    if match is None or int(match[2]) > MAX_PARTITIONS:
        raise InvalidDump(f"no number of partitions: {value[:80]!r}")
    return match[1].decode(), int(match[2])


def described_in(entry: bytes) -> tuple[str, int]:
    """Read it out of the register's entry."""
    return described(entry.partition(b"\n")[2])


def check_described(name: str, value: bytes, kind: str, partitions: int) -> None:
    """Raise :class:`KindMismatch` if something else is written down."""
    their_kind, number = described(value)
    if (their_kind, number) != (kind, partitions):
        raise KindMismatch(
            f"{name!r} is a {their_kind} in {number} partitions, not a {kind} in {partitions}: "
            "they must be the same everywhere"
        )
