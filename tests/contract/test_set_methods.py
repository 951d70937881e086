"""The methods by which Python's sets are combined and compared, awaited where calls are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from redis_crdt import memory
from redis_crdt.core.entries import MAX_FIELD
from redis_crdt.errors import InvalidValue
from tests.contract.seam import Regions, settled
from tests.contract.test_containers import PARTS, counted

MANY = 400


@pytest.fixture(params=[1, PARTS])
def partitions(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


async def test_combining(region: Regions, partitions: int) -> None:
    s = region("a").or_set("s", str, partitions=partitions)
    await settled(s.update("abc"))
    calls: tuple[tuple[Any, set[Any]], ...] = (
        (s.union(), set("abc")),
        (s.union("cd", iter("ae"), [1]), {*"abcde", 1}),
        (s.difference(), set("abc")),
        (s.difference("cd", iter("a"), [1]), {"b"}),
        (s.symmetric_difference(iter("cdc")), set("abd")),
        (s.symmetric_difference(["c", 1]), {"a", "b", 1}),
        (s.symmetric_difference("abc"), set()),
    )
    for call, expected in calls:
        assert await settled(call) == expected


async def test_comparing(region: Regions, partitions: int) -> None:
    s = region("a").or_set("s", str, partitions=partitions)
    assert await settled(s.issubset("")) is True
    assert await settled(s.issuperset("")) is True
    await settled(s.update("abc"))
    assert await settled(s.issubset(iter("abcd"))) is True
    assert await settled(s.issubset(["a", "b", "c", 1])) is True
    assert await settled(s.issubset("ab")) is False
    assert await settled(s.issuperset(iter("ba"))) is True
    assert await settled(s.issuperset(["a", 1])) is False
    assert await settled(s.issuperset("abcd")) is False


async def test_keeping_what_is_common(region: Regions, partitions: int) -> None:
    s = region("a").or_set("s", str, partitions=partitions)
    await settled(s.update("abcd"))
    await settled(s.intersection_update())
    assert await settled(s.get_elements()) == set("abcd")
    await settled(s.intersection_update(iter("abcx"), ["b", "c", "d", 1]))
    assert await settled(s.get_elements()) == set("bc")
    await settled(s.intersection_update([]))
    assert await settled(s.get_elements()) == set()


async def test_keeping_what_one_of_two_has(region: Regions, partitions: int) -> None:
    s = region("a").or_set("s", str, partitions=partitions)
    await settled(s.update("abc"))
    await settled(s.symmetric_difference_update(iter("cdcd")))
    assert await settled(s.get_elements()) == set("abd")
    for bad in (["a", "new", 5], ["a", "new", "x" * MAX_FIELD]):
        with pytest.raises(InvalidValue):
            await settled(s.symmetric_difference_update(bad))
    assert await settled(s.get_elements()) == set("abd")


async def test_what_is_no_iterable(region: Regions) -> None:
    s = region("a").or_set("s", int)
    await settled(s.add(1))
    for name in (
        *("union", "difference", "symmetric_difference", "issubset", "issuperset"),
        *("intersection_update", "symmetric_difference_update", "difference_update", "update"),
    ):
        with pytest.raises(TypeError):
            await settled(getattr(s, name)(5))
    assert await settled(s.get_elements()) == {1}


async def test_round_trips(region: Regions) -> None:
    a = region("a")
    if isinstance(a, memory.Replica):
        return
    s = a.or_set("s", str)
    texts = {str(i) for i in range(MANY)}
    others = {*texts, "x"} - {"0"}
    calls: tuple[tuple[Callable[[], Any], Any, int], ...] = (
        (lambda: s.union(others), {*texts, "x"}, 1),
        (lambda: s.difference(others), {"0"}, 1),
        (lambda: s.symmetric_difference(others), {"0", "x"}, 1),
        (lambda: s.issubset(others), False, 1),
        (lambda: s.issuperset(others), False, 1),
        (lambda: s.intersection_update(others), None, 2),
        (lambda: s.symmetric_difference_update(others), None, 3),
    )
    for call, expected, most in calls:
        await settled(s.clear())
        await settled(s.update(texts))
        with counted(a) as trips:
            assert await settled(call()) == expected
        assert trips[0] <= most
    assert await settled(s.get_elements()) == {"0", "x"}
