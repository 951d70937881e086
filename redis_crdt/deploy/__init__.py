"""Files for those who operate regions, as ``redis-crdt`` prints them.

``alerts.yml`` are alert rules for Prometheus, ``dashboard.json`` is a dashboard for Grafana, and
``redis-crdt@.service`` is a unit of systemd that runs a syncer.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.resources import files

EXECUTABLE = "/usr/bin/redis-crdt"
"""What stands in the unit for the program."""


def alerts() -> str:
    """Return alert rules for the metrics of a syncer, in Prometheus' form."""
    return _text("alerts.yml")


def dashboard() -> str:
    """Return a dashboard of the metrics of syncers, for Grafana to import."""
    return _text("dashboard.json")


def unit() -> str:
    """Return a systemd unit that runs this installation's syncer, once for each settings file."""
    program = shutil.which(sys.argv[0])
    if program is None or program.endswith(".py"):  # started as `python -m redis_crdt`
        command = [sys.executable, "-m", "redis_crdt"]
    else:
        command = [os.path.abspath(program)]
    return _text("redis-crdt@.service").replace(EXECUTABLE, " ".join(map(_quoted, command)))


def _quoted(word: str) -> str:
    """Write a word as systemd reads it; % and $ would stand for something."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if any(c in escaped for c in " \t\\'\"") else escaped


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
