"""The page for operators, followed word for word in a new directory, on real servers."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import time
from urllib.request import urlopen

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from redis_crdt import Replica, deploy
from redis_crdt.errors import CRDTError
from tests.backends import require_binary
from tests.deploy.machine import PAGE, Machine, blocks, machine, part_of_page
from tests.faults.nemesis import find_libfaketime, with_clock
from tests.faults.regions import CLOCK
from tests.integration.test_cli import redis_crdt
from tests.integration.test_syncer import until

STEPS = [text for _, text in blocks(part_of_page("What operators do"))]


def step(beginning: str) -> str:
    """The step whose comment begins so."""
    (found,) = [text for text in STEPS if text.startswith(f"# {beginning}")]
    return found


class Regions:
    """Regions that were set up as the page says, and what programs do there."""

    def __init__(self, machine: Machine, opened: ExitStack) -> None:
        self.machine = machine
        self.names: list[str] = []
        self._opened = opened

    def set_up(self, *names: str) -> None:
        for name in names:
            self.machine.set_up(name)
            self.names.append(name)

    def __getitem__(self, name: str) -> Replica:
        """A replica of a program's, once the region's syncer has opened the namespace."""
        until(lambda: self.tasks(name) is not None)
        url = self.machine.url(name)
        return self._opened.enter_context(Replica.from_url(url, namespace="agents"))

    def add(self, name: str, task: str) -> None:
        self[name].or_set("tasks", str).add(task)

    def remove(self, name: str, task: str) -> None:
        self[name].or_set("tasks", str).remove(task)

    def tasks(self, name: str) -> set[str] | None:
        """The tasks that a region has, where it can be asked."""
        try:
            with Replica.from_url(self.machine.url(name), namespace="agents") as replica:
                return set(replica.or_set("tasks", str))
        except CRDTError:
            return None

    def all_have(self, *tasks: str) -> None:
        """Wait until each region has these tasks, and no others."""
        until(lambda: all(self.tasks(name) == set(tasks) for name in self.names))


@pytest.fixture
def regions(tmp_path: Path) -> Iterator[Regions]:
    with machine(tmp_path, require_binary("redis")) as made, ExitStack() as opened:
        yield Regions(made, opened)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regions]:
    """Two regions that outlive a test, for setting them up takes some seconds."""
    directory = tmp_path_factory.mktemp("machine")
    with machine(directory, require_binary("redis")) as made, ExitStack() as opened:
        regions = Regions(made, opened)
        regions.set_up("eu", "us")
        yield regions


@pytest.fixture
def two(lasting: Regions) -> Regions:
    """Two regions that have met, each with a task of its own, and no other."""
    for name in lasting.names:
        lasting.add(name, f"of {name}")
    until(lambda: lasting.tasks("eu") == lasting.tasks("us"))
    for task in lasting.tasks("eu") or ():
        if task not in ("of eu", "of us"):
            lasting.remove("eu", task)
    lasting.all_have("of eu", "of us")
    return lasting


def lose_data(machine: Machine, region: str) -> None:
    """The server's process ends, and all that it had is gone, but for its settings and users."""
    with redis.Redis.from_url(machine.url(region, "admin")) as admin:
        os.kill(admin.info("server")["process_id"], signal.SIGKILL)
    until(lambda: not machine.answers(region))
    shutil.rmtree(machine.directory / region / "appendonlydir")


def test_regions_are_set_up(two: Regions) -> None:
    machine = two.machine
    for name in two.names:
        where = machine.directory / name
        assert (where / "redis-crdt.yml").read_text() == deploy.alerts()
        assert (where / "redis-crdt.json").read_text() == deploy.dashboard()
        settings = machine.directory / f"etc/redis-crdt/{name}.toml"
        assert settings.stat().st_mode & 0o777 == 0o600
        with urlopen(f"http://127.0.0.1:{machine.metrics_port(name)}/metrics") as page:
            assert b"redis_crdt_pulls_total" in page.read()
        nobody = redis.Redis.from_url(machine.url(name, "default"), retry=Retry(NoBackoff(), 0))
        with nobody, pytest.raises(redis.AuthenticationError):
            nobody.ping()


def test_a_password_is_changed(two: Regions) -> None:
    two.machine.run(step("A password is changed"))
    with redis.Redis.from_url(two.machine.url("eu", "admin")) as admin:
        admin.execute_command("CLIENT", "KILL", "USER", "peer")
    two.add("eu", "after that")
    two.all_have("of eu", "of us", "after that")
    old = redis.Redis.from_url(two.machine.url("eu", "peer"), retry=Retry(NoBackoff(), 0))
    with old, pytest.raises(redis.AuthenticationError):
        old.ping()


def test_a_clock_was_ahead(regions: Regions, tmp_path: Path) -> None:
    library = find_libfaketime()
    if library is None:
        pytest.skip("libfaketime, which shifts a server's clock, is not installed")
    machine = regions.machine
    machine.servers(with_clock(require_binary("valkey"), library, tmp_path))
    regions.set_up("eu", "us")
    for name in regions.names:
        regions.add(name, f"of {name}")
    regions.all_have("of eu", "of us")
    with redis.Redis.from_url(machine.url("eu", "admin")) as admin:
        shift(machine, admin, 86400)
        regions.add("eu", "of tomorrow")
        until(lambda: "ClockDrift" in machine.log("us"))
        assert regions.tasks("us") == {"of eu", "of us"}
        shift(machine, admin, 0)
        # By that clock, a read of its feed that waits would go on for a day.
        admin.client_kill_filter(_type="normal", skipme=True)
    machine.run(step("The clock of eu's server"))
    regions.all_have("of eu", "of us")
    regions.add("eu", "of today")
    regions.all_have("of eu", "of us", "of today")
    with gzip.open(machine.directory / "eu/accident.ndjson.gz") as dump:
        assert b"of tomorrow" in dump.read()


def shift(machine: Machine, admin: redis.Redis, seconds: int) -> None:
    """Let the clock of eu's server be off."""
    file = machine.directory / "eu" / CLOCK
    file.with_suffix(".new").write_text(f"{seconds:+}\n")
    file.with_suffix(".new").rename(file)
    until(lambda: abs(admin.time()[0] - time() - seconds) < 60)


def test_a_server_is_lost(two: Regions) -> None:
    lose_data(two.machine, "eu")
    two.machine.run(step("The data of eu's server are lost"))
    two.all_have("of eu", "of us")
    two.add("eu", "after that")
    two.all_have("of eu", "of us", "after that")


def test_a_backup_brings_back_what_no_region_has(two: Regions) -> None:
    two.remove("us", "of us")
    two.all_have("of eu")
    two.machine.run(step("Every night"))
    backup = two.machine.directory / "eu/backup.ndjson.gz"
    assert backup.stat().st_mode & 0o077 == 0
    for name in two.names:
        lose_data(two.machine, name)
        two.machine.run("redis-server redis.conf --daemonize yes", name)
    two.add("us", "of after")
    two.machine.run(step("What no region has any more"))
    two.all_have("of eu", "of after")
    two.remove("us", "of eu")
    two.all_have("of after")
    two.machine.run(step("What no region has any more"))
    two.all_have("of after")


def test_all_go_back_to_a_backup(two: Regions) -> None:
    two.machine.run(step("Every night"))
    two.remove("us", "of eu")
    two.add("us", "of after")
    two.all_have("of us", "of after")
    two.machine.run(step("All go back to a backup"))
    two.all_have("of eu", "of us")
    two.add("us", "of today")
    two.all_have("of eu", "of us", "of today")


def test_a_region_is_added_and_removed(two: Regions) -> None:
    two.set_up("ap")
    two.machine.run(step("A region is added"))
    two.add("ap", "of ap")
    two.all_have("of eu", "of us", "of ap")
    two["ap"].work_queue("jobs", str).put("left undone")
    jobs = two["eu"].work_queue("jobs", str)
    until(lambda: jobs.elsewhere() == 1)
    two.machine.run(step("A region is removed"))
    two.names.remove("ap")
    for name in two.names:
        assert "ap" not in {peer.peer for peer in two[name].status().peers}
    two.add("eu", "after that")
    two.all_have("of eu", "of us", "of ap", "after that")
    two.machine.run(step("A region is lost for good"))
    assert jobs.pending() == 1


def test_syncers_are_upgraded(two: Regions) -> None:
    two.machine.run(step("Syncers are upgraded"))
    two.add("us", "after that")
    two.all_have("of eu", "of us", "after that")


def test_redis_is_upgraded(regions: Regions) -> None:
    regions.machine.servers(require_binary("redis62"))
    regions.set_up("eu", "us")
    regions.add("eu", "of eu")
    regions.all_have("of eu")
    regions.machine.servers(require_binary("redis"))
    regions.machine.run(step("Redis is upgraded"))
    with redis.Redis.from_url(regions.machine.url("eu", "admin")) as admin:
        assert not admin.info("server")["redis_version"].startswith("6.2")
    regions.add("us", "of us")
    regions.all_have("of eu", "of us")


def test_each_step_has_its_test() -> None:
    followed = re.findall(r"run\(step\(\"(.+)\"\)\)", Path(__file__).read_text())
    assert set(STEPS) == set(map(step, followed))


def test_the_commands_that_the_readme_names_exist() -> None:
    named = set(re.findall(r"(?:^|`)redis-crdt ([a-z]+)", PAGE, re.M))
    assert len(named) > 10
    there = redis_crdt("--help").stdout.decode()
    assert [name for name in named if not re.search(rf"^\W*{name} ", there, re.M)] == []
