"""Numbers, strings and times as text whose bytes are in the order of values: see :class:`Rank`.

Servers compare bytes, so all agree on what is larger, whatever language or locale they have. Ints
and floats are in one order, exactly; strings are in that of their code points; times are moments,
which a time without a zone is not. Numbers come before strings, and strings before times.

======================  ===========================================================================
``0``                   ``n0``
``-12.5``, ``1250``     ``n1``, the exponent of ten and 5000 in four digits, the digits that count;
                        of negative ones ``n-``, that with each digit taken from 9, and ``~``
``"a b"``               ``s`` and the text; a character up to the space is a space and one of 0 to P
a time                  ``t`` and its microseconds since the year 1, in 18 digits
======================  ===========================================================================
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from pydantic_core import from_json

from redis_crdt.core.entries import LATEST, MAX_FIELD, Rank
from redis_crdt.errors import InvalidValue
from redis_crdt.values.codec import Codec, codec_for

T = TypeVar("T")

_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NEGATED: Final = bytes.maketrans(b"0123456789", b"9876543210")
_ESCAPED: Final = re.compile(rb"[\x00-\x20]")
_ESCAPE: Final = re.compile(rb" (.)")


def rank_of(codec: Codec[T], value: T) -> Rank:
    """Return the rank of a value.

    Raises :class:`InvalidValue` if it is not of the type, none that has an order, or too long.
    """
    stored = codec.encode(value)
    read = codec.decode(stored)  # as others will read it
    letter = _letter_of(read)
    if letter == b"n":
        text = _number(stored)
    elif letter == b"s":
        text = _string(stored)
    else:
        assert isinstance(read, datetime)
        text = _moment(read)
    if len(text) > MAX_FIELD:
        raise InvalidValue(f"the value takes {len(text)} bytes; at most {MAX_FIELD} are allowed")
    return Rank(text)


def value_of(codec: Codec[T], rank: Rank) -> T:
    """Return the value of a rank; :class:`InvalidValue` if it is not of the codec's type."""
    value = codec.decode(json_of(rank))
    if _letter_of(value) != rank.order[:1]:
        raise InvalidValue(f"the stored value {json_of(rank)!r} is not of type {codec.name}")
    return value


def json_of(rank: Rank) -> bytes:
    """Return the value of a rank as JSON."""
    letter, text = rank.order[:1], rank.order[1:]
    if letter == b"n":
        return _json_number(text)
    if letter == b"s":
        return codec_for(str).encode(
            _ESCAPE.sub(lambda found: b"%c" % (found[1][0] - 0x30), text).decode()
        )
    return codec_for(datetime).encode(_FIRST + int(text) * _MICROSECOND)


def _letter_of(value: Any) -> bytes:
    if isinstance(value, bool) or not isinstance(value, int | float | str | datetime):
        raise InvalidValue(
            f"a {type(value).__name__} has no order here: a register of the largest or smallest "
            "keeps int, float, str or datetime"
        )
    return b"n" if isinstance(value, int | float) else b"s" if isinstance(value, str) else b"t"


def _number(stored: bytes) -> bytes:
    sign, digits, exponent = Decimal(stored.decode()).as_tuple()
    assert isinstance(exponent, int)
    text = bytes(0x30 + digit for digit in digits)
    if text == b"0":
        return b"n0"
    magnitude = b"%04d" % (len(text) - 1 + exponent + 5000) + text.rstrip(b"0")
    return b"n-" + magnitude.translate(_NEGATED) + b"~" if sign else b"n1" + magnitude


def _json_number(text: bytes) -> bytes:
    if text == b"0":
        return text
    sign = b"-" if text[:1] == b"-" else b""
    magnitude = text[1:-1].translate(_NEGATED) if sign else text[1:]
    exponent, digits = int(magnitude[:4]) - 5000, magnitude[4:]
    if exponent + 1 >= len(digits):
        return sign + digits.ljust(exponent + 1, b"0")
    return repr(float(b"%b%b.%be%d" % (sign, digits[:1], digits[1:] or b"0", exponent))).encode()


def _string(stored: bytes) -> bytes:
    text: str = from_json(stored)
    return b"s" + _ESCAPED.sub(lambda found: b" %c" % (0x30 + found[0][0]), text.encode())


def _moment(value: datetime) -> bytes:
    if value.utcoffset() is None:
        raise InvalidValue(f"{value!r} has no time zone, so it names no moment: give it one")
    text = b"t%018d" % ((value - _FIRST) // _MICROSECOND)
    if value < _FIRST or text > LATEST:
        raise InvalidValue(f"{value!r} is not in the years 1 to 9999 of UTC")
    return text
