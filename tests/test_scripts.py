"""The scripts of ``lua/`` say at their heads what they take and raise; all of them are used."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import redis

from redis_crdt import Replica, memory
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import Keys
from redis_crdt.errors import InvalidDump
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Command, Script
from redis_crdt.operations.refusals import explain
from redis_crdt.transport import scripts
from redis_crdt.transport.server import ReplicaOperations
from tests import bytecode
from tests.backends import NewClient

ROOT = Path(__file__).parents[1] / "lua"

FILES = {path.relative_to(ROOT).with_suffix("").as_posix(): path for path in ROOT.rglob("*.lua")}

LIBRARY = sorted(name for name in FILES if name.startswith("lib/"))

PARTS = [*scripts.named_by("*/kind"), *scripts.named_by("*/in_batch")]
"""What the folders of types contribute to what goes through all of them."""

SCRIPTS = sorted(FILES.keys() - {*LIBRARY, *PARTS})


def text_of(name: str) -> str:
    return FILES[name].read_text(encoding="utf-8")


def head_of(name: str) -> dict[str, list[str]]:
    """The sections of the comment at the head of a file: title -> its lines; '' is what it does."""
    sections: dict[str, list[str]] = {"": []}
    title = ""
    for line in text_of(name).splitlines():
        if not line.startswith("-- ") or line.startswith("-- @"):
            break
        if re.fullmatch("-- (KEYS|ARGV|Reply|Errors|Defines)", line):
            title = line[3:]
            sections[title] = []
        elif title and not line.startswith("--   "):
            break
        else:
            sections[title].append(line[3:].removeprefix("  "))
    return sections


def codes_in(lua: str) -> set[str]:
    code = re.sub("--.*", "", lua)
    raised = {f"CRDT{found}" for found in re.findall(r"\bfail\('([A-Z]+)'", code)}
    return raised | ({"CRDTMALFORMED"} if re.search(r"\bmalformed\(", code) else set())


def errors_told(name: str) -> list[str]:
    return [line.split()[0] for line in head_of(name)["Errors"] if line != "none"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_says_what_it_takes_replies_and_raises(name: str) -> None:
    head = head_of(name)
    assert list(head) == ["", "KEYS", "ARGV", "Reply", "Errors"]
    assert all(head.values())
    assert errors_told(name) == sorted(codes_in(scripts.assemble(name)))
    assert all(len(line.split()) > 1 for line in head["Errors"] if line != "none")


@pytest.mark.parametrize("name", LIBRARY)
def test_a_library_file_says_what_it_defines_and_raises(name: str) -> None:
    head = head_of(name)
    assert list(head) == ["", "Defines", "Errors"]
    assert all(head.values())
    assert errors_told(name) == sorted(codes_in(text_of(name)))
    told = re.findall(r"\w+", " ".join(head["Defines"]))
    mine = text_of(name)
    for each in told:
        assert re.search(
            rf"^local (?:function )?.*\b{each}\b|^-- @(?:define|traits) {each} ", mine, re.M
        ), each
    defined = set(re.findall(r"^(?:local function|-- @define|-- @traits) (\w+)", mine, re.M))
    assert defined & called_elsewhere(name) <= set(told)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_a_type_says_what_it_raises(name: str) -> None:
    head = head_of(name)
    assert list(head) == ["", "Errors"]
    assert all(head.values())
    assert errors_told(name) == sorted(codes_in(text_of(name)))


def test_what_is_done_first_stays_out_where_another_script_includes_it() -> None:
    first = re.search(r"^-- @first\n(.+)-- @run", text_of("counter/increment"), re.M | re.S)
    assert first
    line = "local total = redis.call('HGET', KEYS[4], field)"
    assert line in first[1]
    assert scripts.assemble("counter/increment").index(line) < 4_000
    assert line not in scripts.assemble("replica/batch")


@pytest.mark.parametrize("name", [name for name in SCRIPTS if "-- @first\n" in text_of(name)])
def test_a_plain_write_notes_when_it_looked_at_the_process(name: str) -> None:
    first, _ = scripts.assemble(name).split("local ok, reply = pcall(")
    _, written = first.split("'XADD'", 1)
    assert "'checked', looked)" in written


def test_operations_of_batches_are_defined_by_those_that_have_them() -> None:
    batch = scripts.assemble("replica/batch")
    before, loaders = batch.split("local LOADERS = {")
    for path in scripts.named_by("*/in_batch"):
        assert f"{path.partition('/')[0]} = function()" in loaders
    assert "_add" not in before
    assert "_set" not in before


def test_every_kind_has_its_part_and_a_type_its_folder() -> None:
    assert {name.partition("/")[0] for name in scripts.named_by("*/kind")} == KINDS.keys()


def called_elsewhere(name: str) -> set[str]:
    """What files that include this one use, and do not define themselves."""
    used = set()
    for other in (other for other in FILES.keys() - {name} if name in included_by(other)):
        code = re.sub("--(?! @run).*", "", text_of(other))
        used |= set(re.findall(r"\w+", code)) - set(re.findall(r"\blocal function (\w+)", code))
    return used


def included_by(name: str) -> set[str]:
    """What a file includes, by itself or by what it includes."""
    lines = re.findall(r"@include (\S+)", text_of(name))
    found = {each for line in lines for each in scripts.named_by(line)} - {name}
    return found.union(*map(included_by, found))


def test_no_error_is_unknown_to_those_who_read_replies() -> None:
    codes = set().union(*(codes_in(text_of(name)) for name in FILES))
    for code in codes - {"CRDTMALFORMED", "CRDTCLOSED"}:  # of those, one opens the namespace
        detail = "1 2" if code in ("CRDTDRIFT", "CRDTEXCEEDED") else "1"
        error = explain(redis.ResponseError(f"{code} {detail}"), Command((), about="x"))
        assert not isinstance(error, InvalidDump), code


def test_every_library_file_is_included() -> None:
    included = set().union(*map(included_by, SCRIPTS))
    assert {*LIBRARY, *PARTS} <= included <= FILES.keys()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_leaves_a_fifth_of_what_a_function_of_lua_may_have(name: str) -> None:
    text = scripts.assemble(name)
    lines = text.splitlines()
    for function in bytecode.functions_of(text):
        for what, limit in bytecode.LIMITS.items():
            begins = lines[max(function.line - 1, 0)]
            assert getattr(function, what) <= 0.8 * limit, f"too many {what} in `{begins}`"


@pytest.mark.parametrize("what", bytecode.LIMITS)
def test_what_a_function_takes_is_counted_as_lua_counts_it(what: str) -> None:
    def script(count: int) -> str:
        names = [f"v{i}" for i in range(count)]
        if what == "locals":
            return "\n".join(f"local {name}; f()" for name in names)
        if what == "upvalues":
            around = "\n".join(f"local {name}" for name in names)
            return f"{around}\nreturn function() return {' + '.join(names)} end"
        return f"return {', '.join(['f()'] * count)}"

    limit = bytecode.LIMITS[what]
    most = max(getattr(each, what) for each in bytecode.functions_of(script(limit - 2)))
    assert limit - 2 <= most <= limit
    with pytest.raises(ValueError, match=r"more than|too complex"):
        bytecode.functions_of(script(limit + 1))


# What Python runs ---------------------------------------------------------------------------


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[int]]:
    """Which scripts were run, and with how many keys."""
    found: dict[str, set[int]] = defaultdict(set)
    evaluating = ReplicaOperations.evaluating

    def noted(self: ReplicaOperations, script: Script[Any], command: str = "EVALSHA") -> Any:
        found[script.name].add(len(script.keys))
        return evaluating(self, script, command)

    monkeypatch.setattr(ReplicaOperations, "evaluating", noted)
    return found


def run_all(new_client: NewClient) -> None:
    """Have every script run by something that a program does."""
    eu, us, ap = (Replica(new_client("valkey"), replica_id=name) for name in ("eu", "us", "ap"))
    with eu, us, ap:
        write(eu)
        us.or_set("tasks", str).update(["x", "theirs"])
        eu.gc_tombstones(older_than=0)
        eu.sync(us)  # reconciles, for the feed does not tell of what is collected
        big = eu.or_set("big", str)
        big.update(f"e{i}" for i in range(ask.BATCH + 1))
        us.pull(eu)
        ap.pull(us)
        big.remove("e7")
        eu.forget("us")
        eu.gc_tombstones(older_than=0)
        ap.pull(eu)  # asks about what it has from another one, and is not shown
        assert eu.verify(us)
        eu.budget("money").move(1, "us")
        for _ in range(300):  # so many new aliases that it is worth while to look for unused ones
            one: memory.ORSet[str] = memory.ORSet(str)
            one.add("x")
            eu.or_set("tasks", str).merge(one)
        eu.gc_tombstones(older_than=0)
        eu.status()
        keys = eu.keys(0)
        eu.execute(ask.report(keys, "us", "redis://us", "{}", eu.about))
        eu.execute(ask.memory(keys, [(b"tasks", "or_set")], eu.about))
        assert next(eu.watch(timeout=0), None) is None
        eu.drop("big")
        eu.reset()


def write(eu: Replica) -> None:
    tasks, status = eu.or_set("tasks", str), eu.lww_map("status", str)
    tasks.update("xyz")
    tasks.remove("y")
    tasks.pop()
    status.update(a="1", b="2")
    assert status.setdefault("c", "3") == status.pop("c") == "3"
    del status["a"]
    eu.lww_register("config").set(1)
    eu.mv_register("owner").set(1)
    eu.g_counter("done").increment()
    eu.pn_counter("pool").increment()
    eu.pn_counter("pool").reset()
    eu.g_set("seen", str).add("x")
    eu.ew_flag("open").enable()
    eu.max_register("high", int).set(1)
    banned = eu.rw_set("banned", str)
    banned.update(["x", "y"])
    banned.remove("x")
    banned.pop()
    eu.cardinality("visitors", str).add("x", "y")
    said = eu.log("said", str)
    said.append("x")
    assert list(said) == ["x"]
    eu.counter_map("scores").increment("x")
    eu.counter_map("scores").remove("x")
    eu.sorted_map("ranks").set("x", 1)
    eu.sorted_map("ranks").delete("x")
    queue = eu.work_queue("queue", str)
    queue.put("x")
    claim = queue.claim("w")
    assert claim
    claim.extend()
    claim.release()
    assert queue.share() == queue.takeover("us") == 0
    claim = queue.claim("w")
    assert claim
    claim.done()
    assert not queue.retry(queue.new_id())
    assert queue.discard(queue.put("y", task_id=queue.new_id()))
    money = eu.budget("money")
    money.grant(10)
    money.spend(2, hold=60).settle(1)
    assert money.available() == 9
    assert eu.reclaim() == {}
    with eu.batch() as batch:
        batch.on(tasks).add("w")
        batch.on(eu.g_counter("done")).increment()
    write_what_expires(eu)


def write_what_expires(eu: Replica) -> None:
    eu.lww_register("leader", str).set("a", ttl=100)
    sessions = eu.or_set("sessions", str)
    sessions.update("xyz", ttl=0.001)
    sessions.update("uvw", ttl=100)
    sessions.expire("u", 200)
    sessions.remove("v")
    sessions.pop()
    with eu.batch() as batch:
        batch.on(sessions).add("w")
    assert sessions


def test_python_runs_every_script_with_the_keys_that_its_head_names(
    ran: dict[str, set[int]], new_client: NewClient
) -> None:
    run_all(new_client)
    assert sorted(ran) == SCRIPTS
    for name, counts in ran.items():
        named = head_of(name)["KEYS"]
        repeated = named.pop().split(",") if named[-1].partition("  ")[0].endswith("...") else []
        for count in counts:
            beside = count - len(named)
            assert beside % len(repeated) == 0 < beside if repeated else beside == 0, name


def test_the_first_keys_of_every_script_are_those_of_its_shard() -> None:
    names = [key.rpartition(b":")[2].decode() for key in Keys("default").base]
    for name in SCRIPTS:
        assert [line.split()[0] for line in head_of(name)["KEYS"][:3]] == names
        used = [int(n) for n in re.findall(r"KEYS\[(\d+)\]", scripts.assemble(name))]
        assert max(used) <= len(head_of(name)["KEYS"]) or name.endswith("/batch")
