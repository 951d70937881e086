"""The log of the syncer's process: one line for each event, for people and for programs."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from redis_crdt.cli.logs import Json, Text

ROOT = Path(__file__).parent.parent / "redis_crdt"


def record(msg: Any, *args: Any, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("redis_crdt.sync", logging.WARNING, "", 0, msg, args, None)
    made.__dict__.update(more)
    return made


def fields(msg: Any, *args: Any, **more: Any) -> dict[str, Any]:
    text = Json().format(record(msg, *args, **more))
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    assert datetime.fromisoformat(found.pop("time")).tzinfo is not None
    assert (found.pop("level"), found.pop("logger")) == ("warning", "redis_crdt.sync")
    return found


def test_a_line_of_text_has_its_time_with_the_zone() -> None:
    line = Text().format(record("peer.failed peer=%s", "us"))
    time, rest = line.split(" ", 1)
    assert datetime.fromisoformat(time).tzinfo is not None
    assert rest == "WARNING redis_crdt.sync peer.failed peer=us"


def test_fields_keep_their_values() -> None:
    text = "no answer: 'a b' \n=c"
    assert fields("peer.failed peer=%s retry_in=%.1f detail=%r", "us", 0.25, text) == {
        "event": "peer.failed",
        "peer": "us",
        "retry_in": 0.25,
        "detail": text,
    }
    assert fields("%s peer=%s entries=%d", "peer.following", "us", 3) == {
        "event": "peer.following",
        "peer": "us",
        "entries": 3,
    }
    assert fields("peer.waiting peer=%s detail='it has no %s yet'", "us", "agents") == {
        "event": "peer.waiting",
        "peer": "us",
        "detail": "it has no agents yet",
    }


@pytest.mark.parametrize(
    ("msg", "args"),
    [
        ("Task exception was never retrieved\nfuture: %r", (1,)),
        ("100 %", ()),
        ("a=%(x)s", ({"x": 1},)),
        (ValueError("no text"), ()),
        ("warning detail='it is \"so\"' =", ()),
    ],
)
def test_what_is_no_event_is_a_message(msg: Any, args: tuple[Any, ...]) -> None:
    found = fields(msg, *args)
    assert found == {"event": "message", "message": record(msg, *args).getMessage()}


@pytest.mark.parametrize(
    ("form", "expected"),
    [("text", " WARNING py.warnings warning detail='it is so'\n"), ("json", '"it is so"}\n')],
)
def test_a_warning_is_an_event(form: str, expected: str) -> None:
    code = (
        "import warnings; from redis_crdt.cli.logs import configure; "
        f"configure('info', {form!r}); warnings.warn('it is so')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr.endswith(expected)
    assert run.stderr.count("\n") == 1


def test_a_traceback_is_a_field() -> None:
    try:
        raise KeyError("k")
    except KeyError as error:
        info = (KeyError, error, error.__traceback__)
    found = fields("sync.died", exc_info=info)
    assert found["event"] == "sync.died"
    assert found["exception"].endswith("KeyError: 'k'")


def test_all_that_the_library_logs_is_taken_apart() -> None:
    events = 0
    for path in ROOT.rglob("*.py"):
        calls = re.findall(r"\blog\.\w+\(\s*((?:\"[^\"]*\"\s*)+)", path.read_text())
        for literal in calls:
            msg = "".join(re.findall(r'"([^"]*)"', literal))
            args = [1 if place in "dfg" else "x" for place in re.findall(r"%[.\d]*([a-z])", msg)]
            assert fields(msg, *args)["event"] != "message", msg
            events += 1
    assert events > 10
