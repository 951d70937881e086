"""What is joined as plain is joined as all else is: the same is stored, told and refused."""

from __future__ import annotations

import re

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redis_crdt import Replica
from redis_crdt.core.clock import Dot, Time
from redis_crdt.core.dots import Dots
from redis_crdt.core.entries import Entry, Last
from redis_crdt.errors import InvalidDump
from redis_crdt.operations import requests as ask
from redis_crdt.operations.bodies import Group, body_of
from redis_crdt.operations.replies import Vouched
from redis_crdt.transport.scripts import load
from tests.properties.entries import ENTRIES

SHARED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

PLAIN = b"left, before = join_plain(group, items)"
"""What is left out to have nothing taken for plain."""

KINDS = ["or_set", "lww_map", "lww_register"]

FIELDS = {
    "or_set": ['"a"', '"b"', '"\N{LATIN SMALL LETTER E WITH ACUTE}"', '"\x01"', ""],
    "lww_map": ["a", "b", "\N{LATIN SMALL LETTER E WITH ACUTE}", "\x01", ""],
    "lww_register": ["value", "other"],
}

WRITERS = ["a#1", "a#2", "b#1", "z#0"]
"""The last stands for who joins."""

dots = st.builds(
    Dot, st.builds(Time, st.integers(1, 4), st.integers(0, 2)), st.sampled_from(WRITERS)
)
one_dot: dict[str, st.SearchStrategy[Entry]] = {
    "or_set": dots.map(lambda dot: Dots({dot: None}, {dot.writer: dot.time})),
    "lww_map": dots.map(lambda dot: Dots({dot: b"1"}, {dot.writer: dot.time})),
    "lww_register": dots.map(lambda dot: Last(dot, b"1")),
}


def one(kind: str, ms: int) -> bytes:
    """An entry as most are."""
    dot = Dot(Time(ms), WRITERS[0])
    if kind == "lww_register":
        return bytes(Last(dot, b"1"))
    return bytes(Dots({dot: b"1" if kind == "lww_map" else None}, {dot.writer: dot.time}))


clocks = st.dictionaries(st.sampled_from(WRITERS[:3]), st.integers(1, 4), max_size=3)


@st.composite
def batches(draw: st.DrawFn, kind: str) -> tuple[dict[str, bytes], dict[str, int], str]:
    """Some fields with their entries, mostly plain ones; what their source knows; the mode."""
    entries: st.SearchStrategy[Entry] = one_dot[kind] | one_dot[kind] | ENTRIES[kind]
    texts = entries.map(bytes) | st.sampled_from([b"", b"x", b"1@a#1", b"01@a#1\n1"])
    batch = draw(st.dictionaries(st.sampled_from(FIELDS[kind]), texts, min_size=1))
    return batch, draw(clocks), draw(st.sampled_from(["more", "last"]))


@pytest.mark.parametrize("kind", KINDS)
@SHARED
@given(data=st.data())
def test_plain_or_not(redis_client: redis.Redis, kind: str, data: st.DataObject) -> None:
    redis_client.flushall()
    whole = load("replica/apply").text
    assert PLAIN in whole
    scripts = whole, whole.replace(PLAIN, b"left = nil")
    sides = [Replica(redis_client, replica_id="z", namespace=name) for name in ("one", "other")]
    known_dots = [Dot(Time(1), writer) for writer in WRITERS[:3]]
    value = b"1" if kind == "lww_map" else None
    all_ = Dots(dict.fromkeys(known_dots, value), {dot.writer: dot.time for dot in known_dots})
    # Whoever is met again, and up to when all that he wrote is known.
    first = ({FIELDS[kind][0]: bytes(all_)}, dict.fromkeys(WRITERS[:3], 2), "last")
    # Of one writer's writes, which nobody knows yet, the earlier one comes later.
    where = FIELDS[kind][kind != "lww_register"]  # a set has none of that field yet
    turned = [({where: one(kind, ms)}, dict[str, int](), "more") for ms in (4, 3)]
    later = [*turned, *data.draw(st.lists(batches(kind), min_size=1, max_size=4))]
    for batch, known, mode in [first, *later] if kind != "lww_register" else later:
        told = []
        for side, script in zip(sides, scripts, strict=True):
            keys = side.keys(0)
            own = side.execute(ask.knowledge(keys, "test")).writer
            items = [(field.encode(), entry.replace(b"z#0", own)) for field, entry in batch.items()]
            try:
                body = body_of([Group(b"c", kind, b"", b"", items)])
            except InvalidDump:  # what is no entry at all
                continue
            source = Vouched(b"a#1", b"4-0", {w.encode(): b"%d-0" % t for w, t in known.items()})
            cursor = b"2-0" if mode == "last" else b""
            request = ask.apply(keys, source, b"", cursor, mode, 60.0, "", body, "test")
            args = (*request.keys, request.witness, *request.args)
            changed, holds, refused, *_ = redis_client.eval(
                script.decode(), len(request.keys), *args
            )
            told.append((changed, holds, refused))
        assert len(told) < 2 or told[0] == told[1]
        assert stored(redis_client, "one", kind) == stored(redis_client, "other", kind)


def stored(client: redis.Redis, namespace: str, kind: str) -> list[dict[bytes, bytes]]:
    """The live entries of a collection, and its tombstones without their ids."""
    prefix = f"crdt:{{{namespace}:0}}:{kind}"
    live: dict[bytes, bytes]
    removed: dict[bytes, bytes]
    # The key is an index, and the entries are apart, where something has a deadline.
    apart = "-live" if client.type(f"{prefix}:c") == b"zset" else ""
    live, removed = (client.hgetall(f"{prefix}{part}:c") for part in (apart, "-removed"))  # type: ignore[assignment]
    return [
        # Who joins has another name in each namespace.
        {field: re.sub(rb"z#\w+", b"z#0", entry) for field, entry in live.items()},
        {field: entry.partition(b" ")[2] for field, entry in removed.items()},
    ]
