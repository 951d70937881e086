"""Bounds on what a server may answer, looked at before any of it is read.

A client makes room for an array as soon as its length is announced, and keeps what has come of a
reply until the rest has. So a peer that is hostile could have it take all memory, with a few bytes
or with many. Here the announcements are looked at as bytes come in; what passes a bound is
refused, and with it the connection. This is for what peers are asked, and for how a connection
begins: what a program reads of its own collections is as large as they are, of many small parts.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, Final

from redis._parsers import _AsyncHiredisParser, _HiredisParser
from redis.exceptions import InvalidResponse

MAX_REPLY: Final = 128_000_000
"""How many bytes one reply may have: more than the largest that a replica gives, which has 7 keys
of 16 MiB; see ``lua/lib/encode_batch.lua``."""

MAX_PARTS: Final = 1_000_000
"""How many parts."""

MAX_LINE: Final = 65_536
"""How many bytes an announcement, a status or an error may have."""

PATIENCE, PER_SECOND = 60.0, 1000.0
"""How many seconds a reply may be on its way from its first byte on, and how many bytes of it come
in each that it takes longer: one that comes byte by byte would never be there."""

_BULKS, _LISTS, _PAIRS = b"$=!", b"*~>", b"%|"
_ATTRIBUTE = ord("|")

_OF_PEERS = frozenset(("EVALSHA", "EVAL", "PING", "TIME", "INFO", "XRANGE"))


class BoundedReader:
    """A reader of hiredis that is fed only what is within bounds."""

    def __init__(self, reader: Any) -> None:
        self._feed = reader.feed
        self.gets, self.has_data = reader.gets, reader.has_data
        self.is_lifted = False
        """Whether the present reply may be of any size."""
        self._left = 0
        """How many parts of the present reply are to come, as far as they are announced."""
        self._parts = self._bytes = 0
        """How many parts it has, and how many bytes of it have come."""
        self._began = 0.0
        """When its first bytes came, if it did not come at once."""
        self._skip = 0
        """How many bytes are to come of a text."""
        self._line = b""
        """What has come of a line."""

    def feed(self, data: Any, start: int = 0, size: int | None = None) -> None:
        """Pass on what came; raises redis-py's ``InvalidResponse`` if it passes a bound."""
        size = len(data) - start if size is None else size
        if not self.is_lifted:
            self._look(data, start, start + size)
        self._feed(data, start, size)

    def _look(self, data: Any, at: int, end: int) -> None:
        if self._line:
            data = self._line + bytes(data[at:end])
            at, end, self._line = 0, len(data), b""
        began = at
        while at < end:
            if self._skip:
                skipped = min(self._skip, end - at)
                self._skip -= skipped
                at += skipped
            else:
                line_end = data.find(b"\r\n", at, end)
                if line_end < 0:
                    if end - at > MAX_LINE:
                        raise InvalidResponse(f"a line of more than {MAX_LINE} bytes")
                    self._line = bytes(data[at:end])
                    end = at
                    break
                self._announced(data, at, line_end)
                at = line_end + 2
            if not self._left and not self._skip:
                self._parts = self._bytes = 0
                self._began = 0.0
                began = at
        if began < end or self._line:
            self._check_pace()
        self._bytes += end - began
        if self._bytes + self._skip > MAX_REPLY:
            raise InvalidResponse(f"a reply of more than {MAX_REPLY} bytes")

    def _check_pace(self) -> None:
        now = monotonic()
        self._began = self._began or now
        if now - self._began > PATIENCE + self._bytes / PER_SECOND:
            raise InvalidResponse(f"a reply of which {self._bytes} bytes came in all that time")

    def _announced(self, data: Any, at: int, line_end: int) -> None:
        """Note what a line announces."""
        kind, left = data[at], max(self._left, 1) - 1
        if kind in _BULKS:
            size = self._number(data, at, line_end)
            self._skip = size + 2 if size >= 0 else 0
        elif kind in _LISTS or kind in _PAIRS:
            size = self._number(data, at, line_end)
            size *= 2 if kind in _PAIRS else 1
            left += max(size, 0) + (kind == _ATTRIBUTE)  # what the attribute is of comes after it
            self._parts += max(size, 0)
            if self._parts > MAX_PARTS:
                raise InvalidResponse(f"a reply of more than {MAX_PARTS} parts")
        self._left = left

    @staticmethod
    def _number(data: Any, at: int, line_end: int) -> int:
        if not 1 < line_end - at < 20:
            raise InvalidResponse("an announcement of no number")
        try:
            return int(data[at + 1 : line_end])
        except ValueError as error:
            raise InvalidResponse("an announcement of no number") from error


class BoundedParser(_HiredisParser):
    """Reads bounded replies over a connection that blocks."""

    _reader: Any

    def on_connect(self, connection: Any, **kwargs: Any) -> None:
        """Begin to read."""
        super().on_connect(connection, **kwargs)  # type: ignore[no-untyped-call]
        self._reader = BoundedReader(self._reader)

    def handle_push_response(self, response: Any, **_: Any) -> Any:
        """Leave alone what nobody asked for: it could have redis-py turn to another server."""
        return response


class AwaitedBoundedParser(_AsyncHiredisParser):
    """Reads bounded replies over a connection that is awaited."""

    _reader: Any

    def on_connect(self, connection: Any) -> None:
        """Begin to read."""
        super().on_connect(connection)  # type: ignore[no-untyped-call]
        self._reader = BoundedReader(self._reader)

    async def handle_push_response(self, response: Any, **_: Any) -> Any:
        """Leave alone what nobody asked for."""
        return response


def is_bounded(args: tuple[Any, ...]) -> bool:
    """Whether the reply to a command is bounded: whether it is what peers are asked."""
    return args[0] in _OF_PEERS or (args[0] == "XREAD" and args[2] == 1)


def bound(connection: Any, is_bounded: bool) -> None:
    """Have the next reply over a connection bounded or not, if its parser is one of these."""
    try:
        reader = connection._parser._reader
    except AttributeError:  # a client that a program has given has what it likes
        return
    if type(reader) is BoundedReader:
        reader.is_lifted = not is_bounded
