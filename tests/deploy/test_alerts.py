"""Each alert is fired, in a real Prometheus, by the fault that it is for, and by nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
import yaml

from redis_crdt import Replica, deploy
from redis_crdt.servers import Server
from tests.backends import require_binary
from tests.deploy.prometheus import Alert, Prometheus, free_port, prometheus
from tests.faults.nemesis import find_libfaketime, set_clock, with_clock
from tests.integration.test_syncer import sync_process, until
from tests.proxy import Proxy


@dataclass
class Scene:
    """Two regions, `eu` and `us`, and the syncer of `eu`, which is what Prometheus watches."""

    eu: Server
    us: Server
    network: Proxy
    port: int
    syncer: Popen[str] | None = None
    replicas: dict[str, Replica] = field(default_factory=dict)
    running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start the syncer."""
        settings = ("--url", self.eu.url, "--peer", self.network.url, "--interval", "0.2")
        self.syncer = self.running.enter_context(
            sync_process(*settings, "--metrics-port", str(self.port), REDIS_CRDT_TIMEOUT="60")
        )

    def write(self, name: str = "eu", times: int = 1) -> None:
        for _ in range(times):
            self.replicas[name].g_counter("done").increment()

    def peer_reads(self, times: int = 1) -> None:
        """Let `us`, which has no syncer, pull from `eu`, and tell it so."""
        for _ in range(times):
            self.replicas["us"].pull(self.replicas["eu"])

    def is_well(self, watching: Prometheus) -> bool:
        """Tell whether Prometheus has seen a pull of this syncer, and nothing to tell of it."""
        pulls = watching.query(f'redis_crdt_pulls_total{{instance="{self.instance}"}} > 0')
        return bool(pulls) and not self.alerts(watching, "soon")

    @property
    def instance(self) -> str:
        return f"127.0.0.1:{self.port}"

    def alerts(self, watching: Prometheus, pace: str) -> dict[str, Alert]:
        """Tell which alerts fire about this syncer."""
        return {
            alert.name: alert
            for alert in watching.firing()
            if alert.labels["instance"] == self.instance and alert.labels["pace"] == pace
        }


@pytest.fixture
def scene(ports: Iterator[int], tmp_path: Path) -> Iterator[Scene]:
    binary = require_binary("valkey")
    if (library := find_libfaketime()) is not None:
        binary = with_clock(binary, library, tmp_path)
    with ExitStack() as running:
        eu, us = (running.enter_context(Server(binary, tcp=True)) for _ in range(2))
        network = running.enter_context(Proxy(us.port))
        made = Scene(eu, us, network, next(ports), running=running)
        for name, server in (("eu", eu), ("us", us)):
            made.replicas[name] = running.enter_context(
                Replica.from_url(server.url, replica_id=name)
            )
            made.write(name)
        made.peer_reads()
        made.start()
        yield made


def syncer_ends(scene: Scene) -> Callable[[], None]:
    assert scene.syncer is not None
    scene.syncer.kill()
    scene.syncer.wait()
    return scene.start


def own_server_ends(scene: Scene) -> Callable[[], None]:
    scene.eu.kill()
    return scene.eu.restart


def peer_ends(scene: Scene) -> Callable[[], None]:
    scene.us.kill()
    return scene.us.restart


def network_says_nothing(scene: Scene) -> Callable[[], None]:
    scene.network.stall()
    scene.write("us")
    return scene.network.heal


def own_server_is_full(scene: Scene) -> Callable[[], None]:
    with scene.eu.client() as admin:
        admin.config_set("maxmemory", 1)
    scene.write("us")

    def make_room() -> None:
        with scene.eu.client() as admin:
            admin.config_set("maxmemory", 0)

    return make_room


def clock_goes_wrong(scene: Scene) -> Callable[[], None]:
    if find_libfaketime() is None:
        pytest.skip("libfaketime, which shifts a server's clock, is not installed")
    set_clock(scene.us, 30)

    def put_right() -> None:
        set_clock(scene.us, 0)
        with scene.us.client() as admin:
            # By that clock, a read of its feed that waits would go on for half a minute.
            admin.client_kill_filter(_type="normal", skipme=True)

    return put_right


def peer_does_not_read(scene: Scene) -> Callable[[], None]:
    scene.write(times=1001)
    return lambda: scene.peer_reads(2)


def peer_has_never_read(scene: Scene) -> Callable[[], None]:
    scene.replicas["us"].reset()
    return scene.peer_reads


FAULTS = {
    "SyncerDown": syncer_ends,
    "ReplicaDown": own_server_ends,
    "LinkFailing": peer_ends,
    "LinkSilent": network_says_nothing,
    "LinkBehind": own_server_is_full,
    "ClockOff": clock_goes_wrong,
    "PeerDoesNotRead": peer_does_not_read,
    "LinkOneWay": peer_has_never_read,
}


SECONDS = re.compile(r"(?<=_seconds > )\d+")


def at_pace(pace: str) -> dict[str, Any]:
    """The rules as they are, told soon; or in haste, with times that a test can wait for."""
    (group,) = yaml.safe_load(deploy.alerts())["groups"]
    for rule in group["rules"]:
        rule["labels"]["pace"] = pace
        rule["for"] = "600ms"  # a busy machine may miss a look or two
        if pace == "in haste":
            rule["expr"] = SECONDS.sub(lambda found: str(int(found[0]) / 300), rule["expr"])
    return {"name": pace, "rules": group["rules"]}


@pytest.fixture(scope="module")
def free_ports() -> list[int]:
    return [free_port() for _ in range(len(FAULTS) + 2)]


@pytest.fixture(scope="module")
def ports(free_ports: list[int]) -> Iterator[int]:
    return iter(free_ports)


@pytest.fixture(scope="module")
def watching(
    free_ports: list[int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """One Prometheus, that scrapes the syncers of all tests."""
    rules = yaml.safe_dump({"groups": [at_pace("in haste"), at_pace("soon")]})
    with prometheus(tmp_path_factory.mktemp("prometheus"), rules, free_ports) as running:
        yield running


def test_each_alert_has_its_fault() -> None:
    rules = yaml.safe_load(deploy.alerts())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == list(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_an_alert_fires_while_there_is_its_fault(
    name: str, scene: Scene, watching: Prometheus
) -> None:
    def fires() -> bool:
        return name in scene.alerts(watching, "in haste")

    until(lambda: scene.is_well(watching) and not fires())
    repair = FAULTS[name](scene)
    until(fires)
    alert = scene.alerts(watching, "in haste")[name]
    assert scene.instance in alert.summary
    assert alert.labels.get("peer", "") in alert.summary
    repair()
    until(lambda: not fires())


def test_nothing_fires_where_all_is_well(scene: Scene, watching: Prometheus) -> None:
    until(lambda: scene.is_well(watching))
    for _ in range(10):
        scene.write("eu")
        scene.write("us")
        watching.has_looked(1)
        assert not scene.alerts(watching, "soon")


def test_the_dashboard_shows_what_there_is(scene: Scene, watching: Prometheus) -> None:
    until(lambda: scene.is_well(watching))
    for fault in (peer_ends, own_server_ends):
        repair = fault(scene)
        until(lambda: not scene.is_well(watching))
        repair()
        until(lambda: scene.is_well(watching))
    scene.write("eu")  # what was there is gone, for these servers keep nothing
    dashboard = json.loads(deploy.dashboard())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    (variable,) = [v for v in dashboard["templating"]["list"] if v["name"] == "instance"]
    (metric,) = re.findall(r"^label_values\((\w+), instance\)$", variable["query"]["query"])
    asked.append(f'{metric}{{instance=~"$instance"}}')
    expressions = [
        expression.replace("$instance", scene.instance).replace("$__rate_interval", "60s")
        for expression in asked
    ]
    missing = expressions

    def all_are_shown() -> bool:
        nonlocal missing
        missing = [expression for expression in missing if not watching.query(expression)]
        return not missing

    with suppress(AssertionError):
        until(all_are_shown)
    assert missing == []
