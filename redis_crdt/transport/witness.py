"""What a program bears witness to with its writes: the last id that it has seen of each feed.

A server that was put back to an older state is found so; see ``lua/lib/incarnation.lua``.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from redis_crdt.operations.operation import Executor, Script
from redis_crdt.transport.cluster import Send, Write
from redis_crdt.transport.scripts import load

PAUSE = 0.00025
"""After how many seconds without a write the next one says what was written last: as often again
for each :data:`PAUSED_FOR` arguments of that, since the server then reads all of it."""

PAUSED_FOR = 50

LOOK_EVERY = 0.01
"""After how many seconds a write has the server look again which process it is."""

MAX_LINKS = 256
"""Of so many connections it is remembered that a write went over them."""


class Heard:
    """What a replica object has heard of one shard."""

    __slots__ = ("id", "links", "looked", "sent", "size")

    def __init__(self) -> None:
        self.id = b""
        """The id of the last write."""
        self.sent = self.looked = 0.0
        """When a write was last sent, and when one last had the server look."""
        self.size = 0
        """How many arguments the last write had."""
        self.links: dict[Any, Any] = {}
        """By connection, the link over which a write went."""


class Witness(Executor):
    """Says with each write what is to be said, and remembers what its reply tells."""

    def __init__(self) -> None:
        self._heard: dict[int, Heard] = {}

    def evaluating(self, script: Script[Any], command: str = "EVALSHA") -> Send:
        """Return the command that runs a script."""
        text, digest = load(script.name)
        keys, witness = script.keys, script.witness
        body = digest if command == "EVALSHA" else text
        if witness is not None:
            return Send(None, (command, body, len(keys), *keys, witness, *script.args))
        witness = self._witness(script.shard, len(script.args))
        args = (command, body, len(keys), *keys, witness, *script.args)
        return Send(None, args, write=Write(script.shard, 3 + len(keys)))

    def _witness(self, shard: int, size: int) -> bytes:
        """Return what this replica bears witness to with a write; see ``lua/lib/incarnation.lua``.

        What it wrote last is passed on where a pause came after that, in which the server may have
        been put back to an older state: looking for it takes the server longer than the write.
        """
        now = monotonic()
        heard = self._heard_of(shard)
        seen = heard.id if now - heard.sent > PAUSE * (1 + heard.size // PAUSED_FOR) else b""
        heard.sent, heard.size = now, size
        if now - heard.looked >= LOOK_EVERY:
            heard.looked = now
            return b"?" + seen
        return b"." + seen if seen else b""

    def _heard_of(self, shard: int) -> Heard:
        heard = self._heard.get(shard)
        if heard is None:
            heard = self._heard[shard] = Heard()
        return heard

    def _told(self, script: Script[Any], reply: Any) -> Any:
        """Return what a script replies, less the id of a write, which is remembered."""
        if script.witness is not None:
            return reply
        reply, id_ = reply if type(reply) is list else (None, reply)
        if id_:
            self._heard_of(script.shard).id = id_
        return reply

    def _vouched(self, connection: Any, link: Any, send: Send) -> tuple[Any, ...]:
        """Return a command's arguments for a connection, whose present link is given if it has one.

        The process at its other end stays the same as long as the link lives. The first write that
        goes over one has the server look whether it is the process that it was.
        """
        assert send.write is not None
        shard, at = send.write
        heard = self._heard_of(shard)
        if link is not None and heard.links.get(connection) is link:
            return send.args
        return (*send.args[:at], b"!" + heard.id, *send.args[at + 1 :])

    def _answered(self, connection: Any, link: Any, write: Write) -> None:
        """Remember that a write went over a connection, by this link."""
        links = self._heard_of(write.shard).links
        if links.get(connection) is not link:
            if len(links) >= MAX_LINKS:
                links.clear()
            links[connection] = link
