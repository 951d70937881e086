"""Sessions that expire leave nothing behind, on servers whose clocks are moved on.

python -m tests.integration.test_expiry --sessions 1000000 --hours 24
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from redis_crdt import Replica
from redis_crdt.core.dots import MARGIN
from redis_crdt.servers import Server
from tests.backends import require_binary
from tests.faults.nemesis import find_libfaketime, set_clock, with_clock

TTL = 600.0
STEP = 60.0


class Region(NamedTuple):
    """A region, and the server whose clock is moved on."""

    replica: Replica
    server: Server

    def key(self, form: str) -> bytes:
        """The key of the sessions, in one of its forms."""
        return b"crdt:{default:0}:" + form.encode() + b":sessions"

    def kept(self) -> tuple[int, int, int]:
        """How many entries, fields of the index and tombstones there are."""
        with self.server.client() as client:
            live = client.hlen(self.key("or_set-live"))
            index = client.zcard(self.key("or_set")) if live else 0
            return live, index, client.hlen(self.key("or_set-removed"))


@contextmanager
def regions(directory: Path) -> Iterator[tuple[Region, Region]]:
    library = find_libfaketime()
    if library is None:
        pytest.skip("libfaketime, which shifts a server's clock, is not installed")
    binary = with_clock(require_binary("valkey"), library, directory)
    with ExitStack() as running:
        found = []
        for name in ("eu", "us"):
            server = running.enter_context(Server(binary))
            replica = running.enter_context(Replica.from_url(server.url, replica_id=name))
            found.append(Region(replica, server))
        yield found[0], found[1]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Region, Region]]:
    with regions(tmp_path) as found:
        yield found


def move_on(both: tuple[Region, Region], offset: float, ahead: float = 0) -> None:
    for region, more in zip(both, (0, ahead), strict=True):
        set_clock(region.server, offset + more)


def live_through(both: tuple[Region, Region], sessions: int, steps: int) -> list[int]:
    """Refresh sessions at random, in both regions; returns how many entries there were each time.

    Nothing travels but refreshes, and there are no tombstones at any time.
    """
    chance, kept, refreshed = random.Random(1), [], 0
    eu, us = (region.replica.or_set("sessions", str) for region in both)
    for step in range(steps):
        move_on(both, step * STEP)
        for sessions_ in (eu, us):
            some = chance.sample(range(sessions), max(1, sessions // 40))
            sessions_.update((f"session {i:07}" for i in some), ttl=TTL)
            refreshed += len(some)
        for one, other in (both, reversed(both)):
            report = one.replica.pull(other.replica)
            assert report.entries <= refreshed
        refreshed = 0
        live, index, removed = both[0].kept()
        assert (live, removed) == (index, 0)
        assert set(eu) == set(us)
        assert len(eu) == len(set(eu)) <= live
        kept.append(live)
    return kept


def test_sessions_leave_nothing_behind(both: tuple[Region, Region]) -> None:
    kept = live_through(both, sessions=400, steps=40)
    # As many as are there after the first time to live and a margin are there in the end.
    assert max(kept[25:]) <= 1.25 * max(kept[12:25])
    # Then nobody comes any more.
    move_on(both, 40 * STEP + TTL + MARGIN / 1000 + 1)
    for one, other in (both, reversed(both)):
        assert one.replica.pull(other.replica).entries == 0
        assert set(one.replica.or_set("sessions", str)) == set()
        one.replica.gc_tombstones(older_than=0)
        assert one.kept() == (0, 0, 0)
        with one.server.client() as client:
            assert not client.exists(one.key("or_set"))
        assert one.replica.verify(other.replica) == []


def test_where_a_clock_is_ahead_an_element_ends_earlier(both: tuple[Region, Region]) -> None:
    move_on(both, 0, ahead=20)
    for region in both:
        with region.server.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
    eu, us = (region.replica.or_set("sessions", str) for region in both)
    eu.add("x", ttl=100)
    assert both[1].replica.pull(both[0].replica).entries == 1
    left = us.ttl("x")
    assert left is not None
    assert 70 < left <= 80
    move_on(both, 85, ahead=20)
    assert "x" in eu
    assert "x" not in us
    # The region that is ahead tells nobody, and one whose clock is right is told by it, too.
    assert both[0].replica.sync(both[1].replica).entries == 0
    assert "x" in eu
    move_on(both, 101, ahead=20)
    assert "x" not in eu
    assert both[0].replica.sync(both[1].replica).entries == 0


def test_what_was_for_ever_leaves_a_tombstone(both: tuple[Region, Region]) -> None:
    eu, us = (region.replica.or_set("sessions", str) for region in both)
    eu.add("x")
    us.add("y")
    both[0].replica.sync(both[1].replica)
    eu.add("x", ttl=10)
    move_on(both, 11 + MARGIN / 1000)
    eu.add("z", ttl=10)  # a write sweeps
    assert both[0].kept() == (2, 1, 1)
    both[0].replica.sync(both[1].replica)
    assert set(eu) == set(us) == {"y", "z"}


def test_a_register_stays_unset_once_nobody_looks_at_its_deadline(
    both: tuple[Region, Region],
) -> None:
    eu, us = (region.replica.lww_register("r", str) for region in both)
    us.set("early")
    early = us.dump()
    move_on(both, 1)
    eu.set("short", ttl=10)
    key = b"crdt:{default:0}:lww_register:r"
    with both[0].server.client() as client:
        assert client.type(key) == b"zset"
        move_on(both, 12)
        assert both[0].replica.verify(both[1].replica) != []  # who has not heard of it sees more
        both[1].replica.pull(both[0].replica)
        assert both[0].replica.verify(both[1].replica) == []
        move_on(both, 12 + MARGIN / 1000)
        both[0].replica.gc_tombstones(older_than=0)
        assert client.type(key) == b"hash"
    for register in (eu, both[0].replica.lww_register("r", str), us):
        assert register.get() is register.written_by is None
        assert register.merge(early).get() is None
    assert both[0].replica.verify(both[1].replica) == []
    us.set("late")
    both[0].replica.sync(both[1].replica)
    assert eu.get() == "late"


def main() -> None:
    """Let many sessions live for long, and tell how many entries there were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--hours", type=float, default=24)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, regions(Path(directory)) as both:
        kept = live_through(both, given.sessions, round(given.hours * 3600 / STEP))
        with both[0].server.client() as client:
            used = client.info("memory")["used_memory"]
            sys.stdout.write(f"entries: {kept[:: max(1, len(kept) // 12)]}, bytes: {used}\n")


if __name__ == "__main__":
    main()
