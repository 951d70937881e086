"""The log of ``redis-crdt sync``: a line for each event, for people or for programs.

Events are logged as ``peer.failed peer=%s error=%s`` and the like: a name, then fields.
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

_EVENT = re.compile(r"(?P<name>%s|[\w.]+)(?P<fields>(?: \w+=(?:'[^']*'|\S+))*)")
_FIELD = re.compile(r"(\w+)=('[^']*'|\S+)")
_PLACE = re.compile(r"%[-+ #0-9.]*[a-z]")


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Log to standard error; warnings, too, are events of one line."""
    handler = logging.StreamHandler()
    handler.setFormatter(Text() if form == "text" else Json())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    as_event = "warning detail={!r}" if form == "text" else "{}"
    warnings.formatwarning = lambda message, *_, **__: as_event.format(str(message))
    logging.captureWarnings(True)


def _time(record: logging.LogRecord) -> str:
    """Return when it happened, with the zone: logs of regions are read side by side."""
    return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")


class Text(logging.Formatter):
    """A line of text for each event."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return when it happened."""
        return _time(record)


class Json(logging.Formatter):
    """A JSON object for each event, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object: time, level, logger, event, and the event's own fields."""
        told: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            **_event(record),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


def _event(record: logging.LogRecord) -> dict[str, Any]:
    """Take an event apart; what is of another form is a message."""
    if record.name == "py.warnings":
        return {"event": "warning", "detail": record.getMessage()}
    found = _EVENT.fullmatch(str(record.msg))
    args = record.args if isinstance(record.args, tuple) else ()
    if not found or len(_PLACE.findall(str(record.msg))) != len(args):
        return {"event": "message", "message": record.getMessage()}
    left = iter(args)
    name = _value(found["name"], left)
    return {"event": name, **{k: _value(text, left) for k, text in _FIELD.findall(found["fields"])}}


def _value(text: str, args: Iterator[Any]) -> Any:
    """Return what stands at a place: a number stays one, and text is not quoted."""
    if _PLACE.fullmatch(text):
        return next(args)
    return _PLACE.sub(lambda place: place[0] % next(args), text).strip("'")
