"""What servers have and replicas in memory do not: requests under way, and readings that go on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from redis_crdt.operations.operation import Landing, Script, as_is

Execute = Callable[[Script[Any]], Any]


class Flight:
    """Requests to a source, which answers each when its reply is waited for."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self.under_way: deque[Any] = deque()

    def execute(self, operation: Any, /) -> Any:
        """Send a request, or have the first one answered."""
        if isinstance(operation, Landing):
            request = self.under_way.popleft()
            return self._execute(request) if isinstance(request, Script) else None
        self.under_way.append(operation)
        return None

    def abandon(self) -> None:
        """Give up what is under way."""
        self.under_way.clear()


@dataclass
class Reading:
    """How far a reading has come, and what both sides have said of what they know."""

    number: int = 0
    position: bytes = b""
    asked: dict[bytes, bytes] = field(default_factory=dict)
    told: dict[bytes, bytes] = field(default_factory=dict)


class Readings:
    """Readings of a replica in memory, as ``lua/replica/delta.lua`` has them."""

    def __init__(self) -> None:
        self._of: dict[bytes, Reading] = {}

    def delta(self, request: Script[Any], execute: Execute) -> list[Any]:
        """Answer with the next of a reading."""
        limit, asker, token, position, *news = request.args
        reading = self._of[token] if position == b"+" else Reading(position=position)
        reading.asked.update(zip(news[::2], news[1::2], strict=True))
        asked = [part for item in reading.asked.items() for part in item]
        args = (limit, asker, token, reading.position, *asked)
        mode, _, writer, cursor, sent, *rest, flat, body = execute(
            request._replace(args=args, read=as_is)
        )
        known = dict(zip(flat[::2], flat[1::2], strict=True))
        del known[writer]
        changes = [(w, clock) for w, clock in known.items() if reading.told.get(w) != clock]
        gone = [(w, b"") for w in reading.told if w not in known]
        reading.number, reading.told = reading.number + 1, known
        reading.position = b"%b %b %b" % (writer, cursor, sent)
        self._of = {token: reading}
        told = [part for item in changes + gone for part in item]
        return [mode, b"%d" % reading.number, writer, cursor, sent, *rest, told, body]
