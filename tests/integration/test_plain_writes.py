"""Plain writes, carried out in front of all else, write what the rest would have written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from string import ascii_lowercase
from typing import Any, NamedTuple

import pytest
import redis

from redis_crdt import Replica, servers
from redis_crdt.core.clock import Time
from redis_crdt.core.entries import MAX_FIELD, MAX_VALUE
from redis_crdt.core.ids import time_text as log_time
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import Keys
from redis_crdt.operations.operation import as_is
from redis_crdt.operations.packed import pack_time
from redis_crdt.transport.scripts import load
from redis_crdt.types.cardinality.registers import entries_of
from tests.integration.test_big_collections import calls

TO_COME = 4 * 10**12
"""A time that is to come."""


class Write(NamedTuple):
    """A write to the collection that has the name of its kind."""

    script: str
    kind: str
    args: tuple[bytes, ...]


VISIT = next(iter(entries_of([b'"x"']).items()))
"""The registers that an element raises."""

WRITES = {
    "add": Write("or_set/add", "or_set", (b'"x"',)),
    "add another": Write("or_set/add", "or_set", (b'"another"',)),
    "add two": Write("or_set/add", "or_set", (b'"x"', b'"y"')),
    "put": Write("lww_map/set", "lww_map", (b"x", b'"new"')),
    "put another": Write("lww_map/set", "lww_map", (b"another", b'"new"')),
    "put two": Write("lww_map/set", "lww_map", (b"x", b'"new"', b"y", b'"new"')),
    "add many": Write("or_set/add", "or_set", tuple(b'"%c"' % (97 + n % 26) for n in range(40))),
    "put many": Write(
        "lww_map/set", "lww_map", tuple(b"%c" % (97 + n // 2 % 26) for n in range(80))
    ),
    "put one and a half": Write("lww_map/set", "lww_map", (b"x", b'"new"', b"y")),
    "remove": Write("or_set/remove", "or_set", (b'"x"',)),
    "remove two": Write("or_set/remove", "or_set", (b'"x"', b'"y"')),
    "remove another": Write("or_set/remove", "or_set", (b'"another"',)),
    "delete": Write("lww_map/delete", "lww_map", (b"x",)),
    "delete two": Write("lww_map/delete", "lww_map", (b"x", b"y")),
    "delete another": Write("lww_map/delete", "lww_map", (b"another",)),
    "assign": Write("lww_register/set", "lww_register", (b"value", b'"new"')),
    "count": Write("counter/increment", "g_counter", (b"", b"3")),
    "count nothing": Write("counter/increment", "g_counter", (b"", b"0")),
    "count much": Write("counter/increment", "g_counter", (b"", b"9223372036854775800")),
    "spend": Write("budget/spend", "budget", (b"own", b"3", b"0")),
    "spend all": Write("budget/spend", "budget", (b"own", b"8", b"0")),
    "spend too much": Write("budget/spend", "budget", (b"own", b"9", b"0")),
    "spend nothing": Write("budget/spend", "budget", (b"own", b"0", b"0")),
    "count back": Write("counter/increment", "pn_counter", (b"-", b"3")),
    "rank": Write("sorted_map/set", "sorted_map", (b"x", b"2.5")),
    "rank another": Write("sorted_map/set", "sorted_map", (b"another", b"-3e+20")),
    "rank two": Write("sorted_map/set", "sorted_map", (b"x", b"2", b"y", b"3")),
    "rank by no number": Write("sorted_map/set", "sorted_map", (b"x", b"1e")),
    "rank no more": Write("sorted_map/delete", "sorted_map", (b"x",)),
    "rank two no more": Write("sorted_map/delete", "sorted_map", (b"x", b"y")),
    "see": Write("g_set/add", "g_set", (b'"x"',)),
    "see another": Write("g_set/add", "g_set", (b'"another"',)),
    "see two": Write("g_set/add", "g_set", (b'"x"', b'"another"')),
    "visit": Write("cardinality/add", "cardinality", VISIT),
    "visit by more": Write("cardinality/add", "cardinality", (VISIT[0], b"2" * 64)),
    "visit by two": Write("cardinality/add", "cardinality", (*VISIT, b"255", b"1" * 64)),
    "append": Write("log/append", "log", (b"", b"", b'"new"')),
    "append two": Write("log/append", "log", (b"", b"", b'"new"', b'"newer"')),
    "append where there is room": Write("log/append", "log", (b"1000", b"", b'"new"')),
    "append and trim": Write("log/append", "log", (b"1", b"", b'"new"')),
    "task": Write("work_queue/put", "work_queue", (b"0", b"0", b'"new"')),
    "task of a priority": Write("work_queue/put", "work_queue", (b"-3", b"0", b'"new"')),
    "task later": Write("work_queue/put", "work_queue", (b"7", b"9999999999999", b'"new"')),
    "append of some age": Write("log/append", "log", (b"", b"100000000", b'"new"')),
}

LATER = ("sorted_map", "g_set", "log", "cardinality", "work_queue")

TOO_MUCH = {
    "add too much": Write("or_set/add", "or_set", (b"1" * (MAX_FIELD + 1),)),
    "add too much after another": Write("or_set/add", "or_set", (b'"y"', b"1" * (MAX_FIELD + 1))),
    "put too much after another": Write(
        "lww_map/set", "lww_map", (b"y", b"1", b"x", b"1" * (MAX_VALUE + 1))
    ),
    "put too much": Write("lww_map/set", "lww_map", (b"x", b"1" * (MAX_VALUE + 1))),
    "put under too much": Write("lww_map/set", "lww_map", (b"1" * (MAX_FIELD + 1), b"1")),
    "rank too much": Write("sorted_map/set", "sorted_map", (b"1" * (MAX_FIELD + 1), b"1")),
    "rank by too much": Write("sorted_map/set", "sorted_map", (b"x", b"1" * 401)),
    "see too much": Write("g_set/add", "g_set", (b"1" * (MAX_FIELD + 1),)),
    "append too much": Write("log/append", "log", (b"", b"", b"1" * (MAX_VALUE + 1))),
    "task too much": Write("work_queue/put", "work_queue", (b"0", b"0", b"1" * (MAX_VALUE + 1))),
    "assign too much": Write(
        "lww_register/set", "lww_register", (b"value", b"1" * (MAX_VALUE + 1))
    ),
}

# What there is when something is written ------------------------------------------------------


def nothing(eu: Replica, us: Replica, client: Any) -> None:
    pass


def old(eu: Replica, us: Replica, client: Any) -> None:
    eu.or_set("or_set", str).add("x")
    eu.lww_map("lww_map", str).set("x", "old")
    eu.lww_register("lww_register", str).set("old")
    eu.g_counter("g_counter").increment(2)
    eu.pn_counter("pn_counter").decrement(2)
    eu.sorted_map("sorted_map").set("x", 1)
    eu.g_set("g_set", str).add("x")
    eu.log("log", str).append("old")
    eu.cardinality("cardinality", str).add("x")
    budget = eu.budget("budget")
    budget.grant(10 - budget.available())
    budget.spend(2)
    eu.work_queue("work_queue", str).put("old")


def old_with_others(eu: Replica, us: Replica, client: Any) -> None:
    eu.or_set("or_set", str).update("wxyz")
    eu.lww_map("lww_map", str).update(x="old", y="old")
    for _ in range(5):  # so fast that times have sequence numbers
        old(eu, us, client)


def all_letters(eu: Replica, us: Replica, client: Any) -> None:
    eu.or_set("or_set", str).update(ascii_lowercase)
    eu.lww_map("lww_map", str).update(dict.fromkeys(ascii_lowercase, "old"))


def of_another(eu: Replica, us: Replica, client: Any) -> None:
    old(us, us, client)
    eu.pull(us)


def concurrent(eu: Replica, us: Replica, client: Any) -> None:
    old(eu, us, client)
    of_another(eu, us, client)


def replaced_there(eu: Replica, us: Replica, client: Any) -> None:
    old(eu, us, client)
    us.pull(eu)
    of_another(eu, us, client)


def replaced_here(eu: Replica, us: Replica, client: Any) -> None:
    of_another(eu, us, client)
    old(eu, us, client)


def removed(eu: Replica, us: Replica, client: Any) -> None:
    old(eu, us, client)
    eu.or_set("or_set", str).remove("x")
    eu.lww_map("lww_map", str).delete("x")
    eu.sorted_map("sorted_map").delete("x")


def removed_there(eu: Replica, us: Replica, client: Any) -> None:
    old(eu, us, client)
    us.pull(eu)
    removed(us, us, client)
    eu.pull(us)


def of_another_kind(eu: Replica, us: Replica, client: Any) -> None:
    for kind in KINDS:
        eu.mv_register(kind).set(1)


def of_two_kinds(eu: Replica, us: Replica, client: Any) -> None:
    of_another_kind(us, us, client)
    old(eu, us, client)
    eu.pull(us)


def dropped(eu: Replica, us: Replica, client: Any) -> None:
    old(eu, us, client)
    for kind in KINDS:
        eu.drop(kind)


def dropped_and_written(eu: Replica, us: Replica, client: Any) -> None:
    dropped(eu, us, client)
    eu.or_set("or_set", str).add("another")
    eu.lww_map("lww_map", str).set("another", "new")
    old(eu, us, client)


def ahead(eu: Replica, us: Replica, client: Any, seq: bytes = b"") -> None:
    """Entries of this writer of a time that its feed has not come to."""
    old(eu, us, client)
    keys = Keys(eu.namespace)
    writer, alias = client.hmget(keys.base[0], "writer", "alias")
    dot = pack_time(TO_COME) + alias + seq
    client.hset(keys.live("or_set", b"or_set"), '"x"', dot)
    client.hset(keys.live("lww_map", b"lww_map"), "x", dot + b'\n"old"')
    client.hset(keys.live("sorted_map", b"sorted_map"), "x", dot + b"\n1")
    register = b'%d%b@%b\n"old"' % (TO_COME, seq, writer)
    client.hset(keys.live("lww_register", b"lww_register"), "value", register)


def just_ahead(eu: Replica, us: Replica, client: Any) -> None:
    ahead(eu, us, client, b"-7")
    client.xadd(Keys(eu.namespace).base[1], {"": ""}, id=f"{TO_COME}-6")


def far_ahead(eu: Replica, us: Replica, client: Any) -> None:
    ahead(eu, us, client, b"-7")
    client.xadd(Keys(eu.namespace).base[1], {"": ""}, id=f"{TO_COME - 1}-9")


def just_behind(eu: Replica, us: Replica, client: Any) -> None:
    ahead(eu, us, client, b"-7")
    client.xadd(Keys(eu.namespace).base[1], {"": ""}, id=f"{TO_COME}-7")


def total(text: str) -> Callable[[Replica, Replica, Any], None]:
    def prepare(eu: Replica, us: Replica, client: Any) -> None:
        old(eu, us, client)
        keys = Keys(eu.namespace)
        writer = client.hget(keys.base[0], "writer").decode()
        client.hset(keys.live("g_counter", b"g_counter"), writer, text)
        client.hset(keys.live("pn_counter", b"pn_counter"), f"-{writer}", text)

    return prepare


def small(eu: Replica, us: Replica, client: Any) -> None:
    client.hset(Keys(eu.namespace).base[0], "feed_limit", 100)
    for _ in range(50):
        old(eu, us, client)


def closed(eu: Replica, us: Replica, client: Any) -> None:
    old(eu, us, client)
    client.hdel(Keys(eu.namespace).base[0], "writer", "alias")


def ill_formed(eu: Replica, us: Replica, client: Any) -> None:
    old(eu, us, client)
    keys = Keys(eu.namespace)
    fields = {"or_set": '"x"', "lww_map": "x", "sorted_map": "x", "lww_register": "value"}
    for kind, field in fields.items():
        client.hset(keys.live(kind, kind.encode()), field, "nonsense")


def of_another_type(eu: Replica, us: Replica, client: Any) -> None:
    keys = Keys(eu.namespace)
    for kind in KINDS:
        client.set(keys.live(kind, kind.encode()), "x")


STATES: dict[str, Callable[[Replica, Replica, Any], None]] = {
    "nothing": nothing,
    "old": old,
    "old, with others": old_with_others,
    "all letters": all_letters,
    "of another": of_another,
    "concurrent": concurrent,
    "replaced there": replaced_there,
    "replaced here": replaced_here,
    "removed": removed,
    "removed there": removed_there,
    "of another kind": of_another_kind,
    "of two kinds": of_two_kinds,
    "dropped": dropped,
    "dropped and written": dropped_and_written,
    "ahead": ahead,
    "just ahead": just_ahead,
    "far ahead": far_ahead,
    "just behind": just_behind,
    "a large total": total("9" * 18),
    "the largest small total": total("9" * 17),
    "a folded total": total("17 a=3"),
    "no total": total("x"),
    "a small feed": small,
    "closed": closed,
    "ill-formed": ill_formed,
    "of another type": of_another_type,
}

# Writing, and what comes of it ----------------------------------------------------------------


class Copies:
    """The state of one namespace, put into others as often as it is needed."""

    def __init__(self, client: Any, namespace: str) -> None:
        self.client = client
        prefix = Keys(namespace).prefix
        keys = client.keys(prefix.replace(b"{", b"[{]") + b"*")
        self.dumps = {key.removeprefix(prefix): client.dump(key) for key in keys}

    def put(self, namespace: str) -> Keys:
        """Put it into a namespace, in place of what is there."""
        keys = Keys(namespace)
        if left := self.client.keys(keys.prefix + b"*"):
            self.client.delete(*left)
        for name, dump in self.dumps.items():
            self.client.restore(keys.prefix + name, 0, dump)
        return keys


def run(client: Any, keys: Keys, witness: bytes, write: Write) -> Any:
    """Write, as a client does; an error is given back."""
    name = write.kind.encode()
    beside = {"log": keys.order, "cardinality": keys.sketch}.get(write.kind, keys.removed)
    names = (*keys.base, keys.live(write.kind, name), beside(write.kind, name))
    collection = KINDS[write.kind].letter.encode() + name
    args = (len(names), *names, witness, write.kind, collection, *write.args)
    try:
        return client.execute_command("EVALSHA", load(write.script).digest, *args)
    except redis.ResponseError as error:
        return str(error).partition(" script: ")[0].partition(": ")[0]


READ: dict[bytes, Callable[[Any, bytes], Any]] = {
    b"hash": lambda client, name: client.hgetall(name),
    b"string": lambda client, name: client.get(name),
    b"zset": lambda client, name: client.zrange(name, 0, -1, withscores=True),
}
"""How what is stored is read."""


def came(client: Any, keys: Keys, reply: Any) -> Any:
    """What came of a write: the reply and all that is stored, but for the time of the write."""
    stored: dict[bytes, Any] = {}
    for name in client.keys(keys.prefix + b"*"):
        if (type_ := client.type(name)) in READ:
            stored[name.removeprefix(keys.prefix)] = READ[type_](client, name)
    meta = stored[b"meta"]
    meta.pop(b"checked", None)
    id_ = reply[-1] if isinstance(reply, list) else reply
    times: dict[bytes, bytes] = {}
    if isinstance(id_, bytes) and id_:
        ms, _, seq = id_.partition(b"-")
        end = b"" if seq == b"0" else b"-" + seq
        times = {
            id_: b"ID",
            ms + end + b"@": b"TIME@",
            pack_time(int(ms)) + meta.get(b"alias", b"") + end: b"DOT",
            log_time(Time(int(ms), int(seq))) + b"@": b"LOG@",
        }
        if int(seq):  # of two values the first
            times[log_time(Time(int(ms), int(seq) - 1)) + b"@"] = b"BEFORE@"

    def timeless(found: Any) -> Any:
        if isinstance(found, bytes):
            for time, word in times.items():
                found = found.replace(time, word)
        elif isinstance(found, list | tuple):
            return [timeless(part) for part in found]
        elif isinstance(found, dict):
            return {timeless(key): timeless(value) for key, value in found.items()}
        return found

    feed = client.xrange(keys.base[1])
    refs = [list(refs.items()) for _, refs in feed]
    return timeless([reply, stored, refs, times and feed[-1][0] == id_])


@pytest.fixture
def client(server_flavour: servers.Flavour, new_url: Any) -> Iterator[Any]:
    with redis.Redis.from_url(new_url(server_flavour)) as found:
        for write in WRITES.values():
            found.script_load(load(write.script).text)
        yield found


@pytest.fixture
def peer(server_flavour: servers.Flavour, new_url: Any) -> Iterator[Any]:
    with redis.Redis.from_url(new_url(server_flavour)) as found:
        yield found


def state(client: Any, peer: Any, name: str) -> tuple[Copies, bytes]:
    """A state, and the id of the last write."""
    with Replica(client, replica_id="eu") as eu, Replica(peer, replica_id="us") as us:
        STATES[name](eu, us, client)
        newest = client.xrevrange(eu.keys(0).base[1], count=1)
        return Copies(client, eu.namespace), newest[0][0] if newest else b""


@pytest.mark.parametrize("name", STATES)
def test_a_plain_write_writes_what_any_other_does(client: Any, peer: Any, name: str) -> None:
    copies, seen = state(client, peer, name)
    writes = WRITES | TOO_MUCH if name in ("nothing", "old") else WRITES
    for about, write in writes.items():
        keys = copies.put("general")
        expected = came(client, keys, run(client, keys, b"!" + seen, write))
        # What is seen is looked at by the same lines for all kinds.
        witnesses = (b"",) if write.kind in LATER else (b"", b"." + seen, b"?" + seen)
        for witness in witnesses:
            keys = copies.put("plain")
            found = came(client, keys, run(client, keys, witness, write))
            assert found == expected, (about, witness)


@pytest.mark.parametrize(
    ("witness", "looks", "doubts"),
    [
        ("", False, False),
        (".{seen}", False, False),
        ("?{seen}", True, False),
        ("!{seen}", True, False),
        (".{lost}", True, True),
        ("?{lost}", True, True),
    ],
)
def test_what_a_plain_write_bears_witness_to_is_looked_at(
    client: Any, peer: Any, witness: str, looks: bool, doubts: bool
) -> None:
    copies, seen = state(client, peer, "old")
    keys = copies.put("plain")
    client.hset(keys.base[0], "checked", 1)  # the server's process was looked at long ago
    writer = client.hget(keys.base[0], "writer")
    asked = witness.format(seen=seen.decode(), lost=f"{int(seen.split(b'-')[0]) + 1}-7")
    run(client, keys, asked.encode(), WRITES["add"])
    checked, now = client.hmget(keys.base[0], "checked", "writer")
    assert (checked != b"1") == looks
    assert (now != writer) == doubts


@pytest.mark.parametrize("other", ["run", "replication"])
def test_a_plain_write_that_is_to_look_finds_another_process(
    client: Any, peer: Any, other: str
) -> None:
    copies, seen = state(client, peer, "old")
    for found, is_another in (("the same", False), ("another", True)):
        keys = copies.put("plain")
        client.hset(keys.base[0], "checked", 1)
        if is_another:
            client.hset(keys.base[0], other, "0" * 40)
        writer = client.hget(keys.base[0], "writer")
        assert isinstance(run(client, keys, b"?" + seen, WRITES["add"]), bytes)
        assert (client.hget(keys.base[0], "writer") != writer) == is_another, found


def test_a_plain_write_that_is_to_look_trims_a_feed_that_is_full(client: Any, peer: Any) -> None:
    copies, seen = state(client, peer, "old, with others")
    for refs, trims in ((9_000, False), (11_000, True)):
        keys = copies.put("plain")
        client.hset(keys.base[0], mapping={"checked": 1, "feed_limit": 10_000, "refs": refs})
        length, asked = client.xlen(keys.base[1]), calls(client, "hmget")
        run(client, keys, b"?" + seen, WRITES["add"])
        assert (client.xlen(keys.base[1]) < length) == trims
        assert (calls(client, "hmget") - asked == 2) != trims  # it was a plain one


def test_every_write_that_looks_notes_that_it_did(client: Any) -> None:
    with Replica(client, replica_id="eu") as eu:
        meta, larger = eu.keys(0).base[0], count()
        tasks, held, status = eu.or_set("tasks"), eu.rw_set("held"), eu.lww_map("status")
        writes: list[Callable[[], Any]] = [
            lambda: tasks._add("x"),
            lambda: tasks._add("x"),
            lambda: next(tasks._add_here([b'"y"', b'"z"']))[1],
            lambda: next(tasks._add_here([b'"y"', b'"z"']))[1],
            lambda: tasks._remove("x"),
            lambda: held._add("x"),
            lambda: held._remove("x"),
            lambda: status._set("x", 1),
            lambda: status._delete("x"),
            lambda: eu.lww_register("config")._set(1),
            lambda: eu.max_register("most", int)._set(next(larger)),
            lambda: eu.ew_flag("open")._enable(),
            lambda: eu.dw_flag("shut")._disable(),
            lambda: eu.g_counter("done")._increment(1),
            lambda: eu.pn_counter("pool")._decrement(1),
            lambda: eu.counter_map("scores")._increment("x", 1),
            lambda: eu.g_set("all")._add(next(larger)),
            lambda: eu.log("events")._append(1),
        ]
        for write in 2 * writes:
            client.hset(meta, "checked", 1)
            script = write()
            eu.execute(script._replace(witness=b"?", read=as_is))
            assert client.hget(meta, "checked") > b"1", script


@pytest.mark.parametrize("name", ["add two", "put two"])
def test_writes_of_several_trim_a_feed_that_is_full(client: Any, peer: Any, name: str) -> None:
    copies, _ = state(client, peer, "old, with others")
    for refs, trims in ((9_000, False), (11_000, True)):
        keys = copies.put("plain")
        client.hset(keys.base[0], mapping={"feed_limit": 10_000, "refs": refs})
        length = client.xlen(keys.base[1])
        run(client, keys, b"", WRITES[name])
        assert (client.xlen(keys.base[1]) < length) == trims


def test_a_removal_changes_nothing_where_no_tombstone_can_be_written(
    client: Any, peer: Any
) -> None:
    copies, _ = state(client, peer, "old")
    keys = copies.put("plain")
    for name in ("remove", "delete"):
        write = WRITES[name]
        client.set(keys.removed(write.kind, write.kind.encode()), "no hash")
        before = came(client, keys, None)
        assert isinstance(run(client, keys, b"", write), str)  # an error
        assert came(client, keys, None) == before


COMMANDS = (
    *("hmget", "hget", "hset", "hincrby", "hdel", "hlen"),
    *("xadd", "xrange", "xrevrange", "zadd", "zrem", "zcard", "time"),
)

NEW = {"hmget": 1, "hget": 3, "xadd": 1, "hset": 1}
"""The commands that a plain write is, of what is new; then of what is there."""
AGAIN = {"hmget": 1, "hget": 1, "xadd": 1, "hset": 1}
SOME = {"hmget": 3, "hget": 1, "hlen": 2, "xadd": 1, "hincrby": 1, "hset": 1}
SOME_AGAIN = {"hmget": 3, "hget": 0, "hlen": 1, "xadd": 1, "hincrby": 1, "hset": 1}
MANY_AGAIN = {"hmget": 2, "hget": 0, "hlen": 1, "xadd": 1, "hincrby": 1, "hset": 1}
COUNT = {"hmget": 1, "hget": 1, "xadd": 1, "hincrby": 1}
REMOVAL = {"hmget": 1, "hget": 1, "hlen": 1, "xadd": 1, "hdel": 1, "hset": 1}
SEEN = {"hmget": 1, "hget": 2}
APPENDED = {
    **{"hmget": 1, "hlen": 1, "zcard": 1, "xrevrange": 1, "time": 1},
    **{"xadd": 1, "hset": 1, "zadd": 1},
}


@pytest.mark.parametrize(
    ("write", "name", "expected"),
    [
        ("add", "old, with others", AGAIN),
        ("add another", "old", NEW),
        ("add", "just behind", AGAIN),
        ("add two", "old", SOME),
        ("add two", "old, with others", SOME_AGAIN),
        ("put two", "old", SOME),
        ("put two", "old, with others", SOME_AGAIN),
        ("add many", "all letters", MANY_AGAIN),
        ("put many", "all letters", MANY_AGAIN),
        ("add", "dropped and written", AGAIN),
        ("put", "old, with others", AGAIN),
        ("put another", "old", NEW),
        ("remove", "old, with others", REMOVAL),
        ("remove", "of another", REMOVAL),
        ("delete", "old, with others", REMOVAL),
        ("delete", "of another", REMOVAL),
        ("assign", "old", AGAIN),
        ("count", "old", COUNT),
        ("count", "the largest small total", COUNT),
        ("count back", "old", COUNT),
        ("rank", "old", {**AGAIN, "zcard": 1, "zadd": 1}),
        ("rank another", "old", {**NEW, "zcard": 1, "zadd": 1}),
        ("rank no more", "of another", {**REMOVAL, "zcard": 1, "zrem": 1}),
        ("see", "old", SEEN),
        ("see another", "old", {**SEEN, "xadd": 1, "hset": 1}),
        ("visit", "old", {"hmget": 1, "hget": 1}),
        ("visit by more", "old", AGAIN),
        ("append", "old", APPENDED),
        ("append where there is room", "old, with others", APPENDED),
    ],
)
def test_most_writes_are_plain(
    client: Any, peer: Any, write: str, name: str, expected: dict[str, int]
) -> None:
    copies, seen = state(client, peer, name)
    for asked, more in (
        (b"", {}),
        (b"." + seen, {"xrange": 1}),
        (b"?" + seen, {"xrange": 1, "time": 1, "hget": 1}),
    ):
        keys = copies.put("plain")
        before = {command: calls(client, command) for command in COMMANDS}
        with client.pipeline() as at_once:
            at_once.eval(LOOKED_AT, 1, keys.base[0])
            run(at_once, keys, asked, WRITES[write])
            at_once.execute()
        found = {command: calls(client, command) - before[command] for command in COMMANDS}
        for command in ("time", "hset"):
            found[command] -= 1
        wanted = {command: expected.get(command, 0) + more.get(command, 0) for command in COMMANDS}
        assert found == wanted, asked


LOOKED_AT = """
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'checked', time[1] * 1000 + math.floor(time[2] / 1000))
"""
"""Notes that the server's process was looked at just now."""
