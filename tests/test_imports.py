"""What is not used is not imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

UNUSED = (
    "redis_crdt.asyncio",
    "redis_crdt.cli",
    "redis_crdt.engine.answers",
    "redis_crdt.memory",
    "redis_crdt.replica.awaited",
    "redis_crdt.replica.memory",
    "redis_crdt.servers",
    "redis_crdt.sync.files",
    "redis_crdt.sync.follower",
    "redis_crdt.sync.link",
    "redis_crdt.sync.metrics",
    "redis_crdt.sync.status",
    "redis_crdt.sync.syncer",
    "redis_crdt.sync.verify",
    "redis_crdt.testing",
    "redis_crdt.types.or_set.awaited",
    "redis_crdt.types.or_set.memory",
    "fakeredis",
    "gzip",
    "prometheus_client",
    "rich",
    "typer",
)
"""What programs that read and write a replica do without: no small part of what there is."""


@pytest.mark.parametrize("line", ["import redis_crdt", "from redis_crdt import Backend, Replica"])
def test_a_program_imports_no_more_than_it_uses(line: str) -> None:
    code = f"import sys; {line}; print(*sys.modules, sep='\\n')"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {*UNUSED} & {*found.stdout.split()}


def test_what_is_named_exists() -> None:
    code = "import importlib; " + "; ".join(f"importlib.import_module({n!r})" for n in UNUSED)
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_syncer_is_there_where_it_is_asked_for() -> None:
    code = (
        "from redis_crdt.sync import Syncer; import redis_crdt.sync as s; assert s.Syncer is Syncer"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
