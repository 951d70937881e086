"""Readings: how far a source was read, and what both sides have said of what they know.

The first request of a reading and its reply say all; later ones what has changed since (see
``lua/lib/reading_said.lua``). So what crosses a link goes by what happens, and not by how many
regions there are. Whoever misses a reply, or is in doubt, begins a reading anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from redis_crdt.core.clock import parse_clock
from redis_crdt.core.floors import is_known
from redis_crdt.errors import InvalidDump
from redis_crdt.operations import bodies, replies


@dataclass(slots=True)
class Reading:
    """How far a source was read, where that is not what its target knows."""

    writer: bytes = b""
    refused: bool = False
    """Whether an entry was refused, and left out. The target's cursor then stays before it."""
    position: bytes = b""
    """Where to go on: writer, cursor, and how many references after it are done."""
    contexts: dict[replies.Place, bytes] = field(default_factory=dict)
    """What is known of collections alone; the target may note it once it has all the rest."""

    def hear(self, body: Sequence[bytes]) -> None:
        """Remember the contexts that come with a batch."""
        for head in bodies.heads_of(body):
            if head.context:
                self.contexts[head.place] = head.context

    def go_on(self, delta: replies.Delta) -> None:
        """Note how far a batch went."""
        self.position = b"%b %b %d" % (delta.source.writer, delta.cursor, delta.sent)


class Dialogue:
    """What a target and its source have said of what they know."""

    def __init__(self) -> None:
        self.heard: Mapping[bytes, bytes] = {}
        """What the source knew when it was last heard of."""
        self.witness = b""
        """Whom it was heard of last, and when, as ``CLOCK@WRITER``. The target may hold more than
        it can say to know: part of what one delta brings."""
        self._unsaid: dict[bytes, bytes] = {}

    def begin(self) -> None:
        """Begin with nothing: all that the target knows is said now."""
        self.heard, self._unsaid = {}, {}

    def learn(self, news: Mapping[bytes, bytes]) -> None:
        """Note what the target knows now, to be said with the next request."""
        self._unsaid.update(news)

    def say(self) -> dict[bytes, bytes]:
        """Return what was not said yet. It is sent; what is lost on the way ends the reading."""
        unsaid, self._unsaid = self._unsaid, {}
        return unsaid

    def hear(self, delta: replies.Delta) -> replies.Delta:
        """Return the next reply of the reading with all that the source knows."""
        source = delta.source
        known = {**self.heard, **source.known}
        known = {writer: clock for writer, clock in known.items() if clock}
        known[source.writer] = source.clock
        if len(known) > replies.MAX_CLOCKS:
            raise InvalidDump(f"a source that knows more than {replies.MAX_CLOCKS} writers")
        self.heard, self.witness = known, b"%b@%b" % (source.clock, source.writer)
        return delta._replace(source=source._replace(known=known))


def is_news(mine: replies.Knowledge, writer: bytes, clock: bytes) -> bool:
    """Whether a target can learn that from a source. Of its own present writer it knows all."""
    if writer == mine.writer:
        return False
    return not is_known(mine.known, writer, parse_clock(clock))
