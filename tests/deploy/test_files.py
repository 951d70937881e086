"""The files that `redis-crdt` prints for operators are right, by the programs that read them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from redis_crdt import deploy
from tests.deploy.prometheus import find_program
from tests.integration.test_cli import redis_crdt


def checked(*command: str | Path) -> str:
    """What a program that checks something said; it must have found nothing."""
    run = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


@pytest.mark.parametrize("name", ["alerts", "dashboard", "unit"])
def test_each_is_printed_as_it_is(name: str) -> None:
    printed = redis_crdt(name)
    assert printed.returncode == 0
    if name != "unit":  # which tells how that process was started
        assert printed.stdout.decode() == getattr(deploy, name)()
    assert name.encode() in redis_crdt("--help").stdout


def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    rules = tmp_path / "alerts.yml"
    rules.write_text(deploy.alerts())
    assert "SUCCESS: 8 rules found" in checked(find_program("promtool"), "check", "rules", rules)


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze")
    unit = tmp_path / "redis-crdt@eu.service"
    unit.write_bytes(redis_crdt("unit").stdout)
    assert checked(program, "verify", unit) == ""
    unit.write_text(unit.read_text().replace("ExecReload", "ExecReread"))
    assert "ExecReread" in checked(program, "verify", unit)  # so it would have been found


@pytest.mark.parametrize(
    ("started_as", "starts"),
    [
        ("bin/redis-crdt", "{here}/bin/redis-crdt sync"),
        ("bin of 100%/redis-crdt", '"{here}/bin of 100%%/redis-crdt" sync'),
    ],
)
def test_the_unit_starts_the_program_that_printed_it(
    started_as: str, starts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / started_as
    program.parent.mkdir()
    program.touch(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [started_as])
    line = f"ExecStart={starts.format(here=os.getcwd())} --config /etc/redis-crdt/%i.toml\n"
    assert line in deploy.unit()


def test_the_dashboard_fits_on_its_grid() -> None:
    panels = json.loads(deploy.dashboard())["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels})
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_dashboard_leaves_its_source_open() -> None:
    found = set(re.findall(r'"uid": "([^"]+)"', deploy.dashboard()))
    assert found == {"${datasource}", "redis-crdt"}
