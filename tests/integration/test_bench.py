"""Benchmarks, run as people run them: what they tell, and that they leave nothing behind."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from redis_crdt import servers
from redis_crdt.cli.bench.figures import Figure, Spread
from redis_crdt.cli.bench.measure import by_turns
from redis_crdt.errors import InvalidSetting
from redis_crdt.servers import find_binaries
from tests.benchmarks import run as benchmarks

BENCH = (sys.executable, "-m", "redis_crdt", "bench")
QUICK = ("--entries", "1000", "--rounds", "2")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_it_measures_servers_of_the_user_and_leaves_them_as_they_were(
    server_flavour: servers.Flavour, new_url: Callable[[servers.Flavour], str]
) -> None:
    urls = [new_url(server_flavour) for _ in range(2)]
    clients = [redis.Redis.from_url(url) for url in urls]
    for client in clients:
        client.set("theirs", "kept")
    bench = run(*BENCH, *QUICK, "--json", *(part for url in urls for part in ("--url", url)))
    assert (bench.returncode, bench.stderr) == (0, "")
    told = json.loads(bench.stdout)
    assert "redis-py" in told["environment"]
    figures = {figure["work"]: figure for figure in told["figures"]}
    assert {"`ORSet.add`", "`LWWMap.get`", "`await ORSet.add`"} <= figures.keys()
    assert "`await ORSet.add`, 100 tasks: calls a second" in figures
    for figure in figures.values():
        value = figure["value"]
        assert 0 < value["low"] <= value["median"] <= value["high"]
    for client in clients:
        assert client.keys("*") == [b"theirs"]
        client.close()


def test_without_urls_it_starts_servers_and_shows_a_table() -> None:
    bench = run(*BENCH, *QUICK)
    assert (bench.returncode, bench.stderr) == (0, "")
    assert "SISMEMBER" in bench.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_cleans_up_when_it_is_interrupted(
    server_flavour: servers.Flavour,
    new_url: Callable[[servers.Flavour], str],
    number: signal.Signals,
) -> None:
    urls = [new_url(server_flavour) for _ in range(2)]
    options = (*QUICK[:2], "--rounds", "100000", "--url", urls[0], "--url", urls[1])
    with redis.Redis.from_url(urls[0]) as client:
        bench = subprocess.Popen([*BENCH, *options], stderr=subprocess.PIPE)
        try:
            while not client.dbsize():
                assert bench.poll() is None
            # Python passes over what a handler raises in the midst of a finalizer: then once more.
            for _ in range(3):
                bench.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    bench.communicate(timeout=30)
                    break
        finally:
            bench.kill()
        assert bench.returncode == 128 + number
        assert client.dbsize() == 0


def test_what_it_cannot_use_is_told(tmp_path: Path) -> None:
    nowhere = run(*BENCH, "--url", f"unix://:hunter2@{tmp_path}/none")
    assert nowhere.returncode == 1
    assert nowhere.stderr.startswith("redis-crdt: ")
    assert "hunter2" not in nowhere.stderr
    assert run(*BENCH, *("--url", "redis://localhost") * 3).returncode == 2


def test_the_full_set_runs_and_prints_what_the_readme_shows(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    rows = ("delta", "delta-size", "memory", "cpu")
    command = (sys.executable, "-m", "tests.benchmarks", *rows, *QUICK)
    bench = run(*command, "--markdown", "--json", str(file))
    assert bench.returncode == 0, bench.stderr
    figures = json.loads(file.read_text())["figures"]
    lines = [line for line in bench.stdout.splitlines() if line.startswith("| ")]
    assert len(lines) == len(figures) + 2
    assert all(line.count("|") == 8 for line in lines)
    by_changes = next(line for line in lines if "the same of 1,000" in line and "bytes" in line)
    assert re.search(r"\| 1x \|  \| ≤ 1x \| yes \|", by_changes)


def test_a_package_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.benchmarks.containers import against_pottery

    monkeypatch.setitem(sys.modules, "pottery", None)
    [figure] = against_pottery(benchmarks.Run(find_binaries()[0], 1000, 2))
    assert figure.value is None
    assert "pottery is not installed" in figure.note


def test_a_target_is_met_or_not() -> None:
    def figure(median: float, **options: Any) -> Figure:
        return Figure("work", "", Spread.of([median]), 2.0, **options)

    assert [figure(n).met for n in (1.9, 2.0, 2.1)] == [True, True, False]
    assert [figure(n, at_least=True).met for n in (1.9, 2.0, 2.1)] == [False, True, True]
    assert Figure("work", "", None, 2.0).met is None
    assert Figure("work", "", Spread.of([1.0])).met is None


def test_both_sides_are_measured_equally_often_and_first_by_turns() -> None:
    calls = []

    def timed(name: str, seconds: float) -> Callable[[int, int], float]:
        def measure(first: int, count: int) -> float:
            calls.append((name, first, count))
            return seconds

        return measure

    found = by_turns(timed("ours", 3.0), timed("theirs", 2.0), rounds=2, calls=10)
    assert found.ratio == Spread(1.5, 1.5, 1.5)
    assert found.speed.median == pytest.approx(2 / 3)
    assert found.microseconds_more(10).median == pytest.approx(1e5)
    assert [name for name, *_ in calls] == ["theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert sorted(first for _, first, _ in calls) == [0, 0, 10, 10, 20, 20]


def test_more_than_two_servers_are_refused() -> None:
    from redis_crdt.cli.bench.ground import ground_at

    with pytest.raises(InvalidSetting, match="two servers"), ground_at(["redis://x"] * 3):
        pass
