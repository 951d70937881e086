"""What is not used is not imported."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.util import find_spec

import pytest

import redis_crdt
from redis_crdt.types import TYPES

SIDES = ("awaited", "blocking", "memory", "operations", "protocol")

UNUSED = (
    "redis_crdt.agents",
    "redis_crdt.asyncio",
    "redis_crdt.cli",
    "redis_crdt.core.state",
    "redis_crdt.engine",
    "redis_crdt.langgraph",
    "redis_crdt.mcp.server",
    "redis_crdt.memory",
    "redis_crdt.openai_agents",
    "redis_crdt.replica.awaited",
    "redis_crdt.replica.batch",
    "redis_crdt.replica.memory",
    "redis_crdt.replica.syncing",
    "redis_crdt.servers",
    "redis_crdt.sync.files",
    "redis_crdt.sync.follower",
    "redis_crdt.sync.link",
    "redis_crdt.sync.metrics",
    "redis_crdt.sync.pull",
    "redis_crdt.sync.status",
    "redis_crdt.sync.syncer",
    "redis_crdt.sync.verify",
    "redis_crdt.testing",
    "redis_crdt.transport.watching",
    *(f"redis_crdt.types.{name}.{side}" for name in TYPES for side in SIDES),
    "difflib",
    "fakeredis",
    "gzip",
    "langgraph",
    "mcp",
    "prometheus_client",
    "pydantic.main",
    "pydantic.type_adapter",
    "rich",
    "typer",
)
"""What programs that read and write a replica do without: no small part of what there is."""


EXTRAS = [
    ("redis_crdt.testing", "fakeredis", "testing"),
    ("redis_crdt.langgraph", "langgraph", "langgraph"),
]


@pytest.mark.parametrize(("module", "missing", "extra"), EXTRAS)
def test_what_is_missing_comes_with_an_extra(module: str, missing: str, extra: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import {module}"
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == 1
    said = ran.stderr.splitlines()[-1]
    assert said.startswith("ModuleNotFoundError: ")
    assert missing in said
    assert f"pip install 'redis-crdt[{extra}]'" in said


def imported_by(code: str) -> set[str]:
    code = f"import sys; {code}; print(*sys.modules, sep='\\n')"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return {*found.stdout.split()}


@pytest.mark.parametrize("line", ["import redis_crdt", "from redis_crdt import Replica"])
def test_a_program_imports_no_more_than_it_uses(line: str) -> None:
    assert not {*UNUSED} & imported_by(line)


@pytest.mark.parametrize("package", ["redis_crdt", "redis_crdt.asyncio", "redis_crdt.memory"])
def test_of_the_types_only_that_is_imported_which_is_used(package: str) -> None:
    side = {"redis_crdt.asyncio": "awaited", "redis_crdt.memory": "memory"}.get(package, "blocking")
    for line in (
        f"from {package} import ORSet",
        f"from {package} import Replica; Replica.or_set",
    ):
        found = imported_by(line)
        of_types = {name for name in found if name.endswith(f".{side}") and ".base." not in name}
        types = {name.split(".")[2] for name in of_types if name.startswith("redis_crdt.types.")}
        assert types == {"or_set", side}, line


@pytest.mark.parametrize("name", UNUSED)
def test_what_is_named_exists(name: str) -> None:
    assert find_spec(name)


@pytest.mark.parametrize("package", ["redis_crdt", "redis_crdt.asyncio", "redis_crdt.memory"])
def test_what_is_public_is_there(package: str) -> None:
    code = f"import {package} as p; assert set(p.__all__) <= set(dir(p)); from {package} import *"
    names = importlib.import_module(package).__all__
    subprocess.run([sys.executable, "-c", f"{code}; {'; '.join(names)}"], check=True)


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'redis_crdt' has no attribute 'OrSet'"):
        _ = redis_crdt.OrSet  # type: ignore[attr-defined]


def test_a_method_that_opens_a_type_is_that_of_the_type() -> None:
    code = (
        "from redis_crdt import Replica; from redis_crdt.types.blocking import Types;"
        "first = Replica.or_set; from redis_crdt.types.or_set.blocking import OpensORSet as o;"
        "assert first is o.or_set is vars(Types)['or_set']"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_session_needs_no_part_of_the_sdk() -> None:
    code = "import sys, redis_crdt.openai_agents; assert 'agents' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_syncer_is_there_where_it_is_asked_for() -> None:
    code = (
        "from redis_crdt.sync import Syncer; import redis_crdt.sync as s; assert s.Syncer is Syncer"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
