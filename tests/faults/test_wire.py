"""What a batch may look like as it is sent: of what is ill-formed nothing gets in anywhere."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from redis_crdt import Replica, memory
from redis_crdt.core.clock import Dot, Time
from redis_crdt.core.dots import Dots
from redis_crdt.core.kinds import KINDS
from redis_crdt.errors import InvalidDump
from redis_crdt.operations import replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.bodies import (
    SEPARATOR,
    Group,
    body_of,
    count,
    entries_of,
    groups_of,
    join_items,
    read_body,
)
from redis_crdt.operations.packed import (
    Aliases,
    Packing,
    key_of,
    pack_time,
    unpack_time,
)
from redis_crdt.sync.reconcile import Shown
from tests.backends import NewClient
from tests.faults.test_limits import write
from tests.integration.refusals import every_byte, refused
from tests.properties.entries import ENTRIES, dots

AT = pack_time(1000)
ONE = AT + b"0"
TABLE = b"0 b#1 1 c#1 zz d#1"
AnyReplica = Replica | memory.Replica


def group(*items: tuple[bytes, bytes], name: bytes = b"c", kind: bytes = b"or_set") -> list[bytes]:
    return [name, kind, b"", b"", join_items(items)]


FINE = group((b'"x"', ONE), (b'"y"', AT + b"zz-7"))

ILL_FORMED_BODIES: dict[str, list[bytes]] = {
    "an alias twice": [b"0 b#1 0 c#1", *FINE],
    "an alias without a writer": [TABLE + b" 2", *FINE],
    "an alias alone": [b"0", *FINE],
    "an empty writer": [b"0 ", *FINE],
    "an empty alias": [b" b#1", *FINE],
    "no replica": [b"0 #1", *FINE],
    "no incarnation": [b"0 b", *FINE],
    "a writer with a line break": [b"0 b#1\n", *FINE],
    "a writer that is too long": [b"0 " + b"b" * 95 + b"#1", *FINE],
    "a writer that is no ASCII": [b"0 \xc3\xa9#1", *FINE],
    "an alias that is too long": [b"0" * 12 + b" b#1", *FINE],
    "an alias of other characters": [b"A b#1", *FINE],
    "two spaces": [b"0  b#1", *FINE],
    "a space before": [b" " + TABLE, *FINE],
    "a space behind": [TABLE + b" ", *FINE],
    "a tab": [b"0\tb#1", *FINE],
    "a separator among writers": [TABLE + SEPARATOR, *FINE],
    "no writers": FINE,
    "a part too few": [TABLE, *FINE[:-1]],
    "a part too many": [TABLE, *FINE, b""],
    "no end": [TABLE, *FINE[:-1], FINE[-1][:-1]],
    "a field alone": [TABLE, *FINE[:-1], FINE[-1] + b'"z"' + SEPARATOR],
    "a separator too many": [TABLE, *FINE[:-1], FINE[-1] + SEPARATOR],
    "only a separator": [TABLE, *FINE[:-1], SEPARATOR],
    "no separator": [TABLE, *FINE[:-1], b'"x"'],
    "another separator": [TABLE, *FINE[:-1], FINE[-1].replace(SEPARATOR, b"\x1e")],
    "a field twice": [TABLE, *group((b'"x"', ONE), (b'"x"', ONE))],
    "a collection twice": [TABLE, *FINE, *FINE],
    "too many entries": [TABLE, *group(*((b"%d" % i, ONE) for i in range(1001)))],
    "too many in two": [
        *(TABLE, *group(*((b"%d" % i, ONE) for i in range(600)))),
        *group(*((b"%d" % i, ONE) for i in range(600)), name=b"d"),
    ],
    "no kind": [TABLE, *group((b'"x"', ONE), kind=b"queue")],
    "no name": [TABLE, *group((b'"x"', ONE), name=b"")],
    "no number": [TABLE, b"c", b"or_set", b"x", b"", FINE[-1]],
}

MAP_ENTRY = ONE + b"\n1"

ILL_FORMED_ENTRIES: dict[str, tuple[str, bytes, bytes]] = {
    "an unknown alias": ("or_set", b'"x"', AT + b"2"),
    "no alias": ("or_set", b'"x"', AT),
    "an alias in other form": ("or_set", b'"x"', AT + b"00"),
    "another alphabet": ("or_set", b'"x"', AT + b"ZZ"),
    "a short time": ("or_set", b'"x"', AT[1:] + b"0"),
    "a digit below all": ("or_set", b'"x"', AT[:-1] + b"-0"),
    "a digit above all": ("or_set", b'"x"', AT[:-1] + b"|0"),
    "a digit that is no text": ("or_set", b'"x"', "\u00e9".encode() + AT[2:] + b"0"),
    "a space for a digit": ("or_set", b'"x"', AT[:-1] + b" 0"),
    "a time past all": ("or_set", b'"x"', b"{" * 8 + b"0"),
    "the first time past all": ("or_set", b'"x"', pack_time(10**15) + b"0"),
    "a zero": ("or_set", b'"x"', ONE + b"-0"),
    "a leading zero": ("or_set", b'"x"', ONE + b"-01"),
    "a dash": ("or_set", b'"x"', ONE + b"-"),
    "two dashes": ("or_set", b'"x"', ONE + b"--1"),
    "a long number": ("or_set", b'"x"', ONE + b"-" + b"1" * 16),
    "more behind": ("or_set", b'"x"', ONE + b"-1 "),
    "plain text": ("or_set", b'"x"', b"1000@b#1"),
    "a line": ("or_set", b'"x"', ONE + b"\n"),
    "a value": ("or_set", b'"x"', MAP_ENTRY),
    "a dot twice": ("or_set", b'"x"', ONE + b" " + ONE),
    "dots out of order": ("or_set", b'"x"', AT + b"1 " + ONE),
    "a dot that is implied": ("or_set", b'"x"', ONE + b"|" + ONE),
    "an alias of two unknown": ("or_set", b'"x"', ONE + b" " + AT + b"2"),
    "nothing seen": ("or_set", b'"x"', b"|"),
    "an empty end": ("or_set", b'"x"', ONE + b"|"),
    "two bars": ("or_set", b'"x"', b"||" + ONE),
    "too many dots": ("or_set", b'"x"', b" ".join([ONE] * 5000)),
    "an empty field": ("or_set", b"", ONE),
    "a field with a separator of old": ("or_set", b'"a\x1eb"', ONE),
    "a field with a line break": ("or_set", b'"a\nb"', ONE),
    "a field that is no text": ("or_set", b'"\xfe"', ONE),
    "a key that is no text": ("lww_map", b"\xfe", MAP_ENTRY),
    "a key without a value": ("lww_map", b"k", ONE),
    "an empty value": ("lww_map", b"k", ONE + b"\n"),
    "two values of one dot": ("lww_map", b"k", MAP_ENTRY + b"\n2"),
    "one value of two dots": ("lww_map", b"k", ONE + b" " + AT + b"1\n1"),
    "a removed key with a value": ("lww_map", b"k", b"|" + MAP_ENTRY),
    "a value without a dot": ("lww_map", b"k", b"\n1"),
    "a packed register": ("mv_register", b"value", MAP_ENTRY),
    "a packed last": ("lww_register", b"value", MAP_ENTRY),
    "a control character in a register's field": ("lww_register", b"value\x1e", b"1000@b#1\n1"),
    "a control character in a counter's field": ("g_counter", b"b\x1e#1", b"1"),
    "a control character in a total": ("g_counter", b"b#1", b"1\x1e"),
}


@pytest.fixture
def client(new_client: NewClient) -> redis.Redis:
    """A server of its own."""
    return new_client("valkey")


@pytest.fixture(params=["server", "memory"])
def eu(request: pytest.FixtureRequest, client: redis.Redis) -> AnyReplica:
    """A replica with something in it, on a server and in memory."""
    in_memory = request.param == "memory"
    replica = memory.Replica(replica_id="eu") if in_memory else Replica(client, replica_id="eu")
    replica.or_set("c", str).add("here")
    return replica


def state_of(replica: AnyReplica, client: redis.Redis) -> Any:
    clock = replica.execute(ask.position(replica.keys(0), b"", None, "test")).clock
    return clock, replica.or_set("c", str).dump(), every_byte(client)


def joined(replica: AnyReplica, body: list[bytes], source: bytes = b"") -> replies.Applied:
    vouched = replies.Vouched(source, b"1" if source else b"")
    cursor = b"1" if source else b""
    request = ask.apply(replica.keys(0), vouched, b"", cursor, "more", 60.0, "0", body, "test")
    applied: replies.Applied = replica.execute(request)
    return applied


def test_what_is_well_formed(eu: AnyReplica) -> None:
    assert joined(eu, [TABLE, *FINE]).changed == 2
    assert joined(eu, [TABLE, *FINE]).changed == 0
    assert eu.or_set("c", str).get_elements() == {"here", "x", "y"}
    assert eu.or_set("c", str).dump().entries['"y"'] == "1000-7@d#1"
    # An alias is the sender's own, and means something else in the next batch.
    assert (
        joined(eu, [b"0 d#1 1 e#1", *group((b'"y"', AT + b"0-7"), (b'"z"', AT + b"1"))]).changed
        == 1
    )
    assert eu.or_set("c", str).dump().entries['"z"'] == "1000@e#1"
    assert joined(eu, []).changed == joined(eu, [b""]).changed == 0
    assert joined(eu, [b"", *group()]).changed == 0


@pytest.mark.parametrize("source", [b"", b"us#1"])
@pytest.mark.parametrize("body", ILL_FORMED_BODIES.values(), ids=ILL_FORMED_BODIES)
def test_bodies(eu: AnyReplica, client: redis.Redis, body: list[bytes], source: bytes) -> None:
    before = state_of(eu, client)
    with pytest.raises(InvalidDump):
        joined(eu, body, source)
    assert state_of(eu, client) == before


@pytest.mark.parametrize("case", ILL_FORMED_ENTRIES.values(), ids=ILL_FORMED_ENTRIES)
def test_entries(eu: AnyReplica, client: redis.Redis, case: tuple[str, bytes, bytes]) -> None:
    kind, field, entry = case
    body = [TABLE, *FINE, *group((field, entry), name=b"d", kind=kind.encode())]
    before = state_of(eu, client)
    with pytest.raises(InvalidDump):
        joined(eu, body)
    assert state_of(eu, client) == before
    applied = joined(eu, body, b"us#1")
    assert (applied.changed, applied.holds) == (2, False)
    (left_out,) = applied.refused
    assert (left_out.collection, left_out.kind) == ("d", kind)
    assert eu.or_set("c", str).get_elements() == {"here", "x", "y"}
    page = eu.execute(ask.scan(eu.keys(0), replies.Position(b"0", names=((b"d", kind),)), "test"))
    assert not list(page.entries())


@pytest.mark.parametrize(
    "text",
    [
        join_items([(b"k", MAP_ENTRY + b"\x1e")]),
        join_items([(b"k", MAP_ENTRY + b"\t")]),
        join_items([(b"k", MAP_ENTRY + b"\xed\xa0\x80")]),
        join_items([(b"k", MAP_ENTRY + b"\xc3"), (b"l", MAP_ENTRY)]),
        b"k" + SEPARATOR,
        b"k" + SEPARATOR + MAP_ENTRY,
        SEPARATOR * 3,
    ],
)
def test_what_readers_refuse(text: bytes) -> None:
    with pytest.raises(InvalidDump):
        read_body([TABLE, b"c", b"lww_map", b"", b"", text])


@pytest.mark.parametrize("key", ["\x1e", "\x00", "a\nb", "é\x1f", "\x7f", "\N{BOM}", ""])
def test_any_text_is_a_key(new_client: NewClient, key: str) -> None:
    eu, us = Replica(new_client("valkey"), replica_id="eu"), memory.Replica(replica_id="us")
    ap = Replica(new_client("valkey"), replica_id="ap")
    us.lww_map("c", str).set(key, key)
    for target, source in ((eu, us), (ap, eu)):
        assert target.pull(source).refused == ()
    eu.lww_map("c", str).set(key, "2")
    us.pull(eu)
    assert dict(us.lww_map("c", str).items()) == {key: "2"}
    assert dict(ap.lww_map("c", str).items()) == {key: key}


def test_what_is_no_text_at_a_source_does_not_spoil_the_rest(
    redis_client: redis.Redis, new_client: NewClient
) -> None:
    """A client in another language has written it."""
    us, eu = Replica(new_client("valkey"), replica_id="us"), Replica(redis_client, replica_id="eu")
    us.or_set("c", str).update(["x", "y"])
    for field in (b"\xff", b"a\xffb", b"\xfe\xff\xff"):
        write(us, "or_set/add", "or_set", field)
    for _ in range(2):
        report = eu.pull(us)
        assert len(report.refused) == 3
        assert eu.or_set("c", str).get_elements() == {"x", "y"}
    us.or_set("c", str).add("z")
    eu.pull(us)
    assert eu.or_set("c", str).get_elements() == {"x", "y", "z"}


def test_a_source_that_has_forgotten_who_wrote(
    redis_client: redis.Redis, new_client: NewClient
) -> None:
    """Its other entries are taken."""
    theirs = new_client("valkey")
    us, eu = Replica(theirs, replica_id="us"), Replica(redis_client, replica_id="eu")
    us.or_set("c", str).add("x")
    joined(us, [TABLE, *FINE])
    meta = us.keys(0).base[0]
    alias: Any = theirs.hget(meta, "d#1")
    theirs.hdel(meta, b"#" + alias)
    report = eu.pull(us)
    assert [refused_.field for refused_ in report.refused] == ['"y"']
    assert eu.or_set("c", str).get_elements() == {"x"}
    with refused(theirs, InvalidDump):
        us.or_set("c", str).dump()


def test_what_cannot_be_sent() -> None:
    for field, entry in (
        (b"\xff", b"1@a#1"),
        (b"x", b"1@a#1\xff"),
        (b"x", b"01@a#1"),
        (b"x", b"1@a"),
    ):
        with pytest.raises(InvalidDump):
            body_of([Group(b"c", "or_set", b"", b"", [(field, entry)])])
    with pytest.raises(InvalidDump):
        list(groups_of([b"", *FINE]))


large_times = st.builds(Time, st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))


@given(dot=dots | st.builds(Dot, large_times, st.just("a#1")))
def test_times_are_packed_and_unpacked(dot: Dot) -> None:
    plain = str(dot).encode()
    packing = Packing()
    packed = packing.pack(plain)
    assert Aliases(packing.writers()).unpack(packed) == plain
    assert unpack_time(pack_time(dot.time.ms)) == dot.time.ms


PACKED = [kind for kind in ENTRIES if kind in KINDS and KINDS[kind].has_dots]


@pytest.mark.parametrize("kind", PACKED)
@given(data=st.data())
def test_what_a_source_has_shown_is_known_by_its_dots(kind: str, data: st.DataObject) -> None:
    """Whatever their deadlines, and whoever else wrote the field."""
    batches = data.draw(st.lists(st.dictionaries(st.sampled_from([b"x", b"y"]), ENTRIES[kind])))
    shown, dots = Shown(), dict[bytes, set[bytes]]()
    for entries in batches:
        items = [(field, bytes(entry)) for field, entry in entries.items()]
        if body := body_of([Group(b"c", kind, b"", b"", items)]):
            shown.add(body)
        for field, entry in entries.items():
            live = entry.live if isinstance(entry, Dots) else ()
            dots.setdefault(field, set()).update(key_of(str(dot).encode()) for dot in live)
    place = (b"c", kind)
    everywhere = set().union(*dots.values()) if dots else set()
    for field in (b"x", b"y"):
        of_field = dots.get(field, set())
        assert shown.has(place, field, sorted(of_field))
        assert not any(shown.has(place, field, [dot]) for dot in everywhere - of_field)
    assert not shown.has(place, b"x", [b"........@nobody#1"])


@pytest.mark.parametrize("kind", [kind for kind in ENTRIES if kind in KINDS])
@given(data=st.data())
def test_what_is_sent_is_read_as_it_was(kind: str, data: st.DataObject) -> None:
    entries = data.draw(st.dictionaries(st.sampled_from([b"x", b"y", b"z"]), ENTRIES[kind]))
    items = [(field, bytes(entry)) for field, entry in entries.items()]
    sent = [Group(b"c", kind, b"1", b"a#1 1", items), Group(b"d", kind, b"", b"", items)]
    body = read_body(body_of(sent))
    assert list(groups_of(body)) == sent
    assert count(body) == len(list(entries_of(body))) == 2 * len(items)
