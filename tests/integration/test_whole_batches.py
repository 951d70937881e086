"""A batch is all or none: whatever fails in it, at its last operation too, leaves every byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from redis_crdt import Replica, State
from redis_crdt.core.dots import MAX_DOTS
from redis_crdt.core.entries import MAX_FIELD, MAX_VALUE
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import Keys
from redis_crdt.errors import (
    BatchAborted,
    CounterOverflow,
    CRDTError,
    ForeignKey,
    InvalidValue,
    KindMismatch,
    ServerFull,
)
from redis_crdt.operations.operation import Script
from redis_crdt.servers import Flavour as ServerFlavour
from tests.backends import NewServer
from tests.integration.refusals import put, refused, write_all

Record = Callable[[Any, Replica], None]


@pytest.fixture
def eu(redis_client: redis.Redis) -> Replica:
    """A replica with something of every type in it, on each kind of server in turn."""
    replica = Replica(redis_client, replica_id="eu")
    write_all(replica)
    return replica


def all_kinds(batch: Any, eu: Replica) -> None:
    """What changes something of every type, and would be there if the batch were."""
    batch.on(eu.or_set("tasks", str)).add("new")
    batch.on(eu.or_set("tasks", str)).remove("here")
    batch.on(eu.g_counter("done")).increment(5)
    batch.on(eu.pn_counter("pool")).decrement(5)
    batch.on(eu.lww_register("config", int)).set(7)
    batch.on(eu.mv_register("owner", str)).set("z")
    batch.on(eu.lww_map("status", str)).set("a", "changed")
    batch.on(eu.lww_map("status", str)).delete("b")
    batch.on(eu.or_set("a new one", str)).add("x")


def two_large_values(batch: Any, eu: Replica) -> None:
    owner = eu.mv_register("large", str)
    nothing = owner.get_with_context().context
    for letter in "xy":
        batch.on(owner).set(letter * (MAX_VALUE * 6 // 10), nothing)


def a_full_element_twice(batch: Any, eu: Replica) -> None:
    full = eu.or_set("full", str)
    batch.on(full).add("hot")
    batch.on(full).remove("nothing")
    batch.on(full).add("hot")


def counted_twice(batch: Any, eu: Replica) -> None:
    for _ in range(2):
        batch.on(eu.g_counter("done")).increment(2**62)


def removed_twice(batch: Any, eu: Replica) -> None:
    for _ in range(2):
        batch.on(eu.or_set("tasks", str)).remove("here", required=True)


def of_two_kinds(batch: Any, eu: Replica) -> None:
    batch.on(eu.or_set("yet another", str)).add("x")
    batch.on(eu.lww_map("yet another", str)).set("k", "v")


@pytest.mark.parametrize(
    ("fails", "exception"),
    [
        (two_large_values, InvalidValue),
        (a_full_element_twice, InvalidValue),
        (counted_twice, CounterOverflow),
        (removed_twice, BatchAborted),
        (of_two_kinds, KindMismatch),
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_what_fails(
    eu: Replica,
    redis_client: redis.Redis,
    fails: Record,
    exception: type[CRDTError],
    last: bool,
) -> None:
    if fails is a_full_element_twice:
        dots = sorted(f"{i + 1}@w{i:04}#1" for i in range(MAX_DOTS - 1))
        dots.sort(key=lambda dot: dot.partition("@")[2])
        eu.or_set("full", str).merge(State(kind="or_set", entries={'"hot"': " ".join(dots)}))
    with refused(redis_client, exception), eu.batch() as batch:
        for record in (all_kinds, fails) if last else (fails, all_kinds):
            record(batch, eu)
    with eu.batch() as batch:
        all_kinds(batch, eu)
    assert eu.g_counter("done").value() == 8


def operation(name: str, kind: str, to: bytes, *args: Any) -> tuple[list[Any], list[bytes]]:
    """One as a client in another language might send it, which checks nothing."""
    keys = Keys("default")
    collection = KINDS[kind].letter.encode() + to
    sent = [name, 0, kind, collection, len(args), *args]
    return sent, [keys.live(kind, to), keys.removed(kind, to)]


@pytest.mark.parametrize(
    ("last", "exception"),
    [
        (("or_set/add", "or_set", b"tasks", b"1" * (MAX_FIELD + 1)), InvalidValue),
        (("lww_map/set", "lww_map", b"status", b"k", b"1" * (MAX_VALUE + 1)), InvalidValue),
        (("lww_map/set", "lww_map", b"n" * 256, b"k", b"1"), InvalidValue),
        (
            ("lww_register/set", "lww_register", b"r", b"value", b"1" * (MAX_VALUE + 1)),
            InvalidValue,
        ),
        (("or_set/add", "or_set", b"done", b'"x"'), KindMismatch),
        (
            ("counter/increment", "g_counter", b"done", b"", str(2**63 - 1).encode()),
            CounterOverflow,
        ),
    ],
)
def test_what_a_client_does_not_check(
    eu: Replica,
    redis_client: redis.Redis,
    last: tuple[Any, ...],
    exception: type[CRDTError],
) -> None:
    good = [
        operation("or_set/add", "or_set", b"tasks", b'"new"'),
        operation("counter/increment", "g_counter", b"done", b"", b"5"),
        operation("lww_map/delete", "lww_map", b"status", b"a"),
    ]
    args, keys = zip(*good, operation(*last), strict=True)
    flat = tuple(part for one in args for part in one)
    names = (*Keys("default").base, *(key for pair in keys for key in pair))
    with refused(redis_client, exception):
        eu.execute(Script("replica/batch", 0, names, flat, about="a batch"))


@pytest.mark.parametrize("foreign", ["string", "list"])
@pytest.mark.parametrize(
    ("kind", "name"),
    [("mv_register", "owner"), ("lww_map", "status"), ("g_counter", "done"), ("or_set", "tasks")],
)
def test_a_key_of_another_program(
    eu: Replica, redis_client: redis.Redis, kind: str, name: str, foreign: str
) -> None:
    put(redis_client, Keys("default").live(kind, name.encode()), foreign)
    with refused(redis_client, ForeignKey), eu.batch() as batch:
        batch.on(eu.or_set("first", str)).add("x")
        all_kinds(batch, eu)


@pytest.mark.parametrize("kind", ["or_set", "lww_map", "mv_register"])
def test_a_key_of_another_program_where_wide_entries_are_noted(
    eu: Replica, redis_client: redis.Redis, kind: Any
) -> None:
    """What has seen much is noted; that key is looked at before anything is written."""
    seen = " ".join(f"{i + 1}@w{i:02}#1" for i in range(20))
    field = {"or_set": '"x"', "lww_map": "k", "mv_register": "value"}[kind]
    collection: Any = getattr(eu, kind)("wide")
    collection.merge(State(kind=kind, entries={field: f"|{seen}"}))
    put(redis_client, Keys("default").prefix + b"wide", "string")
    write = {"or_set": ("x",), "lww_map": ("k", 1), "mv_register": (1,)}[kind]
    with refused(redis_client, ForeignKey):
        (collection.add if kind == "or_set" else collection.set)(*write)
    with refused(redis_client, ForeignKey), eu.batch() as batch:
        all_kinds(batch, eu)
        on = batch.on(collection)
        (on.add if kind == "or_set" else on.set)(*write)
    live = "30@x#1|" + seen + {"or_set": "", "lww_map": "\n1", "mv_register": "\n1"}[kind]
    with refused(redis_client, ForeignKey):
        collection.merge(State(kind=kind, entries={field: live}))


def test_a_full_server(new_server: NewServer, server_flavour: ServerFlavour) -> None:
    with new_server(server_flavour).client() as client:
        eu = Replica(client, replica_id="eu")
        write_all(eu)
        with eu.batch() as batch:
            all_kinds(batch, eu)
        client.config_set("maxmemory", 1)
        with refused(client, ServerFull), eu.batch() as batch:
            all_kinds(batch, eu)
            batch.on(eu.g_counter("done")).increment()
