"""The joins: commutative, associative, idempotent; and the same in Lua, byte for byte."""

from __future__ import annotations

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redis_crdt import memory
from redis_crdt.core.clock import Time
from redis_crdt.core.dots import Dots
from redis_crdt.core.joins import join_dots, knows
from redis_crdt.core.kinds import KINDS
from redis_crdt.errors import CRDTError
from redis_crdt.operations import requests as ask
from redis_crdt.operations.bodies import Group
from redis_crdt.replica.blocking import Replica
from redis_crdt.transport.scripts import assemble
from tests.faults.wire import careless_body, is_text
from tests.properties.entries import ENTRIES, contexts

SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

JOINS = """
local joined = {}
for i = 2, #ARGV, 2 do joined[i / 2] = (KIND[ARGV[1]].join(ARGV[i], ARGV[i + 1])) end
return joined
"""

JOINS_WITH_CONTEXTS = """
local function context(text)
  local clocks = {}
  for ms, seq, by in string.gmatch(text, '(%d+)%-(%d+)@(%S+)') do
    clocks[by] = {ms = ms + 0, seq = seq + 0}
  end
  return clocks
end
local joined = {}
for i = 2, #ARGV, 4 do
  local a, b, context_of_a, context_of_b = unpack(ARGV, i, i + 3)
  joined[#joined + 1] = (KIND[ARGV[1]].join(a, b, context(context_of_a), context(context_of_b)))
end
return joined
"""

WITH_DOTS = [kind for kind in ENTRIES if KINDS[kind].has_dots]


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


@pytest.mark.parametrize("kind", WITH_DOTS)
@given(data=st.data())
def test_what_a_side_knows_and_does_not_hold_is_gone(kind: str, data: st.DataObject) -> None:
    a, b = data.draw(ENTRIES[kind]), data.draw(ENTRIES[kind])
    assert isinstance(a, Dots)
    assert isinstance(b, Dots)
    of_a, of_b = data.draw(contexts), data.draw(contexts)
    joined, without = join_dots(a, b, of_a, of_b), join_dots(a, b)
    assert joined == join_dots(b, a, of_b, of_a)
    assert join_dots(a, a, of_a, of_b) == a
    assert joined.seen == without.seen
    assert joined.live == {
        dot: value
        for dot, value in without.live.items()
        if (dot in a.live or not knows(of_a, dot)) and (dot in b.live or not knows(of_b, dot))
    }
    # Whoever knows more keeps less.
    assert join_dots(a, b, {**of_a, "a#1": Time(9)}, of_b).live.keys() <= joined.live.keys()


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


@pytest.mark.parametrize("kind", WITH_DOTS)
@SHARED
@given(data=st.data())
def test_lua_joins_as_python_does_with_contexts(
    redis_client: redis.Redis, kind: str, data: st.DataObject
) -> None:
    script = assemble("lib/kinds") + JOINS_WITH_CONTEXTS
    some = ENTRIES[kind] | st.just(Dots({}, {}))
    cases = data.draw(st.lists(st.tuples(some, some, contexts, contexts), min_size=1, max_size=30))
    flat: list[bytes | str] = []
    for a, b, *known in cases:
        flat += (bytes(a), bytes(b))
        flat += (" ".join(f"{t.ms}-{t.seq}@{w}" for w, t in side.items()) for side in known)
    joined = redis_client.eval(script, 0, kind, *flat)
    assert joined == [bytes(KINDS[kind].join(*case)) for case in cases]


def mutated(text: bytes) -> st.SearchStrategy[bytes]:
    """The text, mostly with some bytes of it replaced, removed or repeated."""
    piece = st.sampled_from(
        [
            b"",
            b"|",
            b" ",
            b"@",
            b"#",
            b"-0",
            b"0",
            b"\n",
            b"a#1",
            b"\xff",
            b"9",
            b"true",
            b"n1",
            b"~",
            b"s",
        ]
    )
    place = st.integers(0, len(text))
    return st.just(text) | st.builds(
        lambda i, j, with_: text[: min(i, j)] + with_ + text[max(i, j) :], place, place, piece
    )


FIELDS = st.sampled_from(
    [
        *(b"value", b"x", b"", b"a#1", b"+a#1", b"-b#0", b"a\x01", b"\xff"),
        *(b"^a#1", b"^", b"^^a#1", b"0000000000003-a1@a#1", b"0000000000003-b10@b#0"),
        *(b"0000000000003-b01@a#1", b"0000000000003-a10@a#1", b"3-a1@a#1", b"0000000000003-a1@a"),
        *(b"0", b"255", b"256", b"00"),
    ]
)


ALIKE = {
    "pn_counter": "g_counter",
    "partitions": "lww_register",
    "mv_register": "lww_map",
    "dw_flag": "ew_flag",
    "rw_set": "or_set",
    "dropped": "g_counter",
    "sorted_map": "lww_map",
}
"""Kinds whose entries are those of another one."""


@pytest.mark.parametrize("kind", KINDS)
@SHARED
@given(data=st.data())
def test_lua_accepts_what_python_accepts(
    redis_client: redis.Redis, kind: str, data: st.DataObject
) -> None:
    alike = ALIKE.get(kind, kind)
    entry = data.draw(ENTRIES[alike].flatmap(lambda e: mutated(bytes(e))).filter(is_text))
    field = data.draw(FIELDS)
    redis_client.flushdb()
    replicas = memory.Replica(replica_id="z"), Replica(redis_client, replica_id="z")
    verdicts = []
    for replica in replicas:
        body = careless_body([Group(b"name", kind, b"", b"", [(field, entry)])])
        request = ask.merge(replica.keys(0), 60.0, Time(0), "", body, "test")
        try:
            verdicts.append((replica.execute(request).changed, ""))
        except CRDTError as error:
            verdicts.append((0, type(error).__name__))
    assert verdicts[0] == verdicts[1], (field, entry)
