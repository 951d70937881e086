"""Limits on sizes hold on the server, whoever writes to it, and joins stay within them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from redis_crdt import Replica, State, memory
from redis_crdt.core.clock import Time, wall_clock
from redis_crdt.core.dots import MAX_DOTS
from redis_crdt.core.entries import MAX_BATCH, MAX_ENTRY, MAX_FIELD, MAX_JOINED, MAX_VALUE
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import MAX_NAME
from redis_crdt.errors import CRDTError, InvalidDump, InvalidValue
from redis_crdt.operations import requests as ask
from redis_crdt.operations.bodies import Group, body_of
from redis_crdt.operations.operation import Script
from tests.backends import NewClient
from tests.integration.refusals import refused, write_all

LONG_VALUE = b"1" * (MAX_VALUE + 1)
LONG_FIELD = b"1" * (MAX_FIELD + 1)


def write(replica: Replica, name: str, kind: str, *args: bytes, to: bytes = b"c") -> None:
    """Write as a client in another language might, which checks nothing."""
    keys = replica.keys(0)
    names = (*keys.base, keys.live(kind, to), keys.removed(kind, to))
    collection = KINDS[kind].letter.encode() + to
    replica.execute(Script(name, 0, names, (kind, collection, *args), about="a write"))


@pytest.mark.parametrize(
    ("name", "kind", "args"),
    [
        ("or_set/add", "or_set", (LONG_FIELD,)),
        ("lww_map/set", "lww_map", (LONG_FIELD, b"1")),
        ("lww_map/set", "lww_map", (b"k", LONG_VALUE)),
        ("lww_register/set", "lww_register", (b"value", LONG_VALUE)),
        ("mv_register/set", "mv_register", (LONG_VALUE, b"")),
    ],
)
def test_what_a_client_does_not_check_the_server_does(
    redis_client: redis.Redis, name: str, kind: str, args: tuple[bytes, ...]
) -> None:
    eu = Replica(redis_client, replica_id="eu")
    write_all(eu)
    with refused(redis_client, InvalidValue, "bytes"):
        write(eu, name, kind, *args)
    collection = KINDS[kind].letter.encode() + b"c"
    batched = [name, 0, kind, collection, len(args), *args]
    keys = eu.keys(0)
    names = (*keys.base, keys.live(kind, b"c"), keys.removed(kind, b"c"))
    with refused(redis_client, InvalidValue, "bytes"):
        eu.execute(Script("replica/batch", 0, names, tuple(batched), about="a batch"))


def test_names(redis_client: redis.Redis) -> None:
    eu = Replica(redis_client, replica_id="eu")
    write(eu, "counter/increment", "g_counter", b"", b"1", to=b"n" * MAX_NAME)
    with refused(redis_client, InvalidValue, "256 bytes"):
        write(eu, "counter/increment", "g_counter", b"", b"1", to=b"n" * (MAX_NAME + 1))


def dots(count: int, writer: str = "w") -> str:
    return "|" + " ".join(sorted(f"1@{writer}#{i:05}" for i in range(count)))


AnyReplica = Replica | memory.Replica


@pytest.fixture(params=["server", "memory"])
def make(request: pytest.FixtureRequest, new_client: NewClient) -> Callable[[str], AnyReplica]:
    """Makes replicas on servers, and in memory."""
    if request.param == "memory":
        return lambda name: memory.Replica(replica_id=name)
    return lambda name: Replica(new_client("valkey"), replica_id=name)


def merge(replica: AnyReplica, kind: str, field: str, entry: str) -> None:
    body = body_of([Group(b"c", kind, b"", b"", [(field.encode(), entry.encode())])])
    replica.execute(ask.merge(replica.keys(0), 60.0, Time(0), "", body, "test"))


def test_dots(make: Callable[[str], AnyReplica]) -> None:
    eu = make("eu")
    with pytest.raises(InvalidDump):
        merge(eu, "or_set", '"x"', dots(MAX_DOTS + 1))
    merge(eu, "or_set", '"x"', dots(MAX_DOTS))
    with pytest.raises(InvalidDump):
        merge(eu, "or_set", '"x"', dots(1, "another"))
    with pytest.raises(InvalidDump):
        State.load({"kind": "or_set", "entries": {'"x"': dots(MAX_DOTS + 1)}}, "or_set")
    if isinstance(eu, Replica):
        with pytest.raises(InvalidValue, match="dots"):
            eu.or_set("c", str).add("x")
    assert len(eu.or_set("c", str)) == 0


def test_entries(make: Callable[[str], AnyReplica]) -> None:
    eu = make("eu")
    with pytest.raises(InvalidDump):
        merge(eu, "lww_register", "value", "1@w#1\n" + "1" * MAX_ENTRY)
    for kind, field in (("lww_map", "k"), ("mv_register", "value")):
        with pytest.raises(InvalidDump):  # such hold what several regions wrote
            merge(eu, kind, field, "1@w#1\n" + "1" * MAX_JOINED)
    with pytest.raises(InvalidDump):
        merge(eu, "lww_map", "k" * (MAX_FIELD + 1), "1@w#1\n1")


def test_entries_of_a_batch(make: Callable[[str], AnyReplica]) -> None:
    eu = make("eu")
    items = [(b"w#%d" % i, b"1") for i in range(MAX_BATCH + 1)]
    body = body_of([Group(b"c", "g_counter", b"", b"", items)])
    with pytest.raises(InvalidDump):
        eu.execute(ask.merge(eu.keys(0), 60.0, Time(0), "", body, "test"))
    assert eu.g_counter("c").value() == 0


def test_large_concurrent_values_pass_on(make: Callable[[str], AnyReplica]) -> None:
    """Each region keeps to the limit, and what is joined of them still travels."""
    regions: list[Any] = [make(name) for name in ("eu", "us", "ap")]
    for i, region in enumerate(regions):
        region.mv_register("owner", str).set(str(i) * (MAX_VALUE - 2))
    for _ in range(2):
        for one in regions:
            for other in regions:
                if one is not other:
                    one.pull(other)
    assert [len(region.mv_register("owner").get()) for region in regions] == [3, 3, 3]
    empty = memory.Replica(replica_id="none").mv_register("none").get_with_context().context
    with pytest.raises(InvalidValue, match="concurrent"):
        regions[0].mv_register("owner", str).set("one more beside them", empty)
    regions[0].mv_register("owner", str).set("in place of them")


@pytest.mark.parametrize("kind", ["or_set", "lww_map", "mv_register"])
def test_a_time_that_leaves_no_room(make: Callable[[str], AnyReplica], kind: str) -> None:
    """A liar's last possible sequence number must not spoil the clocks of those who join it."""
    eu, us = make("eu"), make("us")
    field = {"or_set": '"x"', "lww_map": "x", "mv_register": "value"}[kind]
    entry = f"{wall_clock() + 50_000}-{10**15 - 1}@liar#1" + ("" if kind == "or_set" else "\n1")
    merge(eu, kind, field, entry)
    collection: Any = getattr(eu, kind)("c")
    write_again = {"or_set": ("x",), "lww_map": ("x", 2), "mv_register": (2,)}[kind]
    (collection.add if kind == "or_set" else collection.set)(*write_again)
    eu.or_set("others", str).add("y")
    us.pull(eu)
    assert getattr(us, kind)("c").dump() == collection.dump()
    KINDS[kind].parse(field.encode(), collection.dump().entries[field].encode())
    with pytest.raises(CRDTError):
        merge(us, kind, field, entry.replace("-9", "-99"))
