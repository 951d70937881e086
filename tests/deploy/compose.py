"""Services of `docker-compose.yml` as plain processes: what each image would run, without images.

What names a place in a container, or another container, is put right for this machine; all else is
what the file says.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from redis_crdt.servers import ServerBinary
from tests.integration.test_syncer import until

FILE = Path(__file__).parents[2] / "docker-compose.yml"
REGIONS = {"eu": 6381, "us": 6382, "ap": 6383}
PASSWORDS = {f"{user}_PASSWORD": f"secretof{user.lower()}" for user in ("ADMIN", "CLIENT", "PEER")}

Service = dict[str, Any]


class Unset(Exception):
    """A variable that the file needs is not set."""


def read(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file, with variables filled in as Docker Compose does."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        if found["name"] in variables:
            return variables[found["name"]]
        raise Unset(found["name"], found["why"])

    def filled(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: filled(what) for name, what in part.items()}
        if isinstance(part, list):
            return [*map(filled, part)]
        if isinstance(part, str):
            return re.sub(r"\$\$|\$\{(?P<name>\w+)(:\?(?P<why>[^}]+))?\}", value, part)
        return part

    file: dict[str, Any] = filled(yaml.safe_load(FILE.read_text()))
    return file


@dataclass
class Region:
    """One region's server, on a port of this machine."""

    service: Service
    users: str
    port: int
    directory: Path
    binary: ServerBinary
    _process: subprocess.Popen[bytes] | None = None

    def url(self, user: str, password: str | None = None) -> str:
        secret = password or PASSWORDS[f"{user.upper()}_PASSWORD"]
        return f"redis://{user}:{secret}@127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def start(self) -> None:
        """Start the server as its container would, and wait until that would be healthy."""
        programs = self.directory / "bin"
        for directory in (self.data, programs):
            directory.mkdir(parents=True, exist_ok=True)
        (programs / "redis-server").unlink(missing_ok=True)
        (programs / "redis-server").symlink_to(self.binary.path)
        entrypoint = programs / "docker-entrypoint.sh"
        entrypoint.write_text('#!/bin/sh\nexec "$@"\n')
        entrypoint.chmod(0o700)
        (config,) = self.service["configs"]
        assert config["source"] == "users"
        (self.directory / "users.acl").write_text(self.users)
        places = {config["target"]: str(self.directory / "users.acl"), "/data": str(self.data)}
        command = self.service["entrypoint"] + self.service["command"]
        for there, here in places.items():
            command = [word.replace(there, here) for word in command]
        command += ["--port", str(self.port), "--bind", "127.0.0.1"]
        env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "LC_ALL": "C"}
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        until(self.is_healthy)

    def is_healthy(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.directory / "log").read_text()
        test = self.service["healthcheck"]["test"].replace("redis-cli", f"redis-cli -p {self.port}")
        return check(test, self.service["environment"])

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def check(test: str, env: Mapping[str, str]) -> bool:
    """Do as Docker does with a health check."""
    test = re.sub(r"^python ", f"{sys.executable} ", test)
    command = ["sh", "-c", test]
    run = subprocess.run(command, env={**os.environ, **env}, capture_output=True, check=False)
    return run.returncode == 0


@contextmanager
def regions(
    directory: Path, binary: ServerBinary, ports: Mapping[str, int]
) -> Iterator[dict[str, Region]]:
    """Run the servers of some regions."""
    file = read(PASSWORDS)
    users = file["configs"]["users"]["content"]
    made = {
        name: Region(file["services"][name], users, port, directory / name, binary)
        for name, port in ports.items()
    }
    try:
        for region in made.values():
            region.start()
        yield made
    finally:
        for region in made.values():
            region.kill()


def syncer_settings(name: str, regions: Mapping[str, Region], metrics_port: int) -> dict[str, str]:
    """The environment of a region's syncer."""
    settings: dict[str, str] = read(PASSWORDS)["services"][f"sync-{name}"]["environment"]
    for host, region in regions.items():
        for key in ("REDIS_CRDT_URL", "REDIS_CRDT_PEERS"):
            settings[key] = settings[key].replace(f"@{host}:6379", f"@127.0.0.1:{region.port}")
    return settings | {
        "REDIS_CRDT_METRICS_PORT": str(metrics_port),
        "REDIS_CRDT_METRICS_HOST": "127.0.0.1",
    }
