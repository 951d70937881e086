"""The joins: commutative, associative, idempotent; and the same in Lua, byte for byte."""

from __future__ import annotations

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redis_crdt import memory
from redis_crdt.clock import Time
from redis_crdt.errors import CRDTError
from redis_crdt.kinds import KINDS
from redis_crdt.operations import requests as ask
from redis_crdt.operations.scripts import assemble
from redis_crdt.replica import Replica
from tests.properties.entries import ENTRIES

SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

JOINS = """
local joined = {}
for i = 2, #ARGV, 2 do joined[i / 2] = KIND[ARGV[1]].join(ARGV[i], ARGV[i + 1]) end
return joined
"""


@pytest.mark.parametrize("kind", ENTRIES)
@given(data=st.data())
def test_laws(kind: str, data: st.DataObject) -> None:
    join = KINDS[kind].join
    a, b, c = (data.draw(ENTRIES[kind]) for _ in range(3))
    assert join(a, b) == join(b, a)
    assert join(a, join(b, c)) == join(join(a, b), c)
    assert join(a, a) == a
    assert join(join(a, b), b) == join(a, b)
    assert join(a, b).time == max(a.time, b.time)


@pytest.mark.parametrize("kind", ENTRIES)
@given(data=st.data())
def test_what_is_written_is_read_as_it_was(kind: str, data: st.DataObject) -> None:
    entry = data.draw(ENTRIES[kind])
    assert KINDS[kind].parse_entry(bytes(entry)) == entry


@pytest.mark.parametrize("kind", ENTRIES)
@SHARED
@given(data=st.data())
def test_lua_joins_as_python_does(
    redis_client: redis.Redis, kind: str, data: st.DataObject
) -> None:
    script = assemble("lib/kinds") + JOINS
    pairs = data.draw(st.lists(st.tuples(ENTRIES[kind], ENTRIES[kind]), min_size=1, max_size=30))
    flat = [bytes(entry) for pair in pairs for entry in pair]
    joined = redis_client.eval(script, 0, kind, *flat)
    assert joined == [bytes(KINDS[kind].join(a, b)) for a, b in pairs]


def mutated(text: bytes) -> st.SearchStrategy[bytes]:
    """The text, mostly with some bytes of it replaced, removed or repeated."""
    piece = st.sampled_from(
        [b"", b"|", b" ", b"@", b"#", b"-0", b"0", b"\n", b"a#1", b"\xff", b"9"]
    )
    place = st.integers(0, len(text))
    return st.just(text) | st.builds(
        lambda i, j, with_: text[: min(i, j)] + with_ + text[max(i, j) :], place, place, piece
    )


FIELDS = st.sampled_from([b"value", b"x", b"", b"a#1", b"+a#1", b"-b#0", b"a\x01", b"\xff"])


ALIKE = {"pn_counter": "g_counter", "lww_register": "lww_map", "partitions": "lww_map"}
"""Kinds whose entries are those of another one."""


@pytest.mark.parametrize("kind", KINDS)
@SHARED
@given(data=st.data())
def test_lua_accepts_what_python_accepts(
    redis_client: redis.Redis, kind: str, data: st.DataObject
) -> None:
    alike = ALIKE.get(kind, kind)
    entry = data.draw(ENTRIES[alike].flatmap(lambda e: mutated(bytes(e))))
    field = data.draw(FIELDS)
    redis_client.flushdb()
    replicas = memory.Replica(replica_id="z"), Replica(redis_client, replica_id="z")
    verdicts = []
    for replica in replicas:
        body = [b"name", kind.encode(), b"1", field, entry]
        request = ask.merge(replica.keys(0), 60.0, Time(0), "", body, "test")
        try:
            verdicts.append((replica.execute(request).changed, ""))
        except CRDTError as error:
            verdicts.append((0, type(error).__name__))
    assert verdicts[0] == verdicts[1], (field, entry)
