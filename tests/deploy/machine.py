"""A machine of an operator's: a directory for what is in /etc, and the programs that it has.

What `redis_crdt/deploy/README.md` says is run by a shell, word for word, but for ports and places.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from redis_crdt.servers import ServerBinary
from tests.deploy.prometheus import free_port

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "redis_crdt/deploy/README.md").read_text()
REGIONS = ("eu", "us", "ap")


def part_of_page(title: str) -> str:
    """One part of the page for operators."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    assert found is not None, title
    return found[1]


def blocks(text: str) -> list[tuple[str, str]]:
    """The blocks of code in a text, each with its language."""
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.M | re.S)


class Machine:
    """Where everything runs, that of all regions: each has a directory, and ports, of its own."""

    def __init__(self, directory: Path, binary: ServerBinary) -> None:
        self.directory = directory
        self._ports = {str(base + i): str(free_port()) for base in (6381, 9001) for i in range(3)}
        programs = directory / "bin"
        for needed in (programs, directory / "etc/systemd/system"):
            needed.mkdir(parents=True)
        self.servers(binary)
        python, here = sys.executable, Path(__file__).parent
        for name, script in {
            "redis-crdt": f'exec {python} -m redis_crdt "$@"',
            "systemctl": f'exec {python} {here}/systemctl.py "$@"',
            "pip": "",  # what it would install is the checkout, which is used as it is
            "useradd": "",
            "install": f'exec {shutil.which("install")} $(echo "$@" | sed "s/--owner [^ ]*//")',
        }.items():
            program = programs / name
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o700)
        path = os.pathsep.join([str(programs), os.environ["PATH"]])
        self._env = {
            **{name: value for name, value in os.environ.items() if "REDIS" not in name},
            "PATH": path,
            "PYTHONPATH": str(CHECKOUT),
            "MACHINE": str(directory),
            "LC_ALL": "C",
        }

    def servers(self, binary: ServerBinary) -> None:
        """Have another program as redis-server from now on."""
        program = self.directory / "bin/redis-server"
        program.write_text(f'#!/bin/sh\nexec {binary.path} "$@" --bind 127.0.0.1\n')
        program.chmod(0o700)

    def here(self, text: str, region: str = "eu") -> str:
        """What the page says of eu, for a region on this machine."""
        number = str(REGIONS.index(region) + 1)
        # What is said of eu's ports is then of this region's, which eu has as a peer, or us.
        ports = {f"638{number}": "6381", "6381": f"638{number}", "9001": f"900{number}"}
        text = re.sub(r'eu(?="|[.]toml)|(?<=@)eu', region, text)
        text = re.sub(r"\b(638|900)\d\b", lambda port: ports.get(port[0], port[0]), text)
        text = re.sub(r"\b(638|900)\d\b", lambda port: self._ports[port[0]], text)
        return text.replace("/etc/", f"{self.directory}/etc/")

    def run(self, commands: str, region: str = "eu") -> subprocess.CompletedProcess[str]:
        """Run a block of the page at one region."""
        where = self.directory / region
        where.mkdir(exist_ok=True)
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.here(commands, region)],
            cwd=where,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr + self.logs()
        return run

    def set_up(self, region: str) -> None:
        """Follow the page from its first word on regions to where one runs."""
        where = self.directory / region
        where.mkdir()
        part = PAGE.partition("\n## ")[0]
        for before, language, text in re.findall(r"(.*)\n\n```(\w+)\n((?s:.*?))^```", part, re.M):
            if language == "sh":
                self.run(text, region)
            else:
                name = re.findall(r"`(\S+)`", before)[-1]
                (where / self.here(name, region)).write_text(self.here(text, region))

    def url(self, region: str, user: str = "client", secret: str | None = None) -> str:
        port = self._ports[f"638{REGIONS.index(region) + 1}"]
        return f"redis://{user}:{secret or f'{user.upper()}-SECRET'}@127.0.0.1:{port}"

    def answers(self, region: str) -> bool:
        """Tell whether somebody has the port of a region's server."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", urlsplit(self.url(region)).port or 0)) == 0

    def metrics_port(self, region: str) -> int:
        return int(self._ports[f"900{REGIONS.index(region) + 1}"])

    def log(self, region: str) -> str:
        """What a region's syncer has told."""
        file = self.directory / f"redis-crdt@{region}.log"
        return file.read_text() if file.exists() else ""

    def logs(self) -> str:
        return "".join(f"\n{region}:\n{self.log(region)}" for region in REGIONS)

    def end(self) -> None:
        """End all that was started."""
        for file in self.directory.glob("redis-crdt@*.pid"):
            with suppress(ProcessLookupError):
                os.kill(int(file.read_text()), 9)
        for region in REGIONS:
            with (
                suppress(redis.ConnectionError),
                redis.Redis.from_url(self.url(region, "admin")) as admin,
            ):
                admin.shutdown(nosave=True, now=False)


@contextmanager
def machine(directory: Path, binary: ServerBinary) -> Iterator[Machine]:
    """An operator's machine with nothing on it yet; what runs on it ends with the block."""
    for program in ("redis-cli", "bash"):
        if shutil.which(program) is None:
            if os.environ.get("CI"):
                pytest.fail(f"CI must follow the page, and has no {program}")
            pytest.skip(f"no {program}")
    made = Machine(directory, binary)
    try:
        yield made
    finally:
        made.end()
