"""Logs of which much goes at once: no script takes long, and in the end all of it is gone."""

from __future__ import annotations

from typing import Any

import pytest

from redis_crdt import Replica
from redis_crdt.core.clock import parse_clock
from redis_crdt.core.ids import read_time
from redis_crdt.operations import replies
from tests.backends import NewClient

ENTRIES = 5000


@pytest.mark.parametrize("feed_limit", [100_000, 10], ids=["by delta", "reconciling"])
def test_what_others_have_trimmed_goes_in_steps(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch, feed_limit: int
) -> None:
    steps: list[int] = []
    read = replies.read_applied

    def noted(reply: Any) -> replies.Applied:
        applied = read(reply)
        steps.append(applied.is_unfinished)
        return applied

    with (
        Replica(new_client("valkey"), replica_id="eu", feed_limit=feed_limit) as eu,
        Replica(new_client("redis62"), replica_id="us") as us,
    ):
        mine, theirs = eu.log("l", int), us.log("l", int)
        mine.extend(range(ENTRIES))
        theirs.append(-1)
        eu.sync(us)
        assert len(theirs) == ENTRIES + 1
        trimmed = eu.log("l", int, max_len=10)
        while len(trimmed) > 10:
            trimmed.append(0)
        monkeypatch.setattr("redis_crdt.operations.requests.replies.read_applied", noted)
        report = us.pull(eu)
        assert [step for step in steps if step] == [True, True]
        assert not steps[-1]
        assert not report.refused
        assert list(theirs) == list(mine) == list(trimmed)
        assert len(theirs) == 10
        assert not us.verify(eu)
        assert us.pull(eu).entries == 0
        # A dump is joined whatever it takes: nobody would send it again.
        theirs.extend(range(ENTRIES))
        eu.pull(us)
        while len(trimmed) > 10:
            trimmed.append(0)
        theirs.merge(trimmed)
        assert list(theirs) == list(trimmed)


@pytest.mark.parametrize("logs", [1, 8], ids=["one by one", "apart"])
def test_the_clock_is_past_all_that_a_batch_appends(new_client: NewClient, logs: int) -> None:
    with Replica(new_client("valkey"), replica_id="eu") as eu:
        each = [eu.log(f"l{i % logs}", str) for i in range(8)]
        for _ in range(5):
            with eu.batch() as batch:
                for log in each:
                    batch.on(log).append("x")
            newest: Any = eu._client.xrevrange(eu.keys(0).base[1], count=1)
            ((clock, _),) = newest
            (last,) = each[-1].range(limit=1, newest_first=True)
            assert read_time(last.id.encode().partition(b"@")[0]) <= parse_clock(clock)
            each[0].append("between")
        assert sum(len(eu.log(f"l{i}", str)) for i in range(logs)) == 5 * (8 + 1)


def test_a_difference_of_two_values_is_seen_wherever_it_is(new_client: NewClient) -> None:
    with (
        Replica(new_client("valkey"), replica_id="eu") as eu,
        Replica(new_client("redis62"), replica_id="us") as us,
    ):
        for replica, value in ((eu, '"a|b"'), (us, '"a|c"')):
            entries = {"0000000000003-a0@x#1": value}
            replica.log("l", str).merge({"kind": "log", "entries": entries})
        assert len(eu.verify(us)) == 1
        us.pull(eu)
        eu.pull(us)
        assert not eu.verify(us)
        assert list(eu.log("l", str)) == ["a|c"]


def test_appends_trim_in_bounded_steps(new_client: NewClient) -> None:
    with Replica(new_client("valkey"), replica_id="eu") as eu:
        log = eu.log("l", int)
        log.extend(range(1000))
        strict = eu.log("l", int, max_len=5)
        strict.append(1000)
        assert len(log) == 1000 - 100
        for i in range(20):
            strict.append(i)
        assert list(log) == [15, 16, 17, 18, 19]
