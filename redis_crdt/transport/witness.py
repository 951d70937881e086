"""What a replica object has heard of its shards, and bears witness to with each of its writes.

By it a server that came back without its last writes is found out; see ``lua/lib/incarnation.lua``.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from redis_crdt.operations.operation import Script
from redis_crdt.transport.cluster import Write
from redis_crdt.transport.scripts import load

PAUSE = 0.00025
"""After how many seconds without a write the next one says what was written last: as often again
for each :data:`PAUSED_FOR` arguments of that, since the server then reads all of it."""

PAUSED_FOR = 50

LOOK_EVERY = 0.01
"""After how many seconds a write has the server look again which process it is."""

MAX_LINKS = 256
"""Of so many connections it is remembered that a write went over them."""


def arguments(
    script: Script[Any], witness: bytes = b"", command: str = "EVALSHA"
) -> tuple[Any, ...]:
    """Return the command that runs a script, given what goes with it."""
    text, digest = load(script.name)
    body = digest if command == "EVALSHA" else text
    return (command, body, len(script.keys), *script.keys, witness, *script.args)


class Heard:
    """What was heard of one shard."""

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


class Witness:
    """What a replica object has heard of its shards."""

    def __init__(self) -> None:
        self._shards: dict[int, Heard] = {}

    def _of(self, shard: int) -> Heard:
        heard = self._shards.get(shard)
        if heard is None:
            heard = self._shards[shard] = Heard()
        return heard

    def arguments(self, write: Write, connection: Any, link: Any) -> tuple[Any, ...]:
        """Return a write's command for a connection, whose present link is given if it has one.

        The process at its other end stays the same as long as the link lives. The first write that
        goes over one has the server look whether it is the process that it was, and so has one that
        brings its text, for a server that does not know that may be another. What was written
        last is passed on where a pause came after that, in which the server may have been put back
        to an older state: looking for it takes the server longer than the write.
        """
        script = write.script
        heard, size, now = self._of(script.shard), len(script.args), monotonic()
        is_known = link is not None and heard.links.get(connection) is link
        if not is_known or write.command == "EVAL":
            heard.looked = now
            witness = b"!" + heard.id
        else:
            witness = heard.id if now - heard.sent > PAUSE * (1 + heard.size // PAUSED_FOR) else b""
            if now - heard.looked >= LOOK_EVERY:
                heard.looked = now
                witness = b"?" + witness
            elif witness:
                witness = b"." + witness
        heard.sent, heard.size = now, size
        return arguments(script, witness, write.command)

    def answered(self, write: Write, connection: Any, link: Any) -> None:
        """Remember that a write went over a connection, by this link."""
        links = self._of(write.script.shard).links
        if links.get(connection) is not link:
            if len(links) >= MAX_LINKS:
                links.clear()
            links[connection] = link

    def told(self, script: Script[Any], reply: Any) -> Any:
        """Return what a script replies, less the id of a write, which is remembered."""
        if script.witness is not None:
            return reply
        reply, id_ = reply if type(reply) is list else (None, reply)
        if id_:
            self._of(script.shard).id = id_
        return reply

    def forget(self, shard: int) -> None:
        """Forget what was last written to a shard, as where its server was emptied."""
        self._of(shard).id = b""
