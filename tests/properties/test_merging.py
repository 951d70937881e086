"""Merging in memory: state passed on as it is comes to the same as state written out and read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redis_crdt import memory

KEYS = ("k0", "k1", "k2")

WRITES: dict[type, list[Callable[[Any, str], object]]] = {
    memory.ORSet: [lambda c, key: c.add(key), lambda c, key: c.remove(key)],
    memory.GCounter: [lambda c, _: c.increment()],
    memory.PNCounter: [lambda c, _: c.increment(2), lambda c, _: c.decrement()],
    memory.LWWRegister: [lambda c, key: c.set(key)],
    memory.MVRegister: [lambda c, key: c.set(key)],
    memory.LWWMap: [lambda c, key: c.set(key, key), lambda c, key: c.delete(key)],
}


@pytest.mark.parametrize("cls", WRITES)
@settings(deadline=None)
@given(data=st.data())
def test_merging_objects_is_merging_their_dumps_and_changes_neither(
    cls: type, data: st.DataObject
) -> None:
    sides = {name: cls(replica_id=name) for name in "ab"}
    for _ in range(data.draw(st.integers(0, 12))):
        name, other = data.draw(st.permutations("ab"))
        write = data.draw(st.sampled_from([None, *WRITES[cls]]))
        if write is None:
            sides[name] = sides[name].merge(sides[other])
        else:
            write(sides[name], data.draw(st.sampled_from(KEYS)))
    a, b = sides["a"], sides["b"]
    before = a.dump(), b.dump()
    merged = a.merge(b)
    assert merged.dump() == a.merge(b.dump().model_dump_json()).dump() == b.merge(a).dump()
    WRITES[cls][0](merged, KEYS[0])
    assert (a.dump(), b.dump()) == before
