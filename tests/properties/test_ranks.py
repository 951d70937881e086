"""Values as text in their order: as Python has it, and back again; what has no order is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from math import inf, nan
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redis_crdt.core.entries import Rank
from redis_crdt.errors import InvalidDump, InvalidValue
from redis_crdt.values.codec import Codec, codec_for
from redis_crdt.values.ranks import json_of, rank_of, value_of
from tests.properties.entries import moments, numbers, texts

NUMBERS: Codec[Any] = codec_for(int | float)
TEXTS, MOMENTS = codec_for(str), codec_for(datetime)


def check(codec: Codec[Any], a: Any, b: Any) -> None:
    """Hold the order of two values to Python's, and each to what is read of it."""
    x, y = rank_of(codec, a), rank_of(codec, b)
    assert (x.order < y.order, x == y) == (a < b, a == b)
    for value, rank in ((a, x), (b, y)):
        assert value_of(codec, rank) == value
        assert Rank.parse(bytes(rank)) == rank


@given(numbers, numbers)
@example(2**53, 2.0**53 + 2)
@example(2**53 + 1, 2.0**53)
@example(-(10**4000), -1e308)
@example(5e-324, 0)
@example(-5e-324, -0.0)
@example(0.1, 0.1 + 2**-55)
@example(-1.5, -15)
@example(-1, -1.5)
@example(9.99, 10)
def test_numbers(a: float, b: float) -> None:
    check(NUMBERS, a, b)


@given(st.floats(0, 1), st.integers(-3, 3))
def test_numbers_that_are_close(a: float, ulps: int) -> None:
    check(NUMBERS, a, a + ulps * 2**-60)


@given(texts, texts)
@example("a", "a\x00")
@example("a ", "a!")
@example("\uffff", "\U00010000")
@example("\x7f", "\x80")
def test_texts(a: str, b: str) -> None:
    check(TEXTS, a, b)


@given(moments, moments)
@example(
    datetime(2024, 1, 1, 12, tzinfo=UTC),
    datetime(2024, 1, 1, 13, tzinfo=timezone(timedelta(hours=1))),
)
@example(datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
def test_moments(a: datetime, b: datetime) -> None:
    check(MOMENTS, a, b)


def test_an_hour_that_a_zone_repeats_is_two() -> None:
    first = datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    ranks = [rank_of(MOMENTS, first), rank_of(MOMENTS, first.replace(fold=1))]
    hours = [value_of(MOMENTS, rank).hour for rank in ranks]
    assert hours == [0, 1]


def test_different_types_are_in_one_order() -> None:
    values = [
        rank_of(NUMBERS, 10**300),
        rank_of(TEXTS, ""),
        rank_of(MOMENTS, datetime(1, 1, 1, tzinfo=UTC)),
    ]
    assert sorted(values, key=bytes) == values
    for rank in values[1:]:
        with pytest.raises(InvalidValue):
            value_of(NUMBERS, rank)
    with pytest.raises(InvalidValue):
        value_of(TEXTS, values[2])
    with pytest.raises(InvalidValue):
        value_of(MOMENTS, rank_of(TEXTS, "2024-01-01T00:00:00Z"))


class Level(IntEnum):
    LOW = 1


def test_what_is_written_otherwise_is_read_as_its_type() -> None:
    assert value_of(codec_for(Level), rank_of(codec_for(Level), Level.LOW)) is Level.LOW
    assert value_of(codec_for(float), rank_of(codec_for(float), 3.0)) == 3.0
    assert json_of(rank_of(codec_for(float), -12.5)) == b"-12.5"


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Any, None),
        (Any, True),
        (Any, [1]),
        (bool, True),
        (float, nan),
        (float, -inf),
        (int, 1.5),
        (int, "1"),
        (str, "\ud800"),
        (str, "a" * 65_536),
        (str, " " * 40_000),
        (date, date(2024, 1, 1)),
        (Decimal, Decimal(1)),
        (datetime, datetime(2024, 1, 1)),
        (datetime, datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))),
        (datetime, datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_what_has_no_order_is_refused(type_: Any, value: Any) -> None:
    with pytest.raises(InvalidValue):
        rank_of(codec_for(type_), value)


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"1", b"n", b"n00", b"n15000", b"n150000", b"n1500010", b"n-50009~", b"n-50008"),
        *(b"n-500089~", b"s\n", b"s ", b"s Q", b"s  0", b"t1", b"t999999999999999999", b"x"),
    ],
)
def test_what_is_not_in_canonical_form_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidDump):
        Rank.parse(text)


@pytest.mark.parametrize("text", [b"n199991", b"n-00008~", b"n1000011", b"n19999" + b"1" * 20])
def test_a_number_that_no_type_has_is_an_error_of_ours(text: bytes) -> None:
    for codec in (NUMBERS, codec_for(int), codec_for(float), codec_for(Any), TEXTS):
        try:
            value_of(codec, Rank.parse(text))
        except InvalidValue:
            continue
