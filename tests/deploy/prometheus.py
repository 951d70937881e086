"""A real Prometheus that watches real syncers, for as long as a ``with`` block runs."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import randrange
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from tests.integration.test_syncer import until

JOB = "redis-crdt"
OFTEN = "200ms"


def find_program(name: str) -> str:
    """Find a program of Prometheus. Without it a test is skipped, but fails in CI, which has it."""
    path = shutil.which(name)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"CI must test the alerts, and has no {name}")
        pytest.skip(f"no {name}, of Debian's package prometheus")
    return path


def free_port() -> int:
    """Find a port that nobody uses, of those that systems give to nobody who just asks for one.

    So it is still free in a while.
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            port = randrange(12_000, 32_000)
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True)
class Alert:
    """An alert that fires, as it would be told to somebody."""

    name: str
    labels: dict[str, str]
    summary: str


class Prometheus:
    """What to ask a Prometheus that runs."""

    def __init__(self, url: str) -> None:
        self._url = url

    def _get(self, path: str, **parameters: str) -> Any:
        with urlopen(f"{self._url}/api/v1/{path}?{urlencode(parameters)}") as page:
            return json.load(page)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Ask for the series of an expression now."""
        found: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return found

    def firing(self) -> list[Alert]:
        """Tell which alerts fire now."""
        return [
            Alert(alert["labels"]["alertname"], alert["labels"], alert["annotations"]["summary"])
            for alert in self._get("alerts")["alerts"]
            if alert["state"] == "firing"
        ]

    def rounds(self) -> int:
        """Tell how often the rules have been looked at, those that were looked at least."""
        found = self.query("prometheus_rule_group_iterations_total")
        return min((int(series["value"][1]) for series in found), default=0)

    def has_looked(self, times: int = 3) -> None:
        """Wait until the rules were looked at so many times from now on."""
        began = self.rounds()
        until(lambda: self.rounds() >= began + times)


@contextmanager
def prometheus(directory: Path, rules: str, ports: list[int]) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes the syncers at these ports, and itself, very often.

    It takes some five seconds before it begins to scrape, so tests share one.
    """
    program, port = find_program("prometheus"), free_port()
    (directory / "alerts.yml").write_text(rules)
    jobs = {JOB: [f"127.0.0.1:{port}" for port in ports], "itself": [f"127.0.0.1:{port}"]}
    config = {
        "global": {"scrape_interval": OFTEN, "scrape_timeout": OFTEN, "evaluation_interval": OFTEN},
        "rule_files": ["alerts.yml"],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": targets}]}
            for job, targets in jobs.items()
        ],
    }
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    command = [
        program,
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with open(directory / "log", "wb") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)
    try:
        running = Prometheus(f"http://127.0.0.1:{port}")

        def looks() -> bool:
            assert process.poll() is None, (directory / "log").read_text()
            try:
                return running.rounds() > 0
            except OSError:  # not yet
                return False

        until(looks)
        yield running
    finally:
        process.kill()
        process.wait()
