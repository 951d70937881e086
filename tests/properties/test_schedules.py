"""Random schedules: writes, pulls cut short or delivered again, feeds trimmed, servers that forget.

Two oracles. What must be there follows from the acknowledged writes alone, as long as no server
forgot any. And always the replicas must end in the join of all that they hold, which is worked
out by a textbook merge of whole states.
"""

from __future__ import annotations

import pickle
import re
from collections import defaultdict
from collections.abc import Callable
from functools import partial, reduce
from itertools import combinations, count
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from redis_crdt import Replica, memory
from redis_crdt.clock import Dot, wall_clock
from redis_crdt.entries import Dots, Last
from redis_crdt.errors import StaleReplica
from redis_crdt.kinds import KINDS, PARTITIONS, VALUE
from redis_crdt.names import Keys
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Operation, Script, drive
from redis_crdt.sync.pull import pull
from tests.backends import NewClient

AnyReplica = Any  # of whichever backend

# The kinds that collections are opened as.
NAMES: dict[str, str] = {kind: f"the {kind}" for kind in KINDS if kind != PARTITIONS}
ROUNDS = 12

which = st.integers(0, 3)
elements = st.sampled_from("abc")


class MemoryHost:
    """What keeps a replica in memory, and can forget."""

    def __init__(self, replica_id: str, feed_limit: int) -> None:
        self._new = partial(memory.Replica, replica_id=replica_id, feed_limit=feed_limit)
        self.replica = self._new()

    def save(self) -> bytes:
        return pickle.dumps(self.replica)

    def restore(self, saved: bytes | None) -> None:
        self.replica = pickle.loads(saved) if saved else self._new()


class ServerHost:
    """A server that can forget; what it then is, is another process to the scripts."""

    def __init__(self, client: redis.Redis, replica_id: str, feed_limit: int) -> None:
        self._client = client
        client.flushdb()
        self.replica = Replica(client, replica_id=replica_id, feed_limit=feed_limit)

    def save(self) -> dict[bytes, Any]:
        return {key: self._client.dump(key) for key in self._client.scan_iter()}

    def restore(self, saved: dict[bytes, Any] | None) -> None:
        began = self._clock()
        self._client.flushdb()
        for key, value in (saved or {}).items():
            self._client.restore(key, 0, value)
        if saved:
            self._client.hset(Keys("default").base[0], mapping={"run": "other", "checked": 0})
        while self._clock() == began:  # no server restarts within a millisecond
            pass

    def _clock(self) -> int:
        seconds, micros = self._client.time()
        return int(seconds) * 1000 + int(micros) // 1000


MakeHost = Callable[[int, str, int], MemoryHost | ServerHost]


class Schedule(RuleBasedStateMachine):
    make_host: MakeHost

    @initialize(
        replicas=st.integers(2, 4),
        chain=st.booleans(),
        feed_limits=st.lists(st.sampled_from([1, 5, 100_000]), min_size=4, max_size=4),
    )
    def begin(self, replicas: int, chain: bool, feed_limits: list[int]) -> None:
        self.hosts = [self.make_host(i, "abcd"[i], feed_limits[i]) for i in range(replicas)]
        pairs = list(combinations(range(replicas), 2))
        self.links = [(i, j) for i, j in pairs if not chain or j == i + 1]
        self.saved: dict[int, Any] = {}
        self.deliveries: list[tuple[int, Operation[Any]]] = []
        self.values = count()
        # What was acknowledged, and whether that still says what must be there.
        self.nothing_forgotten = True
        self.collected = False
        self.totals = {"g_counter": 0, "pn_counter": 0}
        self.last: dict[tuple[str, bytes], Last] = {}
        self.added: dict[tuple[str, bytes], dict[Dot, Any]] = defaultdict(dict)
        # Who exchanges with whom is known from the beginning, as where regions are set up: old
        # replicas that meet for the first time may be refused once one of them has collected.
        for i, j in self.links:
            self._pull(i, j, None)
            self._pull(j, i, None)

    def replica(self, i: int) -> AnyReplica:
        return self.hosts[i % len(self.hosts)].replica

    def collection(self, i: int, kind: str) -> Any:
        return getattr(self.replica(i), kind)(NAMES[kind])

    def entry(self, i: int, kind: str, field: bytes) -> Any:
        return self.collection(i, kind).dump().parsed().get(field)

    # Writes ---------------------------------------------------------------------------------

    @rule(i=which, n=st.integers(1, 2**40))
    def increment(self, i: int, n: int) -> None:
        self.collection(i, "g_counter").increment(n)
        self.totals["g_counter"] += n

    @rule(i=which, n=st.integers(-5, 5))
    def count(self, i: int, n: int) -> None:
        pool = self.collection(i, "pn_counter")
        pool.increment(n) if n >= 0 else pool.decrement(-n)
        self.totals["pn_counter"] += n

    @rule(i=which, element=elements)
    def add(self, i: int, element: str) -> None:
        self._write_dots(i, "or_set", f'"{element}"'.encode(), lambda s: s.add(element))

    @rule(i=which, element=elements)
    def remove(self, i: int, element: str) -> None:
        self._write_dots(i, "or_set", f'"{element}"'.encode(), lambda s: s.remove(element))

    @rule(i=which)
    def clear(self, i: int) -> None:
        set_ = self.collection(i, "or_set")
        for field, entry in set_.dump().parsed().items():
            for dot in entry.live:
                self.added["or_set", field].pop(dot, None)
        set_.clear()

    @rule(i=which)
    def set_one_of_many(self, i: int) -> None:
        self._write_dots(i, "mv_register", VALUE, lambda r: r.set(next(self.values)))

    def _write_dots(self, i: int, kind: str, field: bytes, write: Callable[[Any], object]) -> None:
        before = self.entry(i, kind, field) or Dots({}, {})
        write(self.collection(i, kind))
        after = self.entry(i, kind, field) or Dots({}, {})
        here = self.added[kind, field]
        for dot in before.live:
            here.pop(dot, None)
        here.update({dot: value for dot, value in after.live.items() if dot not in before.live})

    @rule(i=which, key=elements)
    def set_key(self, i: int, key: str) -> None:
        self._write_last(i, "lww_map", key.encode(), lambda m: m.set(key, next(self.values)))

    @rule(i=which, key=elements)
    def delete_key(self, i: int, key: str) -> None:
        self._write_last(i, "lww_map", key.encode(), lambda m: m.delete(key))

    @rule(i=which)
    def set_last(self, i: int) -> None:
        self._write_last(i, "lww_register", VALUE, lambda r: r.set(next(self.values)))

    def _write_last(self, i: int, kind: str, field: bytes, write: Callable[[Any], object]) -> None:
        before = self.entry(i, kind, field)
        write(self.collection(i, kind))
        entry = self.entry(i, kind, field)
        if entry:
            # Whatever the clocks say, a write wins over what it was made on top of.
            assert not before or entry.dot > before.dot or entry.is_tombstone
            known = self.last.get((kind, field), entry)
            self.last[kind, field] = max(entry, known, key=lambda last: last.dot)

    # Pulls ----------------------------------------------------------------------------------

    @rule(link=st.integers(0, 5), back=st.booleans(), steps=st.integers(1, 12))
    def pull_partly(self, link: int, back: bool, steps: int) -> None:
        """Pull, and die before some step: the request that was to be sent is never sent."""
        self._pull(*self._ends(link, back), steps)

    @rule(link=st.integers(0, 5), back=st.booleans())
    def pull_all(self, link: int, back: bool) -> None:
        self._pull(*self._ends(link, back), None)

    @precondition(lambda self: self.deliveries)
    @rule(at=st.integers(0, 100))
    def deliver_again(self, at: int) -> None:
        """Join a batch of long ago once more."""
        target, operation = self.deliveries[at % len(self.deliveries)]
        self.replica(target).execute(operation)

    def _ends(self, link: int, back: bool) -> tuple[int, int]:
        i, j = self.links[link % len(self.links)]
        return (j, i) if back else (i, j)

    def _pull(self, target: int, source: int, steps: int | None) -> int:
        procedure = pull(self.replica(target), self.replica(source))
        reply: Any = None
        while steps is None or steps > 0:
            try:
                executor, operation = procedure.send(reply)
            except StopIteration as stop:
                changed: int = stop.value.changed
                return changed
            if isinstance(operation, Script) and operation.name == "replica/apply":
                self.deliveries.append((target, operation))
            try:
                reply = executor.execute(operation)
            except StaleReplica as error:
                # One that came back with old state, and missed what was collected meanwhile.
                assert self.collected
                assert not self.nothing_forgotten
                stale = re.search(r"replica '(\w)' has missed", str(error))
                assert stale is not None
                self.replica("abcd".index(stale[1])).reset()
                return 1
            steps = None if steps is None else steps - 1
        procedure.close()
        return 0

    # Collection -----------------------------------------------------------------------------

    @rule(i=which)
    def collect(self, i: int) -> None:
        """Drop what every peer has seen; what is still on its way may then be too old."""
        self.replica(i).gc_tombstones(older_than=0)
        self.deliveries.clear()
        self.collected = True

    # Servers that forget --------------------------------------------------------------------

    @rule(i=which)
    def save(self, i: int) -> None:
        self.saved[i % len(self.hosts)] = self.hosts[i % len(self.hosts)].save()

    @rule(i=which)
    def roll_back(self, i: int) -> None:
        """Come back with what was saved last, or with nothing."""
        self.nothing_forgotten = False
        self.hosts[i % len(self.hosts)].restore(self.saved.get(i % len(self.hosts)))

    @rule(link=st.integers(0, 5), back=st.booleans(), element=elements)
    def forget_what_a_peer_has(self, link: int, back: bool, element: str) -> None:
        """Write, be read, forget it, and write on, so that the clock passes what is forgotten."""
        peer, i = self._ends(link, back)
        saved: Any = self.hosts[i].save()
        self.add(i, element)
        self._pull(peer, i, None)
        self.nothing_forgotten = False
        self.hosts[i].restore(saved)
        self.set_key(i, element)

    @rule(i=which, seconds=st.integers(1, 20), element=elements)
    def hear_from_a_clock_ahead(self, i: int, seconds: int, element: str) -> None:
        """Join what a fast clock wrote; whoever joins it goes on from there, until it forgets."""
        fast = memory.Replica(
            replica_id="z", clock=lambda: wall_clock() + seconds * 1000, feed_limit=10
        )
        map_ = fast.lww_map(NAMES["lww_map"])
        map_.set(element, next(self.values))
        drive(pull(self.replica(i), fast))
        entry: Any = map_.dump().parsed()[element.encode()]
        known = self.last.get(("lww_map", element.encode()), entry)
        self.last["lww_map", element.encode()] = max(known, entry, key=lambda last: last.dot)

    # The end --------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "hosts"):
            return
        expected = reduce(self._join, map(self._state, range(len(self.hosts))))
        for _ in range(ROUNDS):
            pulls = [pair for i, j in self.links for pair in ((i, j), (j, i))]
            if not sum([self._pull(target, source, None) for target, source in pulls]):
                break
        for i in range(len(self.hosts)):
            assert self._seen_by_readers(i) == self._seen_by_readers(0)
            if not self.collected:
                assert self._state(i) == expected
        if self.nothing_forgotten:
            self._check_acknowledged(self._state(0))

    def _state(self, i: int) -> dict[str, dict[bytes, Any]]:
        return {kind: self.collection(i, kind).dump().parsed() for kind in NAMES}

    def _seen_by_readers(self, i: int) -> dict[str, dict[bytes, Any]]:
        """Return all but tombstones and what entries tell of them: those are collected apart."""
        return {
            kind: {
                field: entry.live if isinstance(entry, Dots) else entry
                for field, entry in entries.items()
                if not entry.is_tombstone
            }
            for kind, entries in self._state(i).items()
        }

    def _join(
        self, one: dict[str, dict[bytes, Any]], other: dict[str, dict[bytes, Any]]
    ) -> dict[str, dict[bytes, Any]]:
        joined = {}
        for kind in NAMES:
            joined[kind] = {**other[kind], **one[kind]}
            for field in one[kind].keys() & other[kind].keys():
                joined[kind][field] = KINDS[kind].join(one[kind][field], other[kind][field])
        return joined

    def _check_acknowledged(self, state: dict[str, dict[bytes, Any]]) -> None:
        for kind, total in self.totals.items():
            assert self.collection(0, kind).value() == total
        for (kind, field), last in self.last.items():
            here = state[kind].get(field)
            assert here == last or (self.collected and here is None and last.is_tombstone)
        for (kind, field), dots in self.added.items():
            entry = state[kind].get(field)
            assert (dict(entry.live) if entry else {}) == dots


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches so small that even these few entries need several."""
    monkeypatch.setattr(ask, "BATCH", 2)


def run(flavour: Any, examples: int, new_client: NewClient) -> None:
    clients: dict[int, redis.Redis] = {}

    def make_host(i: int, replica_id: str, feed_limit: int) -> MemoryHost | ServerHost:
        if flavour == "memory":
            return MemoryHost(replica_id, feed_limit)
        if i not in clients:
            clients[i] = new_client(flavour)
        return ServerHost(clients[i], replica_id, feed_limit)

    class Case(Schedule):
        pass

    Case.make_host = staticmethod(make_host)
    run_state_machine_as_test(
        Case,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize(
    ("flavour", "examples"),
    [("memory", 400), ("fakeredis", 20), ("valkey", 200), ("redis", 50), ("redis62", 50)],
)
def test_replicas_converge_and_lose_nothing(
    flavour: str, examples: int, new_client: NewClient
) -> None:
    run(flavour, examples, new_client)


@pytest.mark.soak
@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("flavour", ["memory", "valkey", "redis", "redis62"])
def test_replicas_converge_for_long(flavour: str, new_client: NewClient) -> None:
    run(flavour, 10_000, new_client)
