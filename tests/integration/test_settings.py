"""Settings are the same ones everywhere: in options, the environment, and a file of any kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from redis_crdt import Replica, memory, servers
from redis_crdt.cli import operate  # noqa: F401 - which adds its commands
from redis_crdt.cli.app import app
from redis_crdt.errors import InvalidSetting
from redis_crdt.sync.settings import PREFIX, Settings, load_settings
from tests.integration.test_cli import one_line, redis_crdt

NewUrl = Callable[[servers.Flavour], str]
README = Path(__file__).parents[2] / "redis_crdt/deploy/README.md"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def config(new_url: NewUrl, tmp_path: Path) -> Path:
    """A file of settings, of a region and its peer that hold the same."""
    eu_url, us_url = new_url("valkey"), new_url("valkey")
    with (
        Replica.from_url(eu_url, replica_id="eu", namespace="agents") as eu,
        Replica.from_url(us_url, replica_id="us", namespace="agents") as us,
    ):
        eu.or_set("tasks", str).add("t1")
        eu.sync(us)
    file = tmp_path / "eu.toml"
    file.write_text(f'url = "{eu_url}"\nnamespace = "agents"\npeers = ["{us_url}"]\n')
    return file


def test_the_readme_has_a_table_of_all_settings() -> None:
    rows = ["| setting | default | what it is |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.is_required() or field.default is None else field.default
        shown = f"{default:g}" if isinstance(default, float) else json.dumps(default)
        shown = f"`{shown}`" if default not in ("", []) else ""
        rows.append(f"| `{name}` | {shown} | {field.description} |")
    table = "\n".join(rows) + "\n"
    assert table in README.read_text(), f"{README} is to have this table:\n\n{table}"


def test_each_setting_is_an_option_of_sync() -> None:
    shown = CliRunner().invoke(app, ["sync", "-h"], env={"COLUMNS": "200"}).stdout
    for name in Settings.model_fields:
        option = "peer" if name == "peers" else name.replace("_", "-")
        assert f"--{option} " in shown


COMMANDS = (
    ("status",),
    ("peers",),
    ("inspect", "tasks"),
    ("verify",),
    ("gc",),
    ("forget", "us"),
    ("dump", "dump.gz"),
    ("load", "dump.gz"),
    ("drop", "tasks", "-y"),
    ("reset", "-y"),
    ("namespaces",),
    ("check",),  # where no syncer runs
    ("sync", "--check"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=[command[0] for command in COMMANDS])
def test_every_command_takes_its_settings_from_a_file_and_can_print_json(
    config: Path, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    memory.Replica(replica_id="eu", namespace="agents").dump("dump.gz")
    run = CliRunner().invoke(app, [*command, "--json", "--config", str(config)])
    assert run.exit_code == (2 if command == ("check",) else 0), run
    json.loads(run.stdout)


def test_a_file_may_be_a_pipe_and_is_named_by_the_environment(config: Path) -> None:
    command = f"{sys.executable} -m redis_crdt status --json --config <(cat {config})"
    run = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert json.loads(run.stdout)["namespace"] == "agents"
    env = {**os.environ, "REDIS_CRDT_CONFIG": str(config)}
    run = subprocess.run(
        [sys.executable, "-m", "redis_crdt", "status", "--json"],
        capture_output=True,
        check=True,
        env=env,
    )
    assert json.loads(run.stdout)["namespace"] == "agents"


def test_options_come_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('url = "redis://file"\ninterval = 1\ngrace = 1\ntimeout = 1\n')
    monkeypatch.setenv("REDIS_CRDT_INTERVAL", "2")
    monkeypatch.setenv("REDIS_CRDT_GRACE", "2")
    monkeypatch.setenv("REDIS_CRDT_PEERS", "redis://a, redis://b,")
    monkeypatch.setenv("REDIS_CRDT_REPLICA_ID", "")
    found = load_settings(str(file), {"interval": "3", "grace": None})
    assert (found.interval, found.grace, found.timeout) == (3, 2, 1)
    assert [peer.get_secret_value() for peer in found.peers] == ["redis://a", "redis://b"]
    assert found.replica_id is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('url = "redis://h"\nintervall = 1', "intervall: no such setting; did you mean interval"),
        ('url = "redis://h"\nfruit = 1', "fruit: no such setting$"),
        ('url = "redis://h"\nnamespace = "a b"', "namespace 'a b'"),
        ('url = "redis://h"\nreplica_id = "#"', "replica id '#'"),
        ('url = "redis://h"\nlog_format = "xml"', "log_format: .*'text' or 'json'"),
        ("interval = 1", "url: missing; pass it, set REDIS_CRDT_URL"),
        ("url = ", "settings.toml is no TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(text: str, named: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(InvalidSetting, match=named):
        load_settings(str(file), {})


def test_a_misspelt_variable_is_refused_but_not_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_CRDT_PASSWORD", "for the URLs of the compose file")
    assert load_settings(None, {"url": "redis://h"}).namespace == "default"
    monkeypatch.setenv("REDIS_CRDT_PEER", "redis://h2")
    with pytest.raises(InvalidSetting, match=r"REDIS_CRDT_PEER: .* did you mean REDIS_CRDT_PEERS"):
        load_settings(None, {"url": "redis://h"})


def test_wrong_settings_exit_with_2(tmp_path: Path) -> None:
    assert "no-such" in one_line(redis_crdt("status", "--config", tmp_path / "no-such"), 2)


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (["verify"], "REDIS_CRDT_URL"),
        (["verify", "redis://h"], "REDIS_CRDT_URL"),
        (["gc", "redis://h", "--max-drift", "x"], "max_drift"),
        (["dump", "redis://h", "--timeout", "0"], "timeout"),
        (["sync", "--url", "redis://h"], "peers"),
    ],
)
def test_settings_that_a_command_lacks_are_named(command: list[str], named: str) -> None:
    with pytest.raises(InvalidSetting, match=named):
        CliRunner().invoke(app, command, catch_exceptions=False)


def test_looking_at_a_namespace_does_not_make_it(config: Path) -> None:
    options = ("--config", config, "-n", "agent")
    for command in ("status", "verify", "check", "dump"):
        assert CliRunner().invoke(app, [command, *map(str, options)]).exit_code != 0
    assert redis_crdt("namespaces", "--config", config).stdout == b"agents\n"


def test_another_replica_than_that_of_the_settings_is_left_alone(config: Path) -> None:
    config.write_text(config.read_text() + 'replica_id = "ap"\n')
    assert "'eu', not 'ap'" in one_line(redis_crdt("reset", "--config", config, "--yes"))
    with Replica.from_url(
        load_settings(str(config), {}).url.get_secret_value(), namespace="agents"
    ) as eu:
        assert "t1" in eu.or_set("tasks", str)
