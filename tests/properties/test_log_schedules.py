"""Random schedules on logs: appends and trimming in regions that hear of each other at any time."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from redis_crdt import Replica, memory
from redis_crdt.core.clock import replica_of
from tests.backends import NewClient


class Region:
    """A replica with its log, a reader of it, and what was seen of both."""

    def __init__(self, replica: Any) -> None:
        self.replica = replica
        self.log = replica.log("l", int)
        self.strict = replica.log("l", int, max_len=4)
        self.cursor = self.log.read().cursor
        self.read: set[str] = set()
        self.ids: list[str] = []
        self.trimmed: set[str] = set()

    def look(self) -> None:
        """See what has become of the log, and what must hold at any time."""
        ids = [entry.id for entry in self.log.range(limit=1000)]
        assert ids == sorted(ids)
        assert len(self.log) == len(ids) == len(list(self.log))
        self.trimmed |= set(self.ids) - set(ids)
        assert self.trimmed.isdisjoint(ids)  # what was trimmed does not come back
        self.ids = ids

    def read_on(self, limit: int) -> None:
        """Read by arrival, as far as there is anything."""
        while (part := self.log.read(self.cursor, limit)).entries:
            found = {entry.id for entry in part.entries}
            assert self.read.isdisjoint(found)
            self.read |= found
            self.cursor = part.cursor


def carry_out(seed: int, regions: list[Region]) -> None:
    rnd = Random(seed)
    appended: dict[str, int] = {}
    states: list[Any] = []
    for number in range(60):
        one, other = rnd.choice(regions), rnd.choice(regions)
        match rnd.randrange(10):
            case 0 | 1 | 2 | 3:
                log = one.strict if rnd.random() < 0.3 else one.log
                values = [number * 100 + i for i in range(rnd.choice((1, 1, 3, 7)))]
                ids = log.extend(values)
                one.trimmed |= set(ids) - {entry.id for entry in one.log.range(limit=1000)}
                appended.update(zip(ids, values, strict=True))
            case 4 | 5 | 6 if other is not one:
                one.replica.pull(other.replica)
            case 7:
                one.read_on(rnd.choice((1, 2, 100)))
            case 8:
                states.append(one.log.dump())
            case _ if states:
                merged = one.log.merge(rnd.choice(states))
                if merged is not one.log:
                    assert one.trimmed.isdisjoint(entry.id for entry in merged.range(limit=1000))
        for region in regions:
            region.look()
    for _ in range(len(regions)):
        for one in regions:
            for other in regions:
                if one is not other:
                    one.replica.pull(other.replica)
    gone = set().union(*(region.trimmed for region in regions))
    for region in regions:
        region.look()
        assert region.log.dump() == regions[0].log.dump()
        assert set(region.ids) == appended.keys() - gone.union(region.trimmed)
        assert [appended[id_] for id_ in region.ids] == list(region.log)
        region.read_on(3)
        assert region.read >= set(region.ids)  # nothing was missed
    check_index(regions)


def check_index(regions: list[Region]) -> None:
    """The sorted ids are those of the entries that are there; of each writer is one floor."""
    for region in regions:
        entries = region.log.dump().entries
        ids = {field.encode() for field in entries if not field.startswith("^")}
        floors = [field for field in entries if field.startswith("^")]
        assert {replica_of(floor[1:]) for floor in floors} <= {"a", "b", "c"}
        if isinstance(region.replica, Replica):
            client = region.replica._client
            assert set(client.zrange(region.log._order, 0, -1)) == ids
            assert client.hlen(region.log._live) == len(ids) + len(floors)


@pytest.mark.parametrize("seed", range(25))
def test_in_memory(seed: int) -> None:
    carry_out(seed, [Region(memory.Replica(replica_id=name)) for name in "abc"])


@pytest.mark.parametrize("seed", range(6))
def test_on_servers_and_in_memory(seed: int, new_client: NewClient) -> None:
    with (
        Replica(new_client("valkey"), replica_id="a") as a,
        Replica(new_client("redis62"), replica_id="b") as b,
    ):
        carry_out(1000 + seed, [Region(each) for each in (a, b, memory.Replica(replica_id="c"))])
