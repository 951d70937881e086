"""The compose file says what it must, and servers run with the settings it gives them."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from redis_crdt import Replica, servers
from tests.backends import NewServer
from tests.integration.test_cli import redis_crdt
from tests.integration.test_syncer import sync_process, until

PATH = Path(__file__).parents[2] / "docker-compose.yml"
REGIONS = {"eu": 6381, "us": 6382, "ap": 6383}
PASSWORD = re.compile(r"\$\{REDIS_CRDT_PASSWORD:\?[^}]+\}")

Service = dict[str, Any]


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    found: dict[str, Service] = yaml.safe_load(PATH.read_text())["services"]
    return found


def settings(region: Service) -> dict[str, str]:
    program, *flags = region["command"]
    assert program == "redis-server"
    names, values = flags[::2], flags[1::2]
    assert all(name.startswith("--") for name in names)
    return {name[2:]: value for name, value in zip(names, values, strict=True)}


def test_the_services(services: dict[str, Service]) -> None:
    assert services.keys() == {*REGIONS, *(f"sync-{name}" for name in REGIONS), "demo"}


@pytest.mark.parametrize("name", REGIONS)
def test_each_region_has_a_syncer(services: dict[str, Service], name: str) -> None:
    syncer = services[f"sync-{name}"]
    assert syncer["command"][-1].endswith("&& exec redis-crdt sync")
    assert syncer["depends_on"] == {region: {"condition": "service_healthy"} for region in REGIONS}
    settings = syncer["environment"]
    assert settings["REDIS_CRDT_REPLICA_ID"] == name
    assert (
        f"localhost:{settings['REDIS_CRDT_METRICS_PORT']}/metrics" in syncer["healthcheck"]["test"]
    )
    assert host(settings["REDIS_CRDT_URL"]) == name
    assert {host(url) for url in settings["REDIS_CRDT_PEERS"].split(",")} == REGIONS.keys() - {name}


def host(url: str) -> str:
    found = re.fullmatch(rf"redis://:{PASSWORD.pattern}@(\w+):6379", url)
    assert found is not None, url
    return found[1]


@pytest.mark.parametrize("name", REGIONS)
def test_a_region_is_fit_for_state(services: dict[str, Service], name: str) -> None:
    region = services[name]
    assert region["ports"] == [f"127.0.0.1:{REGIONS[name]}:6379"]
    assert region["volumes"] == [f"{name}:/data"]
    assert name in yaml.safe_load(PATH.read_text())["volumes"]
    assert "redis-cli ping" in region["healthcheck"]["test"]
    config = settings(region)
    assert config["appendonly"] == "yes"
    assert config["maxmemory-policy"] == "noeviction"
    assert PASSWORD.fullmatch(config["requirepass"])
    assert PASSWORD.fullmatch(region["environment"]["REDISCLI_AUTH"])


def test_no_image_is_left_to_chance(services: dict[str, Service]) -> None:
    for service in services.values():
        assert re.fullmatch(r"[\w/]+:\d[\w.-]+", service["image"])


def test_the_demo_waits_for_the_regions_and_visits_each(services: dict[str, Service]) -> None:
    demo = services["demo"]
    assert demo["profiles"] == ["demo"]
    assert demo["depends_on"] == {name: {"condition": "service_healthy"} for name in REGIONS}
    assert PASSWORD.fullmatch(demo["environment"]["PASSWORD"])
    urls = re.findall(r'--url "redis://:\$\$PASSWORD@(\w+):6379"', demo["command"][-1])
    assert urls == list(REGIONS)


def test_servers_run_like_that(
    services: dict[str, Service], server_flavour: servers.Flavour, new_server: NewServer
) -> None:
    regions = []
    for name in REGIONS:
        config = settings(services[name]) | {"requirepass": f"secret-of-{name}"}
        regions.append(new_server(server_flavour, config, tcp=True))
    assert len({region.tcp_url for region in regions}) == len(REGIONS)
    for region in regions:
        with region.client() as client:
            assert client.ping()
            client.set("key", "value")
            region.kill()
            region.restart()
            assert client.get("key") == b"value"


def test_the_same_topology_runs_and_converges(
    services: dict[str, Service], new_server: NewServer
) -> None:
    """The servers and syncers of the compose file, without docker; one server is restarted."""
    regions, urls = {}, {}
    for name in REGIONS:
        config = settings(services[name]) | {"requirepass": f"secret-of-{name}"}
        regions[name] = new_server("valkey", config, tcp=True)
        urls[name] = regions[name].tcp_url
    with ExitStack() as running:
        for name in REGIONS:
            env = dict(services[f"sync-{name}"]["environment"])
            del env["REDIS_CRDT_METRICS_PORT"]
            env["REDIS_CRDT_URL"] = urls[name]
            peers = env["REDIS_CRDT_PEERS"].split(",")
            env["REDIS_CRDT_PEERS"] = ",".join(urls[host(url)] for url in peers)
            running.enter_context(sync_process(**env))
        replicas = [
            Replica.from_url(urls[name], replica_id=name, namespace="agents") for name in REGIONS
        ]
        for replica in replicas:
            replica.or_set("tasks", str).add(replica.replica_id)
        until(lambda: all(len(replica.or_set("tasks")) == 3 for replica in replicas))
        regions["us"].kill()
        replicas[0].or_set("tasks", str).add("while us was down")
        regions["us"].restart()
        replicas[1].or_set("tasks", str).add("after us came back")
        until(lambda: all(len(replica.or_set("tasks")) == 5 for replica in replicas))
        until(lambda: not any(replicas[0].verify(other) for other in replicas[1:]))
    args = [part for url in urls.values() for part in ("--url", url)]
    assert redis_crdt("demo", *args).returncode == 0
