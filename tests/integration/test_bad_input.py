"""Bad input: a clear exception of ours, and every byte as it was."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from redis_crdt import Replica, State, memory
from redis_crdt.core.fields import VALUE as REGISTER_FIELD
from redis_crdt.core.names import Keys
from redis_crdt.errors import (
    ClockDrift,
    CounterOverflow,
    ForeignKey,
    InvalidAmount,
    InvalidDump,
    InvalidName,
    InvalidValue,
    KindMismatch,
    NamespaceMissing,
    ReplicaConflict,
    ReplicaMismatch,
)
from redis_crdt.operations import requests as ask
from redis_crdt.operations.bodies import Group, groups_of
from redis_crdt.operations.operation import as_is
from tests.backends import NewClient
from tests.faults.wire import careless_body
from tests.integration.refusals import DOT, put, refused, write_all, writes

VALUE = REGISTER_FIELD.decode()
HOUR = 3600


@pytest.fixture
def eu(redis_client: redis.Redis) -> Replica:
    """A replica with something of every type in it, on each kind of server in turn."""
    replica = Replica(redis_client, replica_id="eu")
    write_all(replica)
    return replica


# What the caller passes ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "a\nb", "\x7f", "x" * 256, "é" * 128, "\ud800", 7])
@pytest.mark.parametrize("kind", ["or_set", "g_counter", "lww_map"])
def test_names(eu: Replica, redis_client: redis.Redis, kind: str, name: Any) -> None:
    with refused(redis_client, InvalidName, "name"):
        getattr(eu, kind)(name)


@pytest.mark.parametrize("setting", ["namespace", "replica_id"])
@pytest.mark.parametrize("name", ["", "a b", "{a}", "é", "x" * 65, "-a"])
def test_names_of_replicas(redis_client: redis.Redis, setting: str, name: str) -> None:
    with refused(redis_client, InvalidName):
        Replica(redis_client, **{"replica_id": "eu", setting: name})  # type: ignore[arg-type]


def test_amounts(eu: Replica, redis_client: redis.Redis) -> None:
    done, pool = eu.g_counter("done"), eu.pn_counter("pool")
    for count in (done.increment, pool.increment, pool.decrement):
        with refused(redis_client, InvalidAmount, "-1"):
            count(-1)
        with refused(redis_client, CounterOverflow):
            count(2**63)
    with refused(redis_client, CounterOverflow, "stands at 3"):
        done.increment(2**63 - 3)
    done.increment(2**63 - 4)
    assert done.value() == 2**63 - 1


def test_values_of_another_type(eu: Replica, redis_client: redis.Redis) -> None:
    calls: list[Callable[[Any], object]] = [
        eu.or_set("tasks", str).add,
        eu.lww_register("config", int).set,
        eu.mv_register("owner", str).set,
        lambda v: eu.lww_map("status", str).set("a", v),
    ]
    for call in calls:
        for value in (None, float("nan"), object(), ["x"]):
            with refused(redis_client, InvalidValue):
                call(value)
    with refused(redis_client, InvalidValue):
        eu.or_set("tasks", str).update(["fine", 7])
    with refused(redis_client, InvalidValue):
        eu.lww_map("any").set("a", float("inf"))


def test_values_that_are_too_long(eu: Replica, redis_client: redis.Redis) -> None:
    with refused(redis_client, InvalidValue, "at most 65536"):
        eu.or_set("tasks", str).add("x" * 70_000)
    with refused(redis_client, InvalidValue, "at most 1044480"):
        eu.lww_register("any").set("x" * 1_100_000)
    with refused(redis_client, InvalidValue, "at most 65536"):
        eu.lww_map("status", str).set("k" * 70_000, "")


def test_another_kind(eu: Replica, redis_client: redis.Redis) -> None:
    with refused(redis_client, KindMismatch, "'tasks' is a or_set"):
        eu.g_counter("tasks")
    with refused(redis_client, KindMismatch, "'done' is a g_counter"):
        eu.pn_counter("done")


def test_a_collection_that_became_another_kind(eu: Replica, redis_client: redis.Redis) -> None:
    first, second = eu.or_set("new", str), eu.lww_map("new", str)  # nobody has written yet
    first.add("x")
    with refused(redis_client, KindMismatch, "'new' is a or_set"):
        second.set("a", "b")


# What other programs leave ------------------------------------------------------------------


@pytest.mark.parametrize("foreign", ["string", "list", "stream"])
def test_a_key_of_another_program(eu: Replica, redis_client: redis.Redis, foreign: str) -> None:
    calls = writes(eu)
    keys, collections = (
        Keys("default"),
        (
            ("or_set", "tasks"),
            ("g_counter", "done"),
            ("pn_counter", "pool"),
            ("lww_register", "config"),
            ("mv_register", "owner"),
            ("lww_map", "status"),
            ("counter_map", "scores"),
            ("sorted_map", "ranks"),
            ("work_queue", "jobs"),
        ),
    )
    for kind, name in collections:
        put(redis_client, keys.live(kind, name.encode()), foreign)
    for call in calls:
        with refused(redis_client, ForeignKey, "another program"):
            call()


def test_a_tombstones_key_of_another_program(eu: Replica, redis_client: redis.Redis) -> None:
    tasks, status = eu.or_set("tasks", str), eu.lww_map("status", str)
    put(redis_client, Keys("default").removed("or_set", b"tasks"), "string")
    put(redis_client, Keys("default").removed("lww_map", b"status"), "string")
    for call in (
        lambda: tasks.add("new"),
        lambda: tasks.remove("here"),
        tasks.clear,
        lambda: status.set("new", "idle"),  # what is there has no tombstone
        lambda: status.delete("a"),
        lambda: tasks.merge(State(kind="or_set", entries={'"new"': DOT})),
    ):
        with refused(redis_client, ForeignKey, "another program"):
            call()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_shared_key_of_another_program(eu: Replica, redis_client: redis.Redis, at: int) -> None:
    calls = writes(eu)
    if at == 2:  # what is there is of a kind that is known, and needs no look at the directory
        tasks, status = eu.or_set("tasks", str), eu.lww_map("status", str)
        calls = [lambda: tasks.add("new"), lambda: status.set("new", "idle")]
        calls += [
            lambda: tasks.update(["here", "new"]),
            lambda: eu.mv_register("owner", str).set("b"),
        ]
    if at == 1:  # a lease is this region's alone: no feed tells of it
        calls = [call for call in calls if getattr(call, "__name__", "") != "extend"]
    put(redis_client, Keys("default").base[at], "string")
    for call in calls:
        with refused(redis_client, ForeignKey, "another program"):
            call()


# Dumps --------------------------------------------------------------------------------------

ILL_FORMED: list[tuple[str, str, str]] = [
    ("or_set", '"x"', ""),
    ("or_set", '"x"', "nonsense"),
    ("or_set", '"x"', f"{DOT} {DOT}"),
    ("or_set", '"x"', f"{DOT}|{DOT}"),
    ("or_set", '"x"', "2000@c#1 1000@b#1"),
    ("or_set", '"x"', "01000@b#1"),
    ("or_set", '"x"', "1000-0@b#1"),
    ("or_set", '"x"', "1e3@b#1"),
    ("or_set", '"x"', "9" * 20 + "@b#1"),
    ("or_set", '"x"', "1000@b"),
    ("or_set", '"x"', DOT + "\n1"),
    ("or_set", "", DOT),
    ("g_counter", "b#1", "-1"),
    ("g_counter", "b#1", "01"),
    ("g_counter", "b#1", str(2**63)),
    ("g_counter", "+b#1", "1"),
    ("pn_counter", "b#1", "1"),
    ("lww_register", "x", "1000@b#1\n1"),
    ("mv_register", VALUE, DOT),
    ("mv_register", VALUE, f"{DOT}\n1\n2"),
    ("lww_map", "k", ""),
]


def opened(replica: Replica, kind: str) -> Any:
    return getattr(replica, kind)("merged")


@pytest.mark.parametrize(("kind", "field", "entry"), ILL_FORMED)
def test_ill_formed_dumps(
    eu: Replica, redis_client: redis.Redis, kind: str, field: str, entry: str
) -> None:
    dump = json.dumps({"version": 1, "kind": kind, "entries": {field: entry}})
    with refused(redis_client, InvalidDump):
        opened(eu, kind).merge(dump)
    with refused(redis_client, InvalidDump):
        eu.load(ndjson([("fine", "or_set", '"y"', DOT), ("merged", kind, field, entry)]))


class Planted(memory.Replica):
    """A replica that sends an entry which it does not hold, as long as it is not mended."""

    planted: Group | None = None

    def execute(self, operation: Any) -> Any:
        if getattr(operation, "name", "") != "replica/delta":
            return super().execute(operation)
        *head, body = super().execute(operation._replace(read=as_is))
        if self.planted and body:
            body = careless_body([*groups_of(body), self.planted])
        return operation.read([*head, body])


@pytest.mark.parametrize(("kind", "field", "entry"), [case for case in ILL_FORMED if case[2]])
def test_a_peer_that_sends_ill_formed_entries(
    eu: Replica, kind: str, field: str, entry: str
) -> None:
    """It is left out and told; the rest is joined, but nothing is claimed to be known."""
    us = Planted(replica_id="us")
    us.or_set("fine", str).add("y")
    us.planted = Group(b"merged", kind, b"0", b"", [(field.encode(), entry.encode())])
    for _ in range(2):
        report = eu.pull(us)
        (refused_,) = report.refused
        assert (refused_.collection, refused_.kind, refused_.field) == ("merged", kind, field)
        assert refused_.reason
        assert set(eu.or_set("fine", str)) == {"y"}
        known = eu.execute(ask.knowledge(eu.keys(0), "test")).known
        assert not any(writer.startswith(b"us#") for writer in known)
    us.or_set("fine", str).add("later")
    assert len(eu.pull(us).refused) == 1
    assert set(eu.or_set("fine", str)) == {"y", "later"}
    us.planted = None
    assert eu.pull(us).refused == ()
    known = eu.execute(ask.knowledge(eu.keys(0), "test")).known
    assert any(writer.startswith(b"us#") for writer in known)
    assert eu.pull(us).entries == 0


@pytest.mark.parametrize(
    "entry", [b'1000@b#1\n"\xff"', b'1000@b#1\n"\x01"', b"1000@b#1\n\xed\xa0\x80"]
)
def test_a_peer_that_sends_no_text(eu: Replica, redis_client: redis.Redis, entry: bytes) -> None:
    us = Planted(replica_id="us")
    us.or_set("fine", str).add("y")
    us.planted = Group(b"merged", "lww_map", b"0", b"", [(b"k", entry)])
    with refused(redis_client, InvalidDump):
        eu.pull(us)


def test_dumps_of_the_wrong_kind_or_version(eu: Replica, redis_client: redis.Redis) -> None:
    tasks, whole = eu.or_set("tasks", str), eu.or_set("tasks", str).dump()
    with refused(redis_client, KindMismatch, "g_counter into a or_set"):
        tasks.merge(eu.g_counter("done").dump())
    text = whole.model_dump_json()
    for bad in (
        text[:-5],
        "",
        "[]",
        text.replace('"version":1', '"version":2'),
        text.replace('"version":1', '"version":"1"'),
        text.replace("{", '{"extra":1,', 1),
        b"\xff",
    ):
        with refused(redis_client, InvalidDump):
            tasks.merge(bad)


def test_values_of_another_type_in_a_dump(eu: Replica, redis_client: redis.Redis) -> None:
    with refused(redis_client, InvalidValue):
        eu.or_set("tasks", str).merge(State(kind="or_set", entries={"7": DOT}))
    for not_canonical in ("x", '{"a": 1}', "NaN"):
        with refused(redis_client, InvalidValue):
            eu.or_set("any").merge(State(kind="or_set", entries={not_canonical: DOT}))
    with refused(redis_client, InvalidValue):
        eu.lww_map("status", str).merge(State(kind="lww_map", entries={"a": f"{DOT}\n7"}))
    with refused(redis_client, InvalidValue):
        eu.lww_map("any").merge(State(kind="lww_map", entries={"a": f"{DOT}\nNaN"}))


def in_an_hour() -> str:
    return f"{int((time.time() + HOUR) * 1000)}@b#1"


@pytest.mark.parametrize("kind", ["or_set", "lww_map", "lww_register", "mv_register"])
def test_a_time_an_hour_ahead(eu: Replica, redis_client: redis.Redis, kind: str) -> None:
    field = {"or_set": '"x"', "lww_map": "x"}.get(kind, VALUE)
    entry = in_an_hour() + ("" if kind == "or_set" else "\n1")
    with refused(
        redis_client, ClockDrift, r"ahead of this replica's clock.* 35[34]\d s; .* in all regions"
    ):
        opened(eu, kind).merge(State(kind=kind, entries={field: entry}))
    lines = [("fine", "or_set", f'"{i}"', DOT) for i in range(600)]
    with refused(redis_client, ClockDrift):
        eu.load(ndjson([*lines, ("merged", kind, field, entry)]))


def test_a_time_an_hour_ahead_in_what_was_seen(eu: Replica, redis_client: redis.Redis) -> None:
    with refused(redis_client, ClockDrift):
        eu.or_set("tasks", str).merge(State(kind="or_set", entries={'"x"': f"|{in_an_hour()}"}))


def ndjson(lines: list[tuple[str, str, str, str]], entries: int | None = None) -> io.BytesIO:
    names = ("collection", "kind", "field", "entry")
    rows: list[dict[str, Any]] = [
        {"format": "redis_crdt", "version": 1, "namespace": "default", "replica_id": "b"},
        *(dict(zip(names, line, strict=True)) for line in lines),
        {"entries": len(lines) if entries is None else entries},
    ]
    return io.BytesIO(b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def test_files(eu: Replica, redis_client: redis.Redis) -> None:
    good = [("fine", "or_set", f'"{i}"', DOT) for i in range(1200)]
    whole = ndjson(good).getvalue()
    lines = whole.splitlines(keepends=True)
    for bad in (
        b"",
        whole[: len(whole) // 2],
        b"".join(lines[:-1]),
        b"".join(lines[1:]),
        b"".join([*lines[:5], *lines[6:]]),
        whole + b"{}",
        whole.replace(b'"version": 1', b'"version": 2'),
        whole[:-40] + b"\xff" + whole[-39:],
        ndjson(good, 7).getvalue(),
        ndjson([*good, ("a\nb", "or_set", '"x"', DOT)]).getvalue(),
    ):
        with refused(redis_client, InvalidDump):
            eu.load(io.BytesIO(bad))
    assert eu.load(io.BytesIO(whole)) == len(good)


# Replicas that do not match -----------------------------------------------------------------


def test_replicas_that_do_not_match(
    eu: Replica, redis_client: redis.Redis, new_client: NewClient
) -> None:
    with refused(redis_client, ReplicaMismatch, "'eu'"):
        Replica(redis_client, replica_id="us")
    with refused(redis_client, ReplicaMismatch, "shards"):
        Replica(redis_client, replica_id="eu", shards=2)
    with refused(redis_client, NamespaceMissing, "replica_id"):
        Replica(redis_client, namespace="new")
    with refused(redis_client, ReplicaConflict):
        eu.pull(eu)
    with refused(redis_client, ReplicaMismatch):
        eu.pull(Replica(new_client("fakeredis"), replica_id="us", namespace="other"))
    twin = Replica(new_client("fakeredis"), replica_id="eu")
    twin.g_counter("done").increment()
    with refused(redis_client, ReplicaConflict):
        eu.pull(twin)
