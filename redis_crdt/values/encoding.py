"""From what callers pass to what entries hold: elements, keys and values, checked for size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from redis_crdt.core.dots import Dots
from redis_crdt.core.entries import MAX_FIELD, MAX_VALUE, Entry, Last, Line, Rank
from redis_crdt.core.kinds import KINDS, KindName
from redis_crdt.errors import InvalidValue
from redis_crdt.values.codec import Codec
from redis_crdt.values.ranks import value_of

T = TypeVar("T")

MISSING: Any = object()
"""Stands for a value or default where None could be one."""


def encode_element(codec: Codec[T], element: T) -> bytes:
    """Return an OR-Set's field for the element; InvalidValue if of the wrong type or too long."""
    encoded = codec.encode(element)
    if len(encoded) > MAX_FIELD:
        raise _too_large(MAX_FIELD, "element", len(encoded))
    return encoded


def element_forms(codec: Codec[T], element: T) -> tuple[bytes, ...]:
    """Return all fields that may hold the element; raises as :func:`encode_element` does."""
    forms = codec.forms(element)
    _checked(MAX_FIELD, "element", forms[0])
    return forms


TTL = float | timedelta | None
"""For how long something is to live: seconds, or as ``datetime`` has it; None for ever."""

MAX_TTL = 10**12
"""In milliseconds: some 30 years."""


def ttl_in_ms(ttl: float | timedelta) -> bytes:
    """Return a time to live in milliseconds; InvalidValue for one that is none."""
    seconds = ttl.total_seconds() if isinstance(ttl, timedelta) else ttl
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise InvalidValue(f"ttl: seconds or a timedelta, not {ttl!r}")
    if not 0 < seconds <= MAX_TTL / 1000:
        raise InvalidValue(f"ttl: more than 0 and at most {MAX_TTL // 1000} seconds, not {ttl!r}")
    return b"%d" % max(1, round(seconds * 1000))


def key_field(key: object) -> bytes | None:
    """Return a map's field for what may be a key; None where it cannot be one."""
    try:
        return encode_key(key)
    except InvalidValue:
        return None


def items_of(other: Any, items: Mapping[str, T]) -> dict[str, T]:
    """Return what ``dict.update`` takes as one dict; a map of ours gives its items at once."""
    return dict(other.items() if isinstance(other, Mapping) else other, **items)


def encode_value(codec: Codec[T], value: T) -> bytes:
    """Return the value as entries hold it; InvalidValue if of the wrong type or too long."""
    return _checked(MAX_VALUE, "value", codec.encode(value))


def encode_key(key: object) -> bytes:
    """Return a map's field for the key; InvalidValue if it is no text or too long."""
    if not isinstance(key, str):
        raise InvalidValue(f"a map's keys are str, not {type(key).__name__}")
    try:
        return _checked(MAX_FIELD, "key", key.encode())
    except UnicodeEncodeError as error:
        raise InvalidValue(f"key {key!r} is not valid Unicode") from error


def check_values(codec: Codec[Any], kind: KindName, entries: Mapping[bytes, Entry]) -> None:
    """Raise :class:`InvalidValue` if an entry holds a value that is not of the codec's type."""
    for field, entry in entries.items():
        match entry:
            case _ if KINDS[kind].has_elements:
                if field not in codec.forms(codec.decode(field)):
                    raise InvalidValue(f"element {field[:80]!r} is not in canonical form")
            case Dots(live):
                inner = KINDS[kind].value_in
                for held in live.values():
                    value = held if inner is None or held is None else inner(field, held)
                    if value is not None:
                        codec.decode(value)
            case Last(value=bytes(value)):
                codec.decode(value)
            case Rank():
                value_of(codec, entry)
            case Line(text) if (key_of := KINDS[kind].key_of) and key_of(field) is not None:
                codec.decode(text)


def check_concurrent(values: Iterable[bytes | None]) -> None:
    """Raise :class:`InvalidValue` if what a register is to hold side by side is too large."""
    size = sum(len(value) for value in values if value is not None)
    if size > MAX_VALUE:
        raise _too_large(MAX_VALUE, "sum of the concurrent values", size)


def _checked(limit: int, what: str, encoded: bytes) -> bytes:
    if len(encoded) > limit:
        raise _too_large(limit, what, len(encoded))
    return encoded


def _too_large(limit: int, what: str, size: int) -> InvalidValue:
    return InvalidValue(f"the {what} takes {size} bytes; at most {limit} are allowed")
