"""So many bytes a second at most where all entries are compared, whoever sends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from redis_crdt.asyncio import Replica
from redis_crdt.errors import InvalidSetting
from redis_crdt.operations import operation
from redis_crdt.sync import Syncer, throttle

COUNT, RATE = 4000, 100_000


class Clock:
    """Time passes by what is slept only."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()

    async def sleep(awaited: operation.Sleep) -> None:
        clock.sleep(awaited.seconds)

    monkeypatch.setattr(throttle, "monotonic", clock)
    monkeypatch.setattr(operation.Sleep, "execute", lambda self, _: clock.sleep(self.seconds))
    monkeypatch.setattr("redis_crdt.transport.awaiting.Sleep", Clock)  # so carried out as it is
    return clock


def test_all_who_share_a_pace_keep_it_together(clock: Clock) -> None:
    pace = throttle.Pace(1000)
    for size in (500, 1500, 100):
        operation.drive(pace.keep(size))
    assert clock.now == pytest.approx(2.1)
    clock.now += 60  # what was not taken meanwhile is not made up for
    operation.drive(pace.keep(1000))
    assert clock.now == pytest.approx(63.1)


@pytest.mark.parametrize("rate", [0, -1])
def test_a_pace_is_above_nothing(rate: float) -> None:
    with pytest.raises(InvalidSetting, match="above 0"):
        throttle.Pace(rate)


async def test_a_new_region_is_filled_at_that_pace(
    new_url: Callable[[str], str], clock: Clock
) -> None:
    async with (
        Replica.from_url(new_url("valkey"), replica_id="eu", feed_limit=8) as eu,
        Replica.from_url(new_url("valkey"), replica_id="us") as us,
    ):
        tasks, there = eu.or_set("tasks", str), us.or_set("tasks", str)
        await tasks.update(f"task {i:020}" for i in range(COUNT))  # more than the feed keeps
        syncer = Syncer(us, [eu], max_bytes_per_second=RATE)
        running = asyncio.create_task(syncer.run())
        async with asyncio.timeout(60):
            await syncer.in_step()
        (link,) = syncer.links
        assert await there.size() == link.entries == COUNT
        filled = clock.now
        assert filled == pytest.approx(link.bytes / RATE)
        assert filled > 1
        # What is new comes as it is made.
        await tasks.add("new")
        async with asyncio.timeout(60):
            async for change in there.watch("0-0"):
                if change.key == "new":
                    break
        assert clock.now == filled
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
