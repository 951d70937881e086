"""Sets and maps as Python's users expect them: whole or not at all, and few round trips."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import BaseModel

from redis_crdt import Replica, memory
from redis_crdt.errors import InvalidValue
from redis_crdt.operations.operation import Each
from tests.backends import Connect, Flavour
from tests.contract.seam import Regions, in_batch, items, settled, size
from tests.contract.test_partitions import listed

PARTS = 3


class Old(BaseModel, frozen=True):
    name: str


class New(BaseModel, frozen=True):
    name: str
    owner: str


def blocks(replica: Any) -> bool:
    return isinstance(replica, memory.Replica | Replica)


@pytest.fixture(params=[1, PARTS])
def partitions(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


# Nothing changes where an operation raises ------------------------------------------------------


async def test_pop_leaves_what_cannot_be_read(region: Regions, partitions: int) -> None:
    a = region("a")
    old = a.or_set("tasks", Old, partitions=partitions)
    await settled(old.add(Old(name="pay")))
    new = a.or_set("tasks", New, partitions=partitions)
    for _ in range(2):
        with pytest.raises(InvalidValue):
            await settled(new.pop())
    assert await listed(old) == [Old(name="pay")]
    await settled(new.clear())
    assert await size(old) == 0


async def test_pop_after_pop_leaves_what_cannot_be_read(region: Regions) -> None:
    a = region("a")
    if isinstance(a, memory.Replica):
        return  # where it is always the same element that comes first
    texts, numbers = a.or_set("s", str), a.or_set("s", int)
    await settled(numbers.add(1))
    await settled(texts.update("abc"))
    read = set()
    for _ in range(200):
        try:
            read.add(await settled(texts.pop()))
        except InvalidValue:
            continue
        if len(read) == 3:
            break
    assert read == set("abc")
    assert await settled(numbers.pop()) == 1
    with pytest.raises(KeyError):
        await settled(texts.pop())


async def test_a_map_pops_only_what_it_can_read(region: Regions, partitions: int) -> None:
    a = region("a")
    texts, numbers = (a.lww_map("m", type_, partitions=partitions) for type_ in (str, int))
    await settled(texts.set("k", "text"))
    for call in (numbers.popitem, lambda: numbers.pop("k"), lambda: numbers.pop("k", None)):
        with pytest.raises(InvalidValue):
            await settled(call())
    assert await settled(texts.to_dict()) == {"k": "text"}
    await settled(numbers.clear())
    assert await size(texts) == 0


async def test_what_takes_many_takes_all_or_none(region: Regions, partitions: int) -> None:
    a = region("a")
    s = a.or_set("s", str, partitions=partitions)
    m = a.lww_map("m", int, partitions=partitions)
    await settled(s.update("ab", "c"))
    await settled(m.update(a=1, b=2))
    calls: tuple[Callable[[], Any], ...] = (
        lambda: s.update("x", ["y", 5]),
        lambda: s.remove_all(["a", 5]),
        lambda: s.difference_update("a", ["b", 5]),
        lambda: m.update({"a": 5, "x": "no int"}),
        lambda: m.update({"a": 5, 3: 4}),
        lambda: m.delete_all(["a", 3]),
        lambda: m.setdefault("x", "no int"),
        lambda: m.setdefault("x"),
    )
    for call in calls:
        with pytest.raises(InvalidValue):
            await settled(call())
    assert await settled(s.get_elements()) == set("abc")
    assert await items(m) == {"a": 1, "b": 2}


async def test_operators_change_all_or_nothing(region: Regions, partitions: int) -> None:
    a = region("a")
    if not blocks(a):
        return
    s = a.or_set("s", str, partitions=partitions)
    s.update("abc")
    same = s
    for operand in (["n1", 5, "n2"], ["a", 5, "b"]):
        with pytest.raises(InvalidValue):
            s |= operand
        with pytest.raises(InvalidValue):
            s -= operand
        with pytest.raises(InvalidValue):
            s ^= operand
    assert s == set("abc")
    s |= "cd"
    s ^= "ae"
    s -= "b"
    assert s == set("cde")
    s &= {"c", "d", 5}
    assert s == set("cd")
    s -= s
    assert s is same
    assert not s


async def test_a_type_that_python_cannot_hold_is_an_error_of_ours(region: Regions) -> None:
    register = region("a").lww_register("r", dict[frozenset[str], int])
    with pytest.raises(InvalidValue):
        await settled(register.set({frozenset("a"): 1}))


# One call, one step -----------------------------------------------------------------------------


async def test_pop_popitem_and_setdefault(region: Regions, partitions: int) -> None:
    m = region("a").lww_map("m", int, partitions=partitions)
    await settled(m.update({str(i): i for i in range(10)}))
    assert await settled(m.pop("1")) == 1
    assert await settled(m.pop("1", None)) is None
    with pytest.raises(KeyError, match="1"):
        await settled(m.pop("1"))
    assert await settled(m.setdefault("1", 11)) == 11
    assert await settled(m.setdefault("1", 12)) == 11
    assert await settled(m.setdefault("2", 12)) == 2
    popped = [await settled(m.popitem()) for _ in range(10)]
    assert dict(popped) == {str(i): i for i in range(10)} | {"1": 11}
    with pytest.raises(KeyError):
        await settled(m.popitem())
    assert await settled(m.setdefault("1", 13)) == 13
    assert await items(m) == {"1": 13}


async def test_what_is_popped_or_set_by_default_reaches_others(region: Regions) -> None:
    a, b = region("a"), region("b")
    await settled(a.lww_map("m").update({"x": 1, "y": 2}))
    await settled(b.pull(a))
    assert await settled(b.lww_map("m").pop("x")) == 1
    assert await settled(b.lww_map("m").setdefault("z", 3)) == 3
    await settled(a.pull(b))
    assert await items(a.lww_map("m")) == {"y": 2, "z": 3}
    assert await settled(b.lww_map("m").popitem()) in {("y", 2), ("z", 3)}
    await settled(a.pull(b))
    assert await size(a.lww_map("m")) == 1


def at_once(workers: int, work: Callable[[int], Any]) -> list[Any]:
    """What several threads make of it."""
    found: list[Any] = []
    threads = [threading.Thread(target=lambda i=i: found.append(work(i))) for i in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == workers
    return found


def test_clients_that_pop_at_once(
    flavour: Flavour, new_keyspace: Callable[[Flavour], Connect]
) -> None:
    connect, many = new_keyspace(flavour), 60
    first = Replica(connect(), replica_id="eu")
    first.or_set("s", int).update(range(many))
    first.lww_map("m", int).update({str(i): i for i in range(many)})

    def work(worker: int) -> tuple[list[int], list[int], list[int]]:
        replica = Replica(connect())
        s, m, d = replica.or_set("s", int), replica.lww_map("m", int), replica.lww_map("d", int)
        popped, taken = [], []
        told = [d.setdefault(str(i), worker) for i in range(many)]
        while True:
            try:
                popped.append(s.pop())
            except KeyError:
                break
        for i in range(0, many, 2):
            value = m.pop(str(i), None)
            if value is not None:
                taken.append(value)
        while True:
            try:
                taken.append(m.popitem()[1])
            except KeyError:
                break
        return popped, taken, told

    found = at_once(3, work)
    for which in (0, 1):
        assert sorted(i for told in found for i in told[which]) == list(range(many))
    assert found[0][2] == found[1][2] == found[2][2]


def test_a_pop_that_comes_too_late_takes_another(
    flavour: Flavour, new_keyspace: Callable[[Flavour], Connect]
) -> None:
    connect = new_keyspace(flavour)
    one, other = Replica(connect(), replica_id="eu"), Replica(connect())
    mine, theirs = one.or_set("s", int), other.or_set("s", int)
    mine.update(range(3))
    popped = {mine.pop()}
    left = theirs.get_elements()
    theirs.remove_all(left)
    with pytest.raises(KeyError):
        mine.pop()
    theirs.update([7, 8])
    popped = {mine.pop(), mine.pop()}
    assert popped == {7, 8}


def test_pop_of_a_key_that_another_client_changes(
    flavour: Flavour, new_keyspace: Callable[[Flavour], Connect]
) -> None:
    """Between reading the value and deleting the key."""
    connect = new_keyspace(flavour)
    one, other = Replica(connect(), replica_id="eu"), Replica(connect())
    mine, theirs = one.lww_map("m", int), other.lww_map("m", int)
    for change, expected in (
        (lambda: theirs.set("k", 2), 2),
        (lambda: theirs.delete("k"), None),
    ):
        mine.set("k", 1)
        with before_each_script(one, change):
            assert mine.pop("k", None) == expected
        assert "k" not in mine


@contextmanager
def before_each_script(replica: Any, change: Callable[[], Any]) -> Any:
    """Have another client come between the first two round trips."""
    real, left = replica.execute, [change]

    def execute(operation: Any) -> Any:
        if getattr(operation, "name", None) == "lww_map/pop" and left:
            left.pop()()
        return real(operation)

    replica.execute = execute
    try:
        yield
    finally:
        del replica.execute


# Few round trips --------------------------------------------------------------------------------


@contextmanager
def counted(replica: Any) -> Any:
    """Count the round trips of a replica on a server."""
    trips, real = [0], replica.execute

    def execute(operation: Any) -> Any:
        if not isinstance(operation, Each):  # its operations are counted one by one
            trips[0] += 1
        return real(operation)

    replica.execute = execute
    try:
        yield trips
    finally:
        del replica.execute


MANY = 400


async def test_round_trips(region: Regions) -> None:
    a = region("a")
    if isinstance(a, memory.Replica):
        return
    s, m = a.or_set("s", str), a.lww_map("m", int)
    texts = {str(i) for i in range(MANY)}
    numbers = {str(i): i for i in range(MANY)}
    await settled(s.update(texts))
    await settled(m.update(numbers))
    calls: dict[str, tuple[Callable[[], Any], Any, int]] = {
        "contains_many": (lambda: s.contains_many([*texts, "x"]), [True] * MANY + [False], 1),
        "intersection": (lambda: s.intersection(texts, ["1", "x"]), {"1"}, 1),
        "isdisjoint": (lambda: s.isdisjoint([f"x{i}" for i in texts]), True, 1),
        "get_elements": (lambda: s.get_elements(), texts, 1),
        "update": (lambda: s.update(texts, ["0"]), None, 1),
        "difference_update": (lambda: s.difference_update(["x"], ["y"]), None, 1),
        "get_many": (lambda: m.get_many([*texts, "x"]), numbers, 1),
        "keys": (lambda: m.contains_many([*texts, "x"]), [True] * MANY + [False], 1),
        "to_dict": (lambda: m.to_dict(), numbers, 1),
        "update m": (lambda: m.update(numbers), None, 1),
        "update from a map": (lambda: m.update(m), None, 2),
        "setdefault": (lambda: m.setdefault("0", 5), 0, 1),
        "pop": (lambda: m.pop("0"), 0, 2),
        "popitem": (lambda: m.popitem(), None, 2),
        "pop of a set": (lambda: s.pop(), None, 2),
        "pop again": (lambda: s.pop(), None, 1),
    }
    for name, (call, expected, most) in calls.items():
        with counted(a) as trips:
            found = await settled(call())
        assert trips[0] <= most, (name, trips)
        assert expected is None or found == expected, name


async def test_round_trips_of_operators(region: Regions) -> None:
    a = region("a")
    if isinstance(a, memory.Replica) or not a.blocking:
        return
    texts = {str(i) for i in range(MANY)}
    s, t, m = a.or_set("s", str), a.or_set("t", str), a.lww_map("m", int)
    for set_ in (s, t):
        set_.update(texts)
    numbers = {str(i): i for i in range(MANY)}
    m.update(numbers)
    for name, call, expected in (
        ("s == t", lambda: s == t, True),
        ("s == texts", lambda: s == texts, True),
        ("texts == s", lambda: texts == s, True),
        ("s != t", lambda: s != t, False),
        ("s & t", lambda: s & t, texts),
        ("texts & s", lambda: texts & s, texts),
        ("s | t", lambda: s | t, texts),
        ("s - t", lambda: s - t, set()),
        ("texts - s", lambda: texts - s, set()),
        ("s ^ t", lambda: s ^ t, set()),
        ("t <= s", lambda: t <= s, True),
        ("texts <= s", lambda: texts <= s, True),
        ("t >= s", lambda: t >= s, True),
        ("t < s", lambda: t < s, False),
        ("texts > s", lambda: texts > s, False),
        ("isdisjoint", lambda: s.isdisjoint(t), False),
        ("in values", lambda: -1 in m.values(), False),
        ("m == numbers", lambda: m == numbers, True),
        ("m.keys() == texts", lambda: m.keys() == texts, True),
        ("m.keys() & texts", lambda: m.keys() & {*texts, "x", 5}, texts),
        ("texts - m.keys()", lambda: {*texts, "x"} - m.keys(), {"x"}),
        ("m.keys() | {}", lambda: m.keys() | {"x"}, {*texts, "x"}),
        ("dict(m.items())", lambda: dict(m.items()), numbers),
        ("m.items() == items", lambda: m.items() == numbers.items(), True),
        ("m.items() == m.items()", lambda: m.items() == m.items(), True),
        ("items <= m.items()", lambda: numbers.items() <= m.items(), True),
        ("m.items() <= m.items()", lambda: m.items() <= m.items(), True),
        ("m.items() & items", lambda: m.items() & {("1", 1), ("1", 2), 5}, {("1", 1)}),
        ("items - m.items()", lambda: {("1", 1), ("1", 2)} - m.items(), {("1", 2)}),
        ("m.items() ^ m.items()", lambda: m.items() ^ m.items(), set()),
        ("isdisjoint of items", lambda: m.items().isdisjoint([("1", 2), 5]), True),
        ("s |= t", lambda: s.__ior__(t), texts),
        ("s |= texts", lambda: s.__ior__(texts), texts),
        ("s -= texts", lambda: s.__isub__(texts), set()),
        ("s |= t again", lambda: s.__ior__(t), texts),
        ("s &= texts", lambda: s.__iand__(texts), texts),
        ("s -= t", lambda: s.__isub__(t), set()),
    ):
        with counted(a) as trips:
            found = call()
        assert trips[0] <= 2, (name, trips)
        assert found == expected, name


async def test_all_collections(region: Regions) -> None:
    a = region("a", shards=3)
    assert await settled(a.collections()) == []
    await settled(a.or_set("tasks").add(1))
    await settled(a.or_set("wide", partitions=PARTS).update(range(50)))
    await settled(a.g_counter("n").increment())
    await settled(a.lww_map("m").set("k", 1))
    await settled(a.lww_map("m").delete("k"))
    a.mv_register("untouched")
    await settled(a.lww_register("gone").set(1))
    await settled(a.drop("gone"))
    expected = [("m", "lww_map"), ("n", "g_counter"), ("tasks", "or_set"), ("wide", "or_set")]
    found = await settled(a.collections())
    assert found == expected
    for _, kind in found:
        assert getattr(a, kind)


# Operands ---------------------------------------------------------------------------------------


async def test_what_is_not_of_the_type_is_not_there(region: Regions, partitions: int) -> None:
    a = region("a")
    s = a.or_set("s", str, partitions=partitions)
    m = a.lww_map("m", int, partitions=partitions)
    await settled(s.update("ab"))
    await settled(m.set("a", 1))
    assert await settled(s.contains(1)) is False
    assert await settled(s.contains([])) is False
    assert await settled(s.contains_many(["a", 1, [], "b"])) == [True, False, False, True]
    assert await settled(s.isdisjoint([1])) is True
    assert await settled(s.intersection([1, "a"])) == {"a"}
    assert await settled(s.intersection()) == {"a", "b"}
    assert await settled(m.get(1)) is None
    assert await settled(m.get("\ud800", 5)) == 5
    assert await settled(m.get_many([1, "a", "b"])) == {"a": 1}
    assert await settled(m.contains_many([1, "a", "b"])) == [False, True, False]
    for write, args in ((s.add, (1,)), (s.remove, (1,)), (m.set, (1, 1)), (m.delete, (1,))):
        with pytest.raises(InvalidValue):
            await settled(write(*args))
    if not blocks(a):
        return
    assert {1} - s == {1}
    assert s - {1} == s & s == s == {"a", "b"}
    assert s & {1, "a"} == {1, "a"} & s == {"a"}
    assert s | {1} == {1} | s == {1, "a", "b"}
    assert s ^ {1, "a"} == {1, "a"} ^ s == {1, "b"}
    assert s != {1}
    assert {1} != s
    assert not s <= {1}
    assert s != 1
    assert s != ["a", "b"]
    assert 1 not in s
    assert 1 not in m
    assert (1, 1) not in m.items()
    with pytest.raises(KeyError):
        m[1]
    with pytest.raises(TypeError):
        s <= 1  # noqa: B015
    with pytest.raises(TypeError):
        s & 1


async def test_elements_that_python_holds_equal(region: Regions, partitions: int) -> None:
    a = region("a")
    s = a.or_set("mixed", partitions=partitions)
    await settled(s.update([1, True, "x"]))
    found = await settled(s.get_elements())
    assert len(found) == 3
    assert sorted(map(repr, found)) == ["'x'", "1", "True"]
    assert 1 in found
    assert 0 not in found
    assert [] not in found
    assert found == found | found
    if blocks(a):
        assert s == found
        assert found == s
        assert s & found == found
        assert found - s == set()


async def test_elements_that_cannot_be_hashed(region: Regions, partitions: int) -> None:
    a = region("a")
    s, t = (a.or_set(name, list[int], partitions=partitions) for name in "st")
    await settled(s.update([[1], [2]]))
    await settled(t.update([[1], [3]]))
    ours, theirs = await settled(s.get_elements()), await settled(t.get_elements())
    assert sorted(ours & theirs) == [[1]]
    assert sorted(ours | theirs) == [[1], [2], [3]]
    assert "no list" not in ours
    assert await settled(s.contains_many([[1], [3], (1,)])) == [True, False, False]
    if blocks(a):
        assert sorted(s - t) == [[2]]
        assert sorted(s ^ t) == [[2], [3]]
        s &= t
        assert sorted(s) == [[1]]


# Awaited ----------------------------------------------------------------------------------------


async def test_what_is_awaited_says_so(region: Regions) -> None:
    a = region("a")
    if blocks(a):
        return
    for collection in (a.or_set("s"), a.lww_map("m")):
        for use, instead in (
            (bool, r"size\(\)"),
            (len, r"size\(\)"),
            (list, "async for"),
            (lambda c: 1 in c, r"contains\("),
        ):
            with pytest.raises(TypeError, match=instead):
                use(collection)


# Models that changed ----------------------------------------------------------------------------


class Task(BaseModel, frozen=True):
    name: str


class TaskNow(BaseModel, frozen=True):
    name: str
    priority: int = 0


class Owned(BaseModel, frozen=True):
    """What a ``TaskNow`` is once more is known of it."""

    name: str
    priority: int = 0
    owner: str = "nobody"


async def test_what_was_written_before_a_default_is_found(region: Regions, partitions: int) -> None:
    a = region("a")
    names = "abcdefgh"
    await settled(a.or_set("s", Task, partitions=partitions).update(Task(name=n) for n in names))
    s = a.or_set("s", Owned, partitions=partitions)
    await settled(a.or_set("s", TaskNow, partitions=partitions).add(TaskNow(name="z", priority=1)))
    found = await listed(s)
    assert await settled(s.contains_many(found)) == [True] * 9
    assert await settled(s.contains(Owned(name="a", priority=0, owner="nobody")))
    assert not await settled(s.contains(Owned(name="a", priority=1)))
    assert await settled(s.get_elements()) == set(found)
    if blocks(a):
        assert s == set(found)
        assert s & set(found) == set(found)
        assert s - set(found) == set()
        s &= set(found)
    for owned in found[:3]:
        assert await settled(s.remove(owned)) is True
        assert await settled(s.remove(owned)) is False
    await settled(s.discard(found[3]))
    assert await settled(s.remove_all(found)) == 5
    assert await size(s) == 0


async def test_rewriting_a_set_to_the_new_form(region: Regions) -> None:
    a = region("a")
    await settled(a.or_set("s", Task).update([Task(name="a"), Task(name="b")]))
    s = a.or_set("s", TaskNow)
    for task in await listed(s):

        def rewrite(batch: Any, task: TaskNow = task) -> None:
            batch.on(s).remove(task)
            batch.on(s).add(task)

        await in_batch(a, rewrite)
    assert await size(s) == 2
    with pytest.raises(InvalidValue):
        await listed(a.or_set("s", Closed))
    assert await settled(s.get_elements()) == {TaskNow(name="a"), TaskNow(name="b")}


async def test_what_has_a_field_that_the_model_lost(region: Regions, partitions: int) -> None:
    """It is never taken for less than it is: not read, not found, not popped."""
    a = region("a")
    old = a.or_set("s", TaskNow, partitions=partitions)
    tasks = [TaskNow(name="a", priority=1), TaskNow(name="a", priority=2)]
    await settled(old.update(tasks))
    s = a.or_set("s", Task, partitions=partitions)
    for read in (lambda: listed(s), s.get_elements, s.pop, lambda: s.union([])):
        with pytest.raises(InvalidValue, match="not of type Task"):
            await settled(read())
    assert not await settled(s.contains(Task(name="a")))
    assert await settled(old.get_elements()) == set(tasks)
    for task in await listed(old):
        await settled(s.add(Task(name=f"{task.name}{task.priority}")))
        await settled(old.remove(task))
    assert await settled(s.get_elements()) == {Task(name="a1"), Task(name="a2")}
    await settled(old.add(tasks[0]))
    await settled(s.clear())
    assert await size(s) == 0


class Closed(BaseModel, frozen=True, extra="forbid"):
    name: str
