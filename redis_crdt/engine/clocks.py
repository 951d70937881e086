"""Clocks, and what is known, as requests and replies have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from redis_crdt.core.clock import Time, parse_clock
from redis_crdt.core.floors import Known
from redis_crdt.engine.store import Store
from redis_crdt.errors import InvalidDump


def context_of(store: Store[Any], after: Time | None = None) -> bytes:
    """Write what is known of a collection alone, or what of it was noted after a time."""
    parts = (
        f"{writer} {known.clock}"
        for writer, known in store.context.items()
        if after is None or known.noted > after
    )
    return " ".join(parts).encode()


def read_context(text: bytes) -> Known:
    """Read what is known of a collection alone; :class:`InvalidDump` if it is ill-formed."""
    try:
        return read_clocks(text.split()) if text else Known({})
    except ValueError as error:
        raise InvalidDump(f"an ill-formed context: {text[:80]!r}") from error


def flat_clocks(known: Mapping[str, Time]) -> list[bytes]:
    """Write writers and their clocks, in turns."""
    return [text.encode() for item in known.items() for text in map(str, item)]


def read_clocks(flat: Sequence[bytes]) -> Known:
    """Read what :func:`flat_clocks` wrote."""
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return Known((writer.decode(), parse_clock(clock)) for writer, clock in pairs)


def read_time(text: bytes) -> Time:
    """Read a time; where there is none, the first of all."""
    return parse_clock(text) if text else Time(0)


def text_of(time: Time) -> bytes:
    """Write a time as a dot has it."""
    return str(time).encode()


def id_of(time: Time) -> bytes:
    """Write a time as an id of the feed."""
    return b"%d-%d" % time


def start_of(known: Mapping[str, Time], writer: str, past: Mapping[str, Time]) -> Time | None:
    """Return where one who knows so much has come to in a feed; None if nowhere.

    It is that of ``writer``, with its incarnations before, each up to a time.
    """
    start = known.get(writer)
    cuts = list(past.values())
    for i, before in reversed(list(enumerate(past))):
        clock = known.get(before)
        if start is None and clock is not None:
            start = min(clock, *cuts[i:])
    return start
