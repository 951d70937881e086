"""The checker itself: sound histories pass, and each kind of violation is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from redis_crdt.core.joins import join_dots
from redis_crdt.core.kinds import KINDS
from redis_crdt.errors import CRDTError
from redis_crdt.types.cardinality.registers import entries_of
from tests.faults.checker import check
from tests.faults.history import (
    RECENT,
    Entries,
    Forgot,
    History,
    Journal,
    Operation,
    read_journals,
)

A, B = "1000@eu#1", "2000@us#1"


def done(*effects: Any, region: str = "eu", at: float = 1.0, **more: Any) -> Operation:
    told: dict[str, Any] = {"outcome": "acknowledged", "completed": at + 0.1, **more}
    return Operation(region, list(effects), at, **told)


def violations(
    operations: list[Operation], final: Entries, *forgot: Forgot, collected: bool = False
) -> list[str]:
    history = History(operations, list(forgot), collected)
    return check(history, {"eu": final, "us": final})


ADD = done(("add", "tasks", "x"))
REMOVE = done(("remove", "tasks", "x"), at=2.0, took_effect=True)
X = ("tasks", '"x"')
LOST = Forgot("eu", 0.5, 3.0, {})


def test_what_is_sound() -> None:
    assert violations([ADD], {X: A}) == []
    assert violations([ADD, REMOVE], {X: f"|{A}"}) == []
    assert violations([replace(ADD, outcome="unknown")], {}) == []
    assert violations([replace(ADD, outcome="unknown")], {X: A}) == []
    assert violations([replace(ADD, outcome="refused")], {}) == []
    assert violations([ADD], {}, LOST) == []
    assert violations([ADD, replace(REMOVE, outcome="unknown")], {}) == []


def test_what_is_overspent() -> None:
    grant, spend = done(("grant", "money", 5)), done(("spend", "money", 3), at=2.0)
    again = done(("spend", "money", 3), region="us", at=3.0)
    final = {("money", "g:eu#1"): "5", ("money", "s:eu#1"): "3"}
    assert violations([grant, spend], final) == []
    assert violations([replace(grant, outcome="unknown"), spend], final) == []
    assert violations([grant, spend, replace(again, outcome="unknown")], final) == []
    (found,) = violations([grant, spend, again], final, LOST)
    assert "1 more was spent than granted" in found
    early = replace(spend, invoked=0.1, completed=0.2)
    assert violations([grant, early], final)


SOUND_COUNT = [
    done(("add", "done", 5)),
    done(("add", "done", 2), outcome="unknown"),
    done(("add", "done", 9), outcome="refused"),
]


@pytest.mark.parametrize("total", [5, 7])
def test_counts_that_are_sound(total: int) -> None:
    assert violations(SOUND_COUNT, {("done", "eu#1"): str(total)}) == []
    folded = {("done", "eu#1"): str(total), ("done", "eu#2"): f"{total} 1={total}"}
    assert violations(SOUND_COUNT, folded) == []


def told(value: str, **more: Any) -> Operation:
    return done(("set", "status", ["k", value]), **more)


TOLD = told("v")
DELETED = done(("remove", "status", "k"), at=2.0)


def owned(value: str, *read: str, **more: Any) -> Operation:
    return done(("set", "owner", [value, list(read)]), **more)


JOB = "0000000001000-a0@eu#1"
JOBS = {("jobs", JOB): f'{A}\n[0,0,"eu#1",0,"",0,0,0,"x"]'}
PUT = done(("put", "jobs", "x"))
CLAIMED, ENDED = (done((verb, "jobs", [JOB, 1, "x"])) for verb in ("claim", "done"))


def test_tasks_that_are_sound() -> None:
    assert violations([PUT], JOBS) == []
    assert violations([PUT, CLAIMED], JOBS) == []
    assert violations([PUT, CLAIMED, ENDED], {}) == []
    assert violations([PUT, CLAIMED, replace(ENDED, outcome="unknown")], {}) == []
    assert violations([PUT], {}, LOST) == []
    assert violations([PUT, CLAIMED, ENDED], JOBS, LOST) == []


@pytest.mark.parametrize(
    ("operations", "final", "says"),
    [
        ([PUT], {}, "'x' is lost"),
        ([PUT, CLAIMED, replace(ENDED, outcome="refused")], {}, "'x' is lost"),
        ([PUT, CLAIMED, ENDED], JOBS, "'x' is back"),
        ([PUT, CLAIMED, replace(CLAIMED, region="us")], JOBS, "given twice"),
        ([PUT, CLAIMED, ENDED, replace(ENDED, region="us")], {}, "done twice"),
        ([ADD], {}, "'x' is lost"),
        ([ADD], {X: f"|{A}"}, "'x' is lost"),
        ([ADD, replace(REMOVE, outcome="refused")], {}, "'x' is lost"),
        ([ADD, REMOVE], {X: A}, "'x' is back"),
        ([replace(ADD, outcome="refused")], {X: A}, "though refused"),
        ([replace(ADD, observed={X: f"{A}|{B}"}, observed_at=2.0)], {X: A}, "not known any more"),
        ([replace(ADD, observed={X: f"|{A}"}, observed_at=2.0)], {X: A}, "came back"),
        (SOUND_COUNT, {("done", "eu#1"): "4"}, "should be 5 to 7"),
        (SOUND_COUNT, {("done", "eu#1"): "16"}, "should be 5 to 7"),
        (SOUND_COUNT, {("done", "eu#1"): "5", ("done", "us#1"): "1"}, "should be 0 to 0"),
        ([done(("remove", "pool", 3))], {("pool", "+eu#1"): "3"}, "should be 3 to 3"),
        ([done(("add", "contested", "a"))], {}, "'a' is lost"),
        ([owned("v")], {("owner", "value"): f'{A}\n"w"'}, "'v' is lost"),
        ([owned("v"), owned("w", "v")], {("owner", "value"): f'{A} {B}\n"v"\n"w"'}, "'v' is back"),
        ([], {("config", "value"): f'{A}\n"v"'}, "nobody has written"),
        (
            [
                done(("set", "config", ["value", "v"])),
                done(
                    ("set", "config", ["value", "w"]),
                    observed={("config", "value"): f'{B}\n"w"'},
                    observed_at=2.0,
                ),
            ],
            {("config", "value"): f'{A}\n"v"'},
            "an earlier write won",
        ),
        (
            [done(("add", "batched", "b"), ("add", "batches", 1), outcome="unknown")],
            {("batched", '"b"'): A},
            "came with them",
        ),
        ([TOLD], {("status", "k"): f'{A}\n"w"'}, "nobody has written"),
        ([], {("owner", "value"): f'{A}\n"v"'}, "nobody has written"),
        ([TOLD, DELETED], {("status", "k"): f'{A}\n"v"'}, "is back"),
        ([TOLD, told("w", at=2.0)], {("status", "k"): f'{A}\n"v"'}, "is back"),
        ([], {X: "nonsense"}, "ill-formed"),
        ([], {X: "1000@mallory#1"}, "who is no region"),
    ],
)
def test_what_is_not_sound(operations: list[Operation], final: Entries, says: str) -> None:
    found = violations(operations, final)
    assert any(says in violation for violation in found), found


def switched(name: str, on: bool, **more: Any) -> Operation:
    return done(("set", name, ["value", on]), **more)


def banned(verb: str, **more: Any) -> Operation:
    return done((verb, "banned", "x"), **more)


def reached(name: str, value: int, **more: Any) -> Operation:
    return done(("set", name, ["value", value]), **more)


def scored(verb: str, *argument: Any, **more: Any) -> Operation:
    return done((verb, "scores", ["k", *argument] if argument else "k"), **more)


def appended(value: str, ms: int, name: str = "said", **more: Any) -> Operation:
    return done(("append", name, value), reply=id_of(ms), **more)


def id_of(ms: int) -> str:
    return f"{ms:013}-a0@eu#1"


BANNED, STOPPED, ALLOWED = ("banned", '"x"'), ("stopped", "value"), ("allowed", "value")
HIGH, SCORES, POOL = ("high", "value"), ("scores", "k"), ("pool", "+eu#1")
SAID = {("said", id_of(5)): '"a"', ("said", id_of(7)): '"b"'}
VISITS = [done(("add", "visitors", ["v"])), done(("add", "visitors", ["w"]), outcome="unknown")]
V, W = (entries_of([f'"{name}"'.encode()]) for name in "vw")


def visitors(*added: dict[bytes, bytes]) -> Entries:
    return {
        ("visitors", field.decode()): registers.decode()
        for each in added
        for field, registers in each.items()
    }


SCORED = [scored("add", 5), scored("reset", at=2.0), scored("add", 2, at=3.0)]
RESET = [done(("add", "pool", 5)), done(("reset", "pool", None), at=2.0)]
RECENT_VALUES = [appended(f"v{i}", 5 + i, "recent", at=1.0 + i) for i in range(RECENT + 2)]
RECENT_LINES = {("recent", id_of(5 + i)): f'"v{i}"' for i in range(RECENT + 2)}


def trimmed(count: int) -> Entries:
    """What is left where the first ``count`` entries are taken out."""
    left = dict(list(RECENT_LINES.items())[count:])
    return {**left, ("recent", "^eu#1"): id_of(4 + count).partition("@")[0]}


@pytest.mark.parametrize(
    ("operations", "final"),
    [
        ([banned("add"), banned("remove", at=2.0)], {BANNED: B}),
        ([banned("remove"), banned("add", at=2.0)], {BANNED: f"|{A}"}),
        ([banned("remove"), banned("add", at=2.0, region="us")], {BANNED: B}),
        ([switched("stopped", True), switched("stopped", False, at=1.05)], {STOPPED: f"{A}\ntrue"}),
        ([switched("allowed", False)], {ALLOWED: f"{A}\nfalse"}),
        ([reached("high", 9), reached("high", 10, outcome="unknown")], {HIGH: "n150009"}),
        (SCORED, {SCORES: "eu#1+7/5"}),
        (RESET, {POOL: "5|5"}),
        ([appended("a", 5), appended("b", 7, at=2.0)], SAID),
        (RECENT_VALUES, RECENT_LINES),
        (RECENT_VALUES, trimmed(2)),
        (VISITS, visitors(V)),
        (VISITS, visitors(V, W)),
    ],
)
def test_what_is_sound_of_other_types(operations: list[Operation], final: Entries) -> None:
    assert violations(operations, final) == []


@pytest.mark.parametrize(
    ("operations", "final", "says"),
    [
        ([done(("add", "seen", "x"))], {}, "'x' is lost"),
        ([banned("add"), banned("remove", at=2.0)], {BANNED: f"|{A}"}, "'x' is back"),
        ([banned("remove"), banned("add", at=2.0)], {BANNED: B}, "'x' is lost"),
        ([banned("add")], {}, "'x' is lost"),
        ([switched("stopped", True)], {STOPPED: f"{A}\nfalse"}, "enabled at eu, and is not"),
        ([switched("stopped", False), switched("stopped", True, at=2.0)], {}, "and is not"),
        (
            [switched("stopped", True), switched("stopped", False, at=2.0)],
            {STOPPED: f"{A}\ntrue"},
            "which eu had undone",
        ),
        ([switched("allowed", False)], {ALLOWED: f"{A}\ntrue"}, "disabled at eu, and is not"),
        ([switched("allowed", True)], {}, "which eu had undone"),
        ([], {STOPPED: f"{A}\nfalse"}, "nobody has written"),
        ([reached("high", 9)], {}, "9 is lost"),
        ([reached("high", 9)], {HIGH: "n150008"}, "9 is lost"),
        ([reached("high", 9)], {HIGH: "n150011"}, "nobody has written"),
        (SCORED, {SCORES: "eu#1+5/5"}, "should be 7 to 7"),
        (SCORED, {SCORES: "eu#1+7/4"}, "4 is reset, but should be 5 to 5"),
        (SCORED, {SCORES: "eu#1+7/7"}, "7 is reset, but should be 5 to 5"),
        (RESET, {POOL: "5"}, "0 is reset, but should be 5 to 5"),
        (RESET[:1], {POOL: "5|5"}, "5 is reset, but should be 0 to 0"),
        ([appended("a", 5)], {}, "'a' is lost"),
        ([appended("a", 5)], {("said", id_of(5)): '"b"'}, "'a' is lost"),
        ([], SAID, "nobody has appended"),
        ([appended("a", 5)], {**SAID, ("said", id_of(7)): '"a"'}, "is there twice"),
        ([appended("a", 7), appended("b", 5, at=2.0)], {}, "was appended after"),
        ([appended("a", 5)], {("said", "^eu#1"): id_of(5).partition("@")[0]}, "it was trimmed"),
        (RECENT_VALUES, trimmed(3), f"{RECENT - 1} entries are left"),
        (RECENT_VALUES, dict(list(RECENT_LINES.items())[1:]), "'v0' is lost"),
        (VISITS, {}, "at least"),
        (VISITS[1:], visitors(V), "nobody can have added"),
    ],
)
def test_what_is_not_sound_of_other_types(
    operations: list[Operation], final: Entries, says: str
) -> None:
    found = violations(operations, final)
    assert any(says in violation for violation in found), found


@pytest.mark.parametrize(
    ("before", "final", "is_kept"),
    [
        ({SCORES: "eu#1+7/5"}, {SCORES: "eu#1+7"}, False),
        ({HIGH: "n150011"}, {HIGH: "n150009"}, False),
        ({POOL: "5|5"}, {POOL: "5|4"}, False),
        (visitors(V), {}, False),
        ({BANNED: f"|{A}"}, {}, False),
        (RECENT_LINES, {}, False),
        (RECENT_LINES, {("recent", "^eu#1"): id_of(99).partition("@")[0]}, True),
        ({("ranks", "k"): f"|{A}"}, {}, True),
        ({("done", "eu#1"): "5"}, {("done", "eu#2"): "5 1=5"}, True),  # counted in with a later one
        ({("done", "eu#1"): "6"}, {("done", "eu#2"): "5 1=5"}, False),
        ({("pool", "+eu#1"): "5|5"}, {("pool", "+eu#2"): "5 1=5"}, False),
    ],
)
def test_what_was_held_of_other_types_stays(before: Entries, final: Entries, is_kept: bool) -> None:
    found = violations([], final, Forgot("eu", 0.5, 3.0, before), collected=True)
    assert any("held by peers" in violation for violation in found) != is_kept, found


def test_keys_that_are_gone_or_there_again_for_a_reason() -> None:
    v = {("status", "k"): f'{A}\n"v"'}
    assert violations([TOLD, DELETED], {}) == []
    assert violations([TOLD, replace(DELETED, region="us")], v) == []  # who had not heard of it
    assert violations([TOLD, replace(DELETED, outcome="unknown")], v) == []
    assert violations([replace(TOLD, outcome="unknown"), DELETED], v) == []  # done later


@pytest.mark.skipif(KINDS["lww_map"].join is not join_dots, reason="the later of two writes wins")
def test_a_key_is_not_deleted_by_who_had_not_seen_it() -> None:
    before = replace(DELETED, region="us", invoked=0.1, completed=0.2)
    assert "'k' is lost" in violations([before, TOLD], {})[0]
    assert violations([replace(before, completed=1.05), TOLD], {}) == []
    assert violations([before, TOLD], {}, LOST) == []


def test_regions_that_differ() -> None:
    found = check(History([ADD]), {"eu": {X: A}, "us": {X: f"{A}|{B}"}})
    assert "is not equal" in found[0]
    # As readers see them they are equal, which is what collection leaves.
    assert check(History([ADD], collected=True), {"eu": {X: A}, "us": {X: f"{A}|{B}"}}) == []


def test_what_a_peer_had_pulled_must_come_back() -> None:
    forgot = Forgot("eu", 0.5, 3.0, {X: A, ("done", "eu#1"): "5"})
    count = done(("add", "done", 5))
    after = done(("add", "done", 100), at=4.0)
    sound = {X: A, ("done", "eu#1"): "5", ("done", "eu#2"): "100"}
    assert violations([ADD, count, after], sound, forgot) == []
    assert violations([ADD, count, after], {**sound, ("done", "eu#2"): "99"}, forgot)
    # Increments that hide behind what a peer remembers.
    hidden = {X: A, ("done", "eu#1"): "100"}
    assert "should be 105" in violations([ADD, count, after], hidden, forgot)[0]
    del sound[X]
    assert "held by peers" in violations([ADD, count, after], sound, forgot)[0]


def test_what_was_held_by_one_who_forgot_too_may_be_gone() -> None:
    forgot = [Forgot("eu", 0.5, 3.0, {X: A}), Forgot("us", 0.5, 3.5, {})]
    assert violations([ADD], {}, *forgot) == []


def test_a_client_that_was_killed_leaves_an_unknown_outcome(tmp_path: Any) -> None:
    journal = Journal(tmp_path / "j", "eu")
    journal.begin([("add", "tasks", "x")])
    journal.end("refused", error=repr(CRDTError("no")))
    journal.begin([("add", "tasks", "y")])
    journal.end("acknowledged", True)
    journal.observe({("tasks", '"y"'): A})
    journal.begin([("add", "tasks", "z")])
    journal.close()
    first, second, last = read_journals([tmp_path / "j"])
    assert (first.outcome, second.outcome, last.outcome) == ("refused", "acknowledged", "unknown")
    assert second.observed == {("tasks", '"y"'): A}
    assert last.completed == float("inf")
    assert first.effects == [("add", "tasks", "x")]
