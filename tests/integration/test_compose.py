"""The compose file says what it must, and what it runs does run, with the settings it gives."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from redis.backoff import NoBackoff
from redis.retry import Retry

from redis_crdt import Replica, servers
from redis_crdt.errors import AccessDenied
from tests.backends import require_binary
from tests.deploy import compose
from tests.deploy.compose import FILE, PASSWORDS, REGIONS, Service
from tests.deploy.prometheus import JOB, find_program, free_port
from tests.integration.test_cli import redis_crdt
from tests.integration.test_rights import RULES
from tests.integration.test_syncer import sync_process, until

SYNCERS = {f"sync-{name}" for name in REGIONS}


@pytest.fixture(scope="module")
def file() -> dict[str, Any]:
    return compose.read(PASSWORDS)


@pytest.fixture(scope="module")
def services(file: dict[str, Any]) -> dict[str, Service]:
    found: dict[str, Service] = file["services"]
    return found


def test_the_services(services: dict[str, Service]) -> None:
    assert services.keys() == {*REGIONS, *SYNCERS, "prometheus", "grafana", "demo"}


@pytest.mark.parametrize("missing", PASSWORDS)
def test_it_asks_for_each_password(missing: str) -> None:
    with pytest.raises(compose.Unset, match=missing):
        compose.read({name: value for name, value in PASSWORDS.items() if name != missing})


def test_its_first_lines_make_the_passwords(tmp_path: Path) -> None:
    (command,) = re.findall(r"^# +(for user in .+)$", FILE.read_text(), re.M)
    subprocess.run(["bash", "-euc", command], cwd=tmp_path, check=True)
    made = dict(line.split("=") for line in (tmp_path / ".env").read_text().splitlines())
    assert made.keys() == PASSWORDS.keys()
    assert all(re.fullmatch(r"[0-9a-f]{32}", password) for password in made.values())


@pytest.mark.parametrize("name", REGIONS)
def test_each_region_has_a_syncer(services: dict[str, Service], name: str) -> None:
    syncer = services[f"sync-{name}"]
    assert syncer["command"] == ["sync"]
    assert syncer["depends_on"] == {name: {"condition": "service_healthy"}}
    settings = syncer["environment"]
    port = settings["REDIS_CRDT_METRICS_PORT"]
    assert settings["REDIS_CRDT_REPLICA_ID"] == name
    assert f"localhost:{port}/readyz" in syncer["healthcheck"]["test"]
    assert settings["REDIS_CRDT_URL"] == f"redis://client:secretofclient@{name}:6379"
    others = [f"redis://peer:secretofpeer@{other}:6379" for other in REGIONS if other != name]
    assert settings["REDIS_CRDT_PEERS"].split(",") == others


@pytest.mark.parametrize("name", REGIONS)
def test_a_region_is_fit_for_state(
    file: dict[str, Any], services: dict[str, Service], name: str
) -> None:
    region = services[name]
    assert region["ports"] == [f"127.0.0.1:{REGIONS[name]}:6379"]
    assert region["volumes"] == [f"{name}:/data"]
    assert name in file["volumes"]
    flags = region["command"]
    settings = dict(zip(flags[::2], flags[1::2], strict=True))
    assert settings["--appendonly"] == "yes"
    assert settings["--maxmemory-policy"] == "noeviction"
    assert settings["--aclfile"] == "/data/users.acl"


def test_its_users_are_those_of_the_readme(file: dict[str, Any]) -> None:
    users = file["configs"]["users"]["content"].splitlines()
    assert users[0] == "user default off ~* &* +@all"
    names = {rule.split()[0] for rule in RULES}
    for rule in RULES:
        (line,) = [user for user in users if user.startswith(f"user {rule.split()[0]} ")]
        given, expected = (re.sub(r">\S+", ">SECRET", text) for text in (line, f"user {rule}"))
        assert given == expected
    assert {user.split()[1] for user in users} == {"default", "health", *names}


def test_no_image_is_left_to_chance(services: dict[str, Service]) -> None:
    for service in services.values():
        if "build" in service:
            assert (service["image"], service["pull_policy"]) == ("redis-crdt", "build")
            (base,) = re.findall("^FROM (.+)$", service["build"]["dockerfile_inline"], re.M)
        else:
            base = service["image"]
        assert re.fullmatch(r"[\w/]+:v?\d[\w.-]+", base)


def test_one_image_is_built_and_has_all_that_it_needs(
    services: dict[str, Service], tmp_path: Path
) -> None:
    builds = [service["build"] for service in services.values() if "build" in service]
    assert len(builds) == len(SYNCERS) + 1
    assert all(build == builds[0] for build in builds)
    text = builds[0]["dockerfile_inline"]
    source = tmp_path / "src"
    for line in re.findall(r"^COPY (.+)$", text, re.M):
        *names, target = line.split()
        for name in names:
            there = source / target.removeprefix("/src").removeprefix("/")
            if (FILE.parent / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(FILE.parent / name, there, ignore=ignored)
            else:
                there.mkdir(exist_ok=True)
                shutil.copy(FILE.parent / name, there)
    (extras,) = re.findall(r"pip install .* '/src\[(\w+)\]'$", text, re.M)
    assert extras == "cli"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    installed = tmp_path / "installed"
    install = ["install", "--no-deps", "--target", str(installed), str(source)]
    subprocess.run([*pip, *install], check=True, timeout=120)
    code = "import redis_crdt.cli; redis_crdt.cli.main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "alerts"],
        env={"PYTHONPATH": str(installed)},
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert run.stdout == (FILE.parent / "redis_crdt/deploy/alerts.yml").read_bytes()
    assert any((installed / "redis_crdt/lua").iterdir())


def test_the_demo_waits_for_the_regions_and_visits_each(services: dict[str, Service]) -> None:
    demo = services["demo"]
    assert demo["profiles"] == ["demo"]
    assert demo["depends_on"] == {name: {"condition": "service_healthy"} for name in REGIONS}
    command, *urls = demo["command"]
    assert command == "demo"
    assert urls == [f"--url=redis://admin:secretofadmin@{name}:6379" for name in REGIONS]


def test_prometheus_watches_each_syncer_and_has_the_rules(
    file: dict[str, Any], services: dict[str, Service], tmp_path: Path
) -> None:
    rules = "/etc/prometheus/alerts.yml"
    assert f"./redis_crdt/deploy/alerts.yml:{rules}:ro" in services["prometheus"]["volumes"]
    text = file["configs"]["prometheus"]["content"]
    (job,) = yaml.safe_load(text)["scrape_configs"]
    assert job["job_name"] == JOB
    (targets,) = [group["targets"] for group in job["static_configs"]]
    ports = {name: services[name]["environment"]["REDIS_CRDT_METRICS_PORT"] for name in SYNCERS}
    assert set(targets) == {f"{name}:{port}" for name, port in ports.items()}
    config = tmp_path / "prometheus.yml"
    config.write_text(text.replace(rules, str(FILE.parent / "redis_crdt/deploy/alerts.yml")))
    command = [find_program("promtool"), "check", "config", str(config)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "1 rule files found" in run.stdout


def test_grafana_has_the_dashboard_and_asks_prometheus(
    file: dict[str, Any], services: dict[str, Service]
) -> None:
    grafana = services["grafana"]
    (mount,) = grafana["volumes"]
    here, there, mode = mount.split(":")
    assert (FILE.parent / here).is_file()
    assert mode == "ro"
    (provider,) = yaml.safe_load(file["configs"]["grafana-dashboards"]["content"])["providers"]
    assert Path(there).parent == Path(provider["options"]["path"])
    assert grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == there
    (source,) = yaml.safe_load(file["configs"]["grafana-datasources"]["content"])["datasources"]
    port = services["prometheus"]["ports"][0].rpartition(":")[2]
    assert source["url"] == f"http://prometheus:{port}"


def test_users_survive_a_restart(server_flavour: servers.Flavour, tmp_path: Path) -> None:
    binary = require_binary(server_flavour)
    require_binary("redis")  # with which Debian brings the redis-cli of the health check
    with compose.regions(tmp_path, binary, {"eu": free_port()}) as made:
        eu = made["eu"]
        client = Replica.from_url(eu.url("client"), replica_id="eu", namespace="agents")
        client.or_set("tasks", str).add("t1")
        with redis.Redis.from_url(eu.url("admin")) as admin:
            admin.execute_command("ACL", "SETUSER", "peer", ">another", "<secretofpeer")
            admin.execute_command("ACL", "SAVE")
        eu.kill()
        eu.start()
        assert client.or_set("tasks", str).get_elements() == {"t1"}
        with Replica.from_url(eu.url("peer", "another"), namespace="agents") as peer:
            assert peer.or_set("tasks", str).get_elements() == {"t1"}
            with pytest.raises(AccessDenied):
                peer.or_set("tasks", str).add("t2")
        once = Retry(NoBackoff(), 0)
        for url in (eu.url("peer"), f"redis://127.0.0.1:{eu.port}"):
            with (
                redis.Redis.from_url(url, retry=once) as nobody,
                pytest.raises(redis.AuthenticationError),
            ):
                nobody.ping()
        assert (eu.data / "users.acl").stat().st_mode & 0o077 == 0
        health = redis.Redis(port=eu.port, username="health", password="any")
        with health, pytest.raises(redis.exceptions.NoPermissionError):
            health.get("crdt:{agents:0}:meta")


def test_the_same_topology_runs_and_converges(services: dict[str, Service], tmp_path: Path) -> None:
    """The servers and syncers of the compose file, without docker; one server is restarted."""
    require_binary("redis")
    ports = {name: free_port() for name in REGIONS}
    with (
        compose.regions(tmp_path, require_binary("valkey"), ports) as regions,
        ExitStack() as running,
    ):
        checks = []
        for name in REGIONS:
            port = free_port()
            settings = compose.syncer_settings(name, regions, port)
            running.enter_context(sync_process(**settings))
            test = services[f"sync-{name}"]["healthcheck"]["test"]
            checks.append(test.replace("localhost:9000", f"127.0.0.1:{port}"))
        until(lambda: all(compose.check(test, {}) for test in checks))
        replicas = {
            name: running.enter_context(Replica.from_url(region.url("client"), namespace="agents"))
            for name, region in regions.items()
        }
        eu, us, ap = replicas.values()
        for name, replica in replicas.items():
            assert replica.replica_id == name
            replica.or_set("tasks", str).add(name)
        until(lambda: all(len(replica.or_set("tasks")) == 3 for replica in (eu, us, ap)))
        regions["us"].kill()
        eu.or_set("tasks", str).add("while us was down")
        until(lambda: len(ap.or_set("tasks", str)) == 4)
        regions["us"].start()
        us.or_set("tasks", str).add("after us came back")
        until(lambda: all(len(replica.or_set("tasks")) == 5 for replica in (eu, us, ap)))
        until(lambda: not any(eu.verify(other) for other in (us, ap)))
        command, *urls = services["demo"]["command"]
        for name, region in regions.items():
            urls = [url.replace(f"@{name}:6379", f"@127.0.0.1:{region.port}") for url in urls]
        assert redis_crdt(command, *urls).returncode == 0
