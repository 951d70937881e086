"""What every format has ever written is read, and goes on; what is newer than we are is refused."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import string
from collections import defaultdict
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import redis

from redis_crdt import Replica, memory, servers
from redis_crdt.core import formats
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import Keys
from redis_crdt.core.state import State
from redis_crdt.errors import InvalidDump, ReplicaMismatch
from redis_crdt.operations.refusals import explain
from redis_crdt.servers import Server
from tests.backends import NewClient, NewServer, require_binary
from tests.golden import ANY_TIME, PRESENT, Golden, all_golden, check, opened, read
from tests.golden.__main__ import CONTENTS, make

ALL = list(all_golden())

UPGRADE = "upgrade redis-crdt"


@pytest.fixture(params=ALL, ids=str)
def golden(request: pytest.FixtureRequest) -> Golden:
    """The files of each maker in turn, of each format."""
    chosen: Golden = request.param
    return chosen


def test_the_present_formats_have_golden_files() -> None:
    """Whoever raises a number makes them, and leaves those of the others where they are."""
    present = {(golden.flavour, golden.contents) for golden in ALL if golden.folder == PRESENT}
    assert present == set(product(servers.FLAVOURS, CONTENTS))
    for one in ALL:
        assert one.rdb.stat().st_size < 2**15
        assert all(one.dump(namespace).exists() for namespace in one.namespaces)


def test_every_type_is_in_some_of_them() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for golden in ALL:
        for content in golden.namespaces.values():
            found[golden.flavour] |= {collection["kind"] for collection in content["collections"]}
    assert set(found) == set(servers.FLAVOURS)
    for kinds in found.values():
        assert kinds == {kind for kind in KINDS if hasattr(Replica, kind)}


@pytest.mark.parametrize("contents", CONTENTS)
def test_files_could_be_made_now(tmp_path: Path, contents: str) -> None:
    """Those who raise a number need not mend the script first; it looks at all that it reads."""
    golden = Golden(tmp_path, "redis62", contents)
    make(require_binary("redis62"), golden)
    replica = memory.Replica(replica_id="reader", namespace="one")
    replica.load(golden.dump("one"))
    check(replica, golden.namespaces["one"]["collections"])


# RDBs ---------------------------------------------------------------------------------------


def rdb_version(path: Path) -> int:
    """The version in which a server has written an RDB: older servers cannot read newer ones."""
    return int(path.read_bytes()[:9].strip(string.ascii_letters.encode()))  # REDIS0009, VALKEY080


@pytest.fixture
def server(golden: Golden, server_flavour: servers.Flavour, new_server: NewServer) -> Server:
    """A server of each flavour in turn, on each RDB, which was there before it started."""
    server = new_server(server_flavour)
    data = Path(server.directory, "dump.rdb")
    with server.client() as client:
        client.save()
    if rdb_version(golden.rdb) > rdb_version(data):
        assert golden.flavour not in ("redis62", server_flavour)
        pytest.skip(f"{server.binary.version} does not read what a newer server has written")
    server.kill()
    shutil.copyfile(golden.rdb, data)
    server.restart()
    return server


def test_an_rdb_is_opened_by_every_server(golden: Golden, server: Server) -> None:
    for namespace, content in golden.namespaces.items():
        with Replica(server.client(), namespace=namespace, shards=content["shards"]) as replica:
            assert replica.replica_id == content["replica_id"]
            check(replica, content["collections"])


def test_what_an_rdb_holds_goes_on(golden: Golden, server: Server) -> None:
    """It is written to, dumped, collected, and pulled by a region that is new."""
    for namespace, content in golden.namespaces.items():
        options: dict[str, Any] = {"namespace": namespace, "shards": content["shards"]}
        later = memory.Replica(replica_id="later", max_drift=ANY_TIME, **options)
        with Replica(server.client(), max_drift=ANY_TIME, **options) as replica:
            later.sync(replica)
            check(later, content["collections"])
            file = io.BytesIO()
            assert replica.dump(file) > 0
            file.seek(0)
            again = memory.Replica(replica_id="again", max_drift=ANY_TIME, **options)
            again.load(file)
            check(again, content["collections"])
            replica.gc_tombstones(older_than=0)
            write_to_each(replica, content["collections"])
            later.sync(replica)
            for expected in content["collections"]:
                place = expected["kind"], expected["name"], expected["partitions"]
                reads = read(replica, *place)
                if expected["kind"] in ("g_counter", "pn_counter"):
                    assert reads["value"] == expected["reads"]["value"] + 1
                assert read(later, *place) == reads != expected["reads"], place


def switch(flag: Any) -> None:
    (flag.disable if flag.value() else flag.enable)()


def write_to_each(replica: Replica, collections: list[Any]) -> None:
    writes: dict[str, Any] = {
        "or_set": lambda one: one.add("new"),
        "lww_map": lambda one: one.set("new", "new"),
        "lww_register": lambda one: one.set("new"),
        "mv_register": lambda one: one.set("new"),
        "g_counter": lambda one: one.increment(),
        "pn_counter": lambda one: one.increment(),
        "g_set": lambda one: one.add("new"),
        "rw_set": lambda one: one.add("new"),
        "ew_flag": switch,
        "dw_flag": switch,
        "max_register": lambda one: one.set("\U0010ffff"),
        "min_register": lambda one: one.set(-(10**30)),
        "counter_map": lambda one: one.increment("new"),
        "sorted_map": lambda one: one.set("new", 0.5),
        "log": lambda one: one.append("new"),
        "cardinality": lambda one: one.add(*range(100)),
        "budget": lambda one: one.grant(1),
        "work_queue": lambda one: one.put("new"),
    }
    for expected in collections:
        kind, name, partitions = expected["kind"], expected["name"], expected["partitions"]
        writes[kind](opened(replica, kind, name, partitions))


# Dumps --------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "fakeredis", *servers.FLAVOURS])
def reader(request: pytest.FixtureRequest, new_client: NewClient) -> Any:
    """Makes a replica on each backend in turn, which holds nothing yet."""

    def make(**options: Any) -> Any:
        options = {"replica_id": "reader", "max_drift": ANY_TIME, **options}
        if request.param == "memory":
            return memory.Replica(**options)
        return Replica(new_client(request.param), **options)

    return make


@pytest.mark.parametrize("shards", [1, 3])
def test_a_dump_is_loaded_everywhere(golden: Golden, reader: Any, shards: int) -> None:
    for namespace, content in golden.namespaces.items():
        with reader(namespace=namespace, shards=shards) as replica:
            replica.load(golden.dump(namespace))
            check(replica, content["collections"])
            assert replica.load(golden.dump(namespace)) == 0


def test_a_collection_s_dump_is_merged_everywhere(golden: Golden, reader: Any) -> None:
    for namespace, content in golden.namespaces.items():
        with reader(namespace=namespace) as replica:
            for expected in content["collections"]:
                place = expected["kind"], expected["name"], expected["partitions"]
                if expected["name"] in ("twice", "long ago"):
                    continue  # a program gives one name one kind
                merged = opened(replica, *place).merge(json.dumps(expected["state"]))
                assert merged.dump().entries == expected["state"]["entries"], place


# Newer formats ------------------------------------------------------------------------------


def newer(line: bytes) -> bytes:
    """The first line of a dump, as a later version might write it."""
    header = json.loads(line)
    return json.dumps({**header, "version": formats.DUMPED + 1, "more": []}).encode() + b"\n"


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_file_of_a_newer_format_is_refused(golden: Golden, reader: Any, compress: Any) -> None:
    header, *rest = golden.dump("one").read_bytes().splitlines(keepends=True)
    file = io.BytesIO(compress(newer(header) + b"".join(rest)))
    with reader(namespace="one") as replica:
        with pytest.raises(InvalidDump, match=rf"format {formats.DUMPED + 1} .*{UPGRADE}"):
            replica.load(file)
        assert replica.collections() == []


def test_a_collection_s_dump_of_a_newer_format_is_refused(reader: Any) -> None:
    state = State(kind="or_set", entries={'"x"': "1@old#1"}).model_dump()
    with reader() as replica:
        tasks = replica.or_set("tasks", str)
        for version in (formats.DUMPED + 1, 10**20):
            bad = {**state, "version": version}
            with pytest.raises(InvalidDump, match=UPGRADE):
                tasks.merge(bad)
            with pytest.raises(InvalidDump, match=UPGRADE):
                tasks.merge(json.dumps(bad))
        assert not tasks


def raise_format(client: redis.Redis) -> None:
    """Bring a namespace to a newer format, as :mod:`redis_crdt.core.formats` says."""
    meta = Keys("default").base[0]
    client.hset(meta, "format", formats.STORED + 1)
    writer: Any = client.hget(meta, "writer")
    client.hset(meta, "written_by", writer)
    client.hdel(meta, "writer")


NEWER = rf"in format {formats.STORED + 1} is not known here, .* up to {formats.STORED} .*{UPGRADE}"


def state_of(client: redis.Redis) -> dict[Any, Any]:
    return {key: client.dump(key) for key in client.scan_iter("*")}


def test_a_namespace_of_a_newer_format_is_refused(redis_client: redis.Redis) -> None:
    with Replica(redis_client, replica_id="eu") as eu:
        eu.g_counter("done").increment()
        raise_format(redis_client)
        before = state_of(redis_client)
        with pytest.raises(ReplicaMismatch, match=NEWER):
            Replica(redis_client)
        # And by one who has had it open since before.
        with pytest.raises(ReplicaMismatch, match=NEWER):
            eu.g_counter("done").increment()
        with pytest.raises(ReplicaMismatch, match=NEWER):
            eu.gc_tombstones()
        assert state_of(redis_client) == before


def test_a_peer_of_a_newer_format_is_refused(
    redis_client: redis.Redis, new_client: NewClient
) -> None:
    """It is told which of the two is to be upgraded, and nothing of either is changed."""
    theirs = new_client("fakeredis")
    with Replica(redis_client, replica_id="eu") as eu, Replica(theirs, replica_id="us") as us:
        us.or_set("tasks").add("x")
        eu.sync(us)
        us.or_set("tasks").add("y")
        raise_format(theirs)
        before = state_of(redis_client), state_of(theirs)
        for exchange in (eu.pull, eu.sync, us.pull):
            with pytest.raises(ReplicaMismatch, match=NEWER):
                exchange(us if exchange != us.pull else eu)
        assert (state_of(redis_client), state_of(theirs)) == before


@pytest.mark.parametrize("answer", ["9" * 5000, "x" * 5000, "", "-1", "²", "3 or so"])
def test_a_peer_may_answer_whatever_format_it_likes(redis_client: redis.Redis, answer: str) -> None:
    class Peer(memory.Replica):
        def execute(self, operation: Any) -> Any:
            raise explain(redis.ResponseError(f"CRDTFORMAT {answer}"), operation)

    with Replica(redis_client, replica_id="eu") as eu:
        with pytest.raises(ReplicaMismatch, match=UPGRADE) as raised:
            eu.pull(Peer(replica_id="us"))
        assert len(str(raised.value)) < 300


def test_a_format_of_before_the_first_one_is_refused(redis_client: redis.Redis) -> None:
    with Replica(redis_client, replica_id="eu"):
        redis_client.hset(Keys("default").base[0], "format", 1)
    with pytest.raises(ReplicaMismatch, match=r"format 1 is of before .* load a dump"):
        Replica(redis_client)
