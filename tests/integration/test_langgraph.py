"""The store for LangGraph does what LangGraph's own store does, and converges across regions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchOp,
)
from langgraph.store.memory import InMemoryStore

from redis_crdt import Replica, memory, servers
from redis_crdt.asyncio import Replica as AwaitedReplica
from redis_crdt.errors import (
    InvalidName,
    InvalidValue,
    UnknownOperation,
    WrongEventLoop,
)
from redis_crdt.langgraph import CRDTStore
from redis_crdt.langgraph.blocking import Shelves
from redis_crdt.langgraph.turns import Turns
from tests.backends import NewClient

NewUrl = Callable[[servers.Flavour], str]
NewStore = Callable[[], BaseStore]


class Run(BaseStore):
    """A store whose replica is awaited, for tests that do not: all of it by its ``abatch``."""

    supports_ttl = True

    def __init__(self, runner: asyncio.Runner, store: CRDTStore) -> None:
        self._runner = runner
        self._store = store
        self.ttl_config = store.ttl_config

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        return self._runner.run(self._store.abatch(ops))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        return await self._store.abatch(ops)


@pytest.fixture(params=["memory", "redis62", "valkey", "awaited"])
def new_store(
    request: pytest.FixtureRequest, new_client: NewClient, new_url: NewUrl
) -> Iterator[NewStore]:
    """Make an empty store, on each backend in turn; all of one test on one replica."""
    numbers = count()
    if request.param == "awaited":
        with asyncio.Runner() as runner:
            awaited = AwaitedReplica.from_url(new_url("valkey"), replica_id="eu")
            yield lambda: Run(runner, CRDTStore(awaited, name=f"s{next(numbers)}"))
            runner.run(awaited.close())
        return
    replica: Any = (
        memory.Replica(replica_id="eu")
        if request.param == "memory"
        else Replica(new_client(request.param), replica_id="eu")
    )
    yield lambda: CRDTStore(replica, name=f"s{next(numbers)}")


@pytest.fixture
def store(new_store: NewStore) -> BaseStore:
    return new_store()


# What LangGraph's store in memory does ------------------------------------------------------

LABELS = st.sampled_from(["a", "b", "c"])
NAMESPACES = st.lists(LABELS, min_size=1, max_size=3).map(tuple)
KEYS = st.sampled_from(["k1", "k2"])
VALUES = st.fixed_dictionaries(
    {"r": st.integers(0, 3) | st.sampled_from([0.5, 2.5])},  # that store compares no others
    optional={"n": st.integers(0, 3), "s": st.sampled_from("xy"), "in": st.just({"deep": [1]})},
)
FILTERS: st.SearchStrategy[dict[str, Any] | None] = st.sampled_from(
    [
        None,
        {"n": 1},
        {"n": {"$ne": 1}},
        {"n": {"$eq": 2}, "s": "x"},
        {"s": {"$ne": None}},
        {"in": {"deep": [1]}},
        {"in": {"deep": [1, 2]}},
        {"in": {"deep": [{"$eq": 1}]}},
        {"in": {"other": None}},
        {"in": {}},
        {"r": {"$gt": 1}},
        {"r": {"$gte": 0.5, "$lt": 3}},
        {"r": {"$lte": 2, "$ne": 0}, "s": "x"},
    ]
)
PATHS = st.lists(st.sampled_from(["a", "b", "c", "*"]), min_size=1, max_size=3).map(tuple)
CONDITIONS = st.one_of(
    PATHS.map(lambda path: MatchCondition("prefix", path)),
    PATHS.map(lambda path: MatchCondition("suffix", path)),
)
PREFIXES = st.lists(LABELS, max_size=2).map(tuple)
OPERATIONS = st.one_of(
    st.tuples(
        st.lists(CONDITIONS, max_size=2).map(tuple),
        st.sampled_from([None, 1, 2, 3]),
        st.sampled_from([0, 2, 100]),
        st.sampled_from([0, 1, 50]),
    ).map(lambda args: ListNamespacesOp(*args)),
    st.tuples(PREFIXES, FILTERS).map(lambda args: SearchOp(args[0], args[1], limit=100)),
    st.tuples(NAMESPACES, KEYS).map(lambda args: GetOp(*args)),
    st.tuples(NAMESPACES, KEYS, VALUES | st.none()).map(lambda args: PutOp(*args)),
    st.tuples(NAMESPACES, KEYS, VALUES).map(lambda args: PutOp(*args)),
)
BATCHES = st.lists(st.lists(OPERATIONS, min_size=1, max_size=6), max_size=6)


def expected_of(reference: InMemoryStore, ops: list[Op]) -> list[Result]:
    """What that store says. It lists namespaces, too, that are empty; or were only read."""
    for namespace in [namespace for namespace, items in reference._data.items() if not items]:
        del reference._data[namespace]
    return reference.batch(ops)


def told(result: Any) -> Any:
    """What there is to compare: not the times, nor the order in which items are found."""
    if isinstance(result, Item):
        return result.namespace, result.key, result.value
    if isinstance(result, list) and result and isinstance(result[0], Item):
        return sorted(map(told, result), key=lambda item: item[:2])
    return result


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES, limit=st.integers(0, 3), offset=st.integers(0, 3))
def test_it_does_what_the_store_in_memory_does(
    new_store: NewStore, batches: list[list[Op]], limit: int, offset: int
) -> None:
    ours, reference = new_store(), InMemoryStore()
    for batch in batches:
        # A get has that store list a namespace, so what lists comes first.
        ops = sorted(batch, key=lambda op: not isinstance(op, ListNamespacesOp))
        searches = [op for op in ops if isinstance(op, SearchOp)]
        pages: list[Op] = [op._replace(limit=limit, offset=offset) for op in searches]
        results: list[Any] = ours.batch([*ops, *pages])
        assert [*map(told, results[: len(ops)])] == [*map(told, expected_of(reference, ops))]
        # That store has what was put first first, and ours what was updated last.
        wholes = [each for op, each in zip(ops, results, strict=False) if isinstance(op, SearchOp)]
        for whole, page in zip(wholes, results[len(ops) :], strict=True):
            times = [item.updated_at for item in whole]
            assert times == sorted(times, reverse=True)
            assert page == whole[offset : offset + limit]


@pytest.mark.parametrize("operator", ["$gt", "$gte", "$lt", "$lte"])
def test_numbers_are_compared_as_there(operator: str) -> None:
    ours, reference = CRDTStore(memory.Replica()), InMemoryStore()
    for number in (2, 9, 9.5, 10, 11):
        for each in (ours, reference):
            each.put(("scores",), f"{number}", {"score": number})
    for than in (2, 9.5, 10, 12):
        wanted = {"score": {operator: than}}
        found = [each.search(("scores",), filter=wanted) for each in (ours, reference)]
        assert told(found[0]) == told(found[1])


def test_texts_are_in_order_and_what_differs_in_kind_is_not() -> None:
    ours = CRDTStore(memory.Replica())
    for key, name in {"a": "apple", "b": "banana", "n": 5, "x": None}.items():
        ours.put(("names",), key, {"name": name})
    ours.put(("names",), "none", {})
    found = ours.search(("names",), filter={"name": {"$gt": "apple"}})
    assert [item.key for item in found] == ["b"]
    assert [item.key for item in ours.search(("names",), filter={"name": {"$lt": 9}})] == ["n"]


METHODS: dict[str, Callable[[Any, Any], Any]] = {
    "get": lambda store, labels: store.get(labels, "k"),
    "put": lambda store, labels: store.put(labels, "k", {}),
    "delete": lambda store, labels: store.delete(labels, "k"),
    "search": lambda store, labels: store.search(labels),
    "prefix": lambda store, labels: store.list_namespaces(prefix=labels),
    "suffix": lambda store, labels: store.list_namespaces(suffix=labels),
    "aget": lambda store, labels: asyncio.run(store.aget(labels, "k")),
    "aput": lambda store, labels: asyncio.run(store.aput(labels, "k", {})),
    "adelete": lambda store, labels: asyncio.run(store.adelete(labels, "k")),
    "asearch": lambda store, labels: asyncio.run(store.asearch(labels)),
    "aprefix": lambda store, labels: asyncio.run(store.alist_namespaces(prefix=labels)),
}
LABELLED = [("a",), (), ("a.b",), ("a", ""), (1,), ("langgraph", "a"), ("a", "langgraph"), ("*",)]


def outcome(call: Callable[[Any, Any], Any], store: BaseStore, labels: Any) -> Any:
    try:
        return told(call(store, labels))
    except InvalidNamespaceError as refused:
        return str(refused)


@pytest.mark.parametrize("method", METHODS)
def test_labels_are_refused_as_there(method: str) -> None:
    call = METHODS[method]
    for labels in LABELLED:
        replies = []
        for each in (CRDTStore(memory.Replica()), InMemoryStore()):
            each.put(("a",), "k", {})
            replies.append(outcome(call, each, labels))
        assert replies[0] == replies[1], labels


def test_calls_that_need_no_tuple_no_index_and_no_query(store: BaseStore) -> None:
    """As LangGraph's own stores with a database take them."""
    labels: Any = ["docs", "été"]
    store.put(labels, "a", {"text": "这是中文"}, index=["text"])
    store.put(labels, "b", {"text": "यह रूसी है"}, index=False)
    assert told(store.get(labels, "a")) == (("docs", "été"), "a", {"text": "这是中文"})
    # Without embeddings a query ranks nothing, and leaves nothing out.
    found = [store.search((), query=query) for query in (None, "", "who wrote what?")]
    found += [store.search(labels[:1]), store.search((), filter={})]
    assert [[item.key for item in items] for items in found] == [["b", "a"]] * 5
    assert store.list_namespaces(prefix=labels[:1], suffix=labels[1:]) == [("docs", "été")]
    store.delete(labels, "a")
    assert store.get(labels, "a") is None
    hidden = PutOp(("langgraph", "a"), "k", {})  # a name that only `put` refuses
    store.batch([hidden])
    assert store.get(("langgraph", "a"), "k")


def test_what_was_updated_last_comes_first_and_pages_are_parts_of_that(store: BaseStore) -> None:
    for number in range(7):
        store.put(("docs", str(number % 3)), f"d{number}", {"n": number})
    store.put(("docs", "2"), "d2", {"n": 2})
    newest = [2, 6, 5, 4, 3, 1, 0]
    assert [item.value["n"] for item in store.search(("docs",))] == newest
    pages = [store.search(("docs",), limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [[item.value["n"] for item in page] for page in pages] == [
        newest[:3],
        newest[3:6],
        newest[6:],
        [],
    ]


def test_an_item_tells_when_it_was_made_and_when_it_was_updated(store: BaseStore) -> None:
    store.put(("docs",), "d", {"n": 1})
    made = store.get(("docs",), "d")
    store.put(("docs",), "d", {"n": 2})
    updated = store.get(("docs",), "d")
    assert made
    assert updated
    assert made.created_at == made.updated_at == updated.created_at < updated.updated_at
    assert (updated.value, updated.key, updated.namespace) == ({"n": 2}, "d", ("docs",))


def test_more_items_and_namespaces_than_are_read_at_once(store: BaseStore) -> None:
    puts = [PutOp(("many", f"n{i % 230}", "x"), f"k{i}", {"i": i}) for i in range(700)]
    store.batch(puts)
    found = store.search(("many",), limit=1000)
    assert sorted(item.value["i"] for item in found) == list(range(700))
    assert len(store.list_namespaces(prefix=("many",), limit=1000)) == 230
    assert store.list_namespaces(max_depth=1) == [("many",)]


@pytest.mark.parametrize("new_store", ["redis62", "valkey", "awaited"], indirect=True)
def test_what_cannot_be_is_an_error_and_changes_nothing(store: BaseStore) -> None:
    with pytest.raises(InvalidNamespaceError):
        store.batch([PutOp(("a.b",), "k", {"x": 1})])
    store.put(("docs",), "d", {"x": 1})
    with pytest.raises(UnknownOperation, match=r"\$regex"):
        store.search(("docs",), filter={"x": {"$regex": "1"}})
    good = PutOp(("docs",), "new", {"x": 1})
    not_a_number, no_json = {"x": float("nan")}, {"x": {1, 2}}
    for bad in (
        PutOp(("docs",), "d", not_a_number),
        PutOp(("docs",), "d", no_json),
        PutOp(("docs",), "d" * 70_000, {}),
    ):
        with pytest.raises(InvalidValue):
            store.batch([good, bad])
    with pytest.raises(InvalidName):
        store.batch([good, PutOp(("n" * 300,), "d", {})])
    assert [item.key for item in store.search(())] == ["d"]


# Regions ------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "redis62", "valkey"])
def regions(request: pytest.FixtureRequest, new_client: NewClient) -> list[Any]:
    """Two replicas, on each backend in turn."""
    if request.param == "memory":
        return [memory.Replica(replica_id=name) for name in ("eu", "us")]
    return [Replica(new_client(request.param), replica_id=name) for name in ("eu", "us")]


def test_regions_that_were_cut_apart_come_to_the_same(regions: list[Any]) -> None:
    eu, us = (CRDTStore(replica) for replica in regions)
    eu.put(("users", "ann"), "theme", {"dark": True})
    eu.put(("users", "ann"), "old", {})
    eu.put(("users", "ben"), "gone", {})
    regions[0].sync(regions[1])
    eu.delete(("users", "ann"), "theme")  # which had not seen ...
    us.put(("users", "ann"), "theme", {"dark": False})  # ... this
    us.delete(("users", "ann"), "old")
    eu.delete(("users", "ben"), "gone")
    us.put(("users", "cem", "notes"), "n1", {"text": "hello"})
    eu.put(("users", "cem"), "n2", {})
    regions[0].sync(regions[1])
    for store in (eu, us):
        theme = store.get(("users", "ann"), "theme")
        assert theme
        assert theme.value == {"dark": False}
        assert store.get(("users", "ann"), "old") is None
        assert store.list_namespaces() == [
            ("users", "ann"),
            ("users", "cem"),
            ("users", "cem", "notes"),
        ]
    assert told(eu.search(())) == told(us.search(()))
    assert eu.search(()) == us.search(())  # times and order, too


def test_a_namespace_that_was_emptied_in_one_region_is_listed_while_it_has_items(
    regions: list[Any],
) -> None:
    eu, us = (CRDTStore(replica) for replica in regions)
    eu.put(("a", "b"), "k", {})
    regions[0].sync(regions[1])
    eu.delete(("a", "b"), "k")
    us.put(("a", "b"), "l", {})
    assert (eu.list_namespaces(), us.list_namespaces()) == ([], [("a", "b")])
    regions[0].sync(regions[1])
    assert eu.list_namespaces() == us.list_namespaces() == [("a", "b")]
    assert [item.key for item in eu.search(("a",))] == ["l"]


def test_stores_of_other_names_are_others(regions: list[Any]) -> None:
    one, other = (CRDTStore(regions[0], name=name) for name in ("one", "other"))
    one.put(("a",), "k", {})
    assert other.search(()) == other.list_namespaces() == []
    assert one.list_namespaces() == [("a",)]


# Expiry -------------------------------------------------------------------------------------

SHORT = 0.15 / 60
LONG = 10.0


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    for _ in range(500):
        if holds():
            return
        time.sleep(0.02)
    pytest.fail("it never came to be")


def test_what_has_expired_is_there_for_nobody(store: BaseStore) -> None:
    store.put(("a", "b"), "short", {}, ttl=SHORT)
    store.put(("a", "c"), "short", {}, ttl=SHORT)
    store.put(("a", "c"), "long", {}, ttl=LONG)
    store.put(("a", "c"), "for ever", {})
    until(lambda: len(store.search(())) == 2)
    assert store.get(("a", "b"), "short") is None
    assert store.list_namespaces() == [("a", "c")]
    before = datetime.now(UTC)
    store.put(("a", "b"), "short", {})
    anew = store.get(("a", "b"), "short")
    assert anew
    assert anew.created_at >= before


@pytest.fixture
def now() -> list[int]:
    """The time that clocks tell, in milliseconds."""
    return [1_700_000_000_000]


@pytest.fixture
def timed(now: list[int]) -> memory.Replica:
    return memory.Replica(replica_id="eu", clock=lambda: now[0])


def test_reads_refresh_where_they_are_asked_to(now: list[int], timed: memory.Replica) -> None:
    store = CRDTStore(timed)
    for key in ("left", "got", "found"):
        store.put(("a", key), key, {}, ttl=LONG)
    now[0] += int(LONG * 60_000) - 1
    assert store.get(("a", "left"), "left")
    assert store.search(("a", "left"))
    assert store.get(("a", "got"), "got", refresh_ttl=True)
    assert store.search(("a",), filter={}, limit=1, refresh_ttl=True)[0].key == "found"
    now[0] += int(LONG * 60_000) - 1
    assert sorted(item.key for item in store.search(())) == ["found", "got"]
    now[0] += 2
    assert store.search(()) == []


def test_defaults_for_a_store(now: list[int], timed: memory.Replica) -> None:
    store = CRDTStore(timed, ttl={"default_ttl": LONG, "refresh_on_read": True})
    store.put(("a",), "k", {})
    store.put(("a",), "for ever", {}, ttl=None)
    for _ in range(3):
        now[0] += int(LONG * 60_000) - 1
        assert store.get(("a",), "k")
    now[0] += int(LONG * 60_000) + 1
    assert store.get(("a",), "k") is None
    assert store.get(("a",), "for ever")


def test_what_is_put_while_a_read_refreshes_keeps_its_own_time(
    now: list[int], timed: memory.Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = CRDTStore(timed)
    store.put(("a",), "k", {"n": 1}, ttl=LONG)
    keep = Shelves._keep

    def put_first(*args: Any) -> bool:
        monkeypatch.setattr(Shelves, "_keep", keep)
        store.put(("a",), "k", {"n": 2})
        return keep(*args)

    monkeypatch.setattr(Shelves, "_keep", put_first)
    assert store.get(("a",), "k", refresh_ttl=True)
    now[0] += int(LONG * 60_000) + 1
    item = store.get(("a",), "k")
    assert item
    assert item.value == {"n": 2}


# Costs --------------------------------------------------------------------------------------


class Counted(Replica):
    """A replica that counts its round trips."""

    round_trips = 0

    def execute(self, operation: Any) -> Any:
        self.round_trips += 1
        return super().execute(operation)


def test_what_calls_cost(new_client: NewClient) -> None:
    replica = Counted(new_client("valkey"), replica_id="eu")
    store = CRDTStore(replica)
    notes = ("users", "u7", "notes")
    store.batch([PutOp(("users", f"u{i}", "notes"), "n", {"i": i}) for i in range(50)])

    def cost(call: Callable[[], object]) -> int:
        call()  # which opens what it takes
        before = replica.round_trips
        call()
        return replica.round_trips - before

    assert cost(lambda: store.get(notes, "n")) == 1
    assert cost(lambda: store.put(notes, "n", {})) == 2
    assert cost(lambda: store.put(notes, "n", {}, ttl=LONG)) == 2
    assert cost(lambda: store.get(notes, "n")) == 1
    assert cost(lambda: store.get(notes, "n", refresh_ttl=True)) == 3
    assert cost(lambda: store.delete(notes, "n")) == 1
    # Its own items, what is below it; and the items of what is, of one of fifty namespaces.
    assert cost(lambda: store.search(("users", "u7"))) == 3
    assert cost(lambda: store.list_namespaces(prefix=("users", "u7"))) == 3
    assert cost(lambda: store.search(notes)) == 2
    assert cost(lambda: store.search(("users",))) == 2 + 50 + 50


def test_a_store_is_in_one_shard() -> None:
    store = CRDTStore(memory.Replica(shards=16))
    store.batch([PutOp((f"a{i}", "{b}", "c"), "k", {"i": i}) for i in range(30)])
    assert len(store.search((), limit=100)) == 30


# Awaited and not ----------------------------------------------------------------------------


async def test_awaited_calls_of_a_replica_that_blocks(new_client: NewClient) -> None:
    store = CRDTStore(Replica(new_client("valkey"), replica_id="eu"))
    await asyncio.gather(*(store.aput(("a", f"n{i}"), "k", {"i": i}) for i in range(20)))
    assert len(await store.asearch(("a",), limit=100)) == 20
    assert len(store.search(("a",), limit=100)) == 20


Begun = list[tuple[str, int | None]]

BEGUN: list[Begun] = [
    [("k", 1), ("k", 2)],
    [("k", 1), ("k", None)],
    [("k", None), ("k", 1)],
    [("k", 1), ("l", 1), ("k", None), ("l", 2), ("k", 3), ("l", None)],
    [(f"k{i}", value) for value in (1, None, 2) for i in range(30)],
]


@pytest.mark.parametrize("kind", ["memory", "blocking", "awaited"])
async def test_of_writes_to_an_item_that_are_begun_together_the_last_holds(
    kind: str, new_url: NewUrl
) -> None:
    """As where LangGraph's stores collect what is called in one turn of the event loop."""
    async with AwaitedReplica.from_url(new_url("valkey"), replica_id="eu") as awaited:
        replica: Any = awaited
        if kind != "awaited":
            url = new_url("valkey")
            in_memory = kind == "memory"
            replica = memory.Replica() if in_memory else Replica.from_url(url, replica_id="eu")
        ours, reference = CRDTStore(replica), InMemoryStore()
        for begun in BEGUN * 5:
            for store in (ours, reference):
                writes = [
                    PutOp(("a",), key, None if value is None else {"v": value})
                    for key, value in begun
                ]
                await asyncio.gather(*(store.abatch([write]) for write in writes))
            for key in {key for key, _ in begun}:
                there = await reference.aget(("a",), key)
                assert told(await ours.aget(("a",), key)) == told(there), begun
        if kind == "blocking":
            replica.close()


async def test_who_is_cancelled_while_others_write_lets_nobody_past_them() -> None:
    turns, order = Turns(), list[str]()
    first_may_end = asyncio.Event()

    async def write(name: str, ending: asyncio.Event | None = None) -> None:
        async with turns.of([(("a",), "k")]):
            if ending:
                await ending.wait()
            order.append(name)

    first = asyncio.create_task(write("first", first_may_end))
    second = asyncio.create_task(write("second"))
    await asyncio.sleep(0)
    third = asyncio.create_task(write("third"))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    fourth = asyncio.create_task(write("fourth"))
    async with turns.of([(("a",), "other"), (("b",), "k")]):
        assert order == []
    first_may_end.set()
    await asyncio.gather(first, third, fourth)
    assert order == ["first", "third", "fourth"]
    await write("fifth")
    assert not any(turns._last.values())


async def test_awaited_calls_of_a_replica_in_memory() -> None:
    store = CRDTStore(memory.Replica())
    await store.aput(("a",), "k", {})
    assert await store.alist_namespaces() == [("a",)]


async def test_blocking_calls_of_an_awaited_replica_are_for_other_threads(new_url: NewUrl) -> None:
    async with AwaitedReplica.from_url(new_url("valkey"), replica_id="eu") as replica:
        store = CRDTStore(replica)
        with pytest.raises(WrongEventLoop, match="aget"):
            store.get(("a",), "k")
        await store.aput(("a",), "k", {"x": 1})
        with pytest.raises(WrongEventLoop, match="aget"):
            store.get(("a",), "k")
        item = await asyncio.to_thread(store.get, ("a",), "k")
        assert item
        assert item.value == {"x": 1}
