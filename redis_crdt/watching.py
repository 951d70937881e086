"""Watching: the changes of a replica as they happen, from its feed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, NamedTuple, TypeVar

from redis_crdt.clock import Dot, Time, parse_clock, replica_of
from redis_crdt.codec import Codec, codec_for
from redis_crdt.errors import FeedTrimmed, InvalidCursor, InvalidValue
from redis_crdt.kinds import KIND_OF, PARTITIONS
from redis_crdt.names import whole_name
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure, Wait
from redis_crdt.sync.party import Party

K = TypeVar("K")

_CURSOR = re.compile(r"(\d{1,15})-(\d{1,15})(?:/(\d{1,9}))?(?:@([\w.#-]{1,96}))?", re.ASCII)
_LAST_SEQ = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Change(Generic[K]):
    """That something changed: which entry, when, and by whom. What it is now, the reader reads."""

    collection: str
    """The name of the collection."""
    kind: str
    """The kind of the collection, such as ``or_set``."""
    key: K
    """The element of a set or key of a map; the replica that counted; None for a register, for a
    name that was dropped, and where there is a problem."""
    time: Time
    """When it changed here."""
    source: str | None
    """The replica from which a pull brought it; None for a write to this one."""
    cursor: str
    """Where to go on after this change; give it to ``watch``."""
    problem: str | None = None
    """Why the key cannot be read as the watched collection's type, if it cannot."""


class Position(NamedTuple):
    """Up to where one shard's feed has been read: an id, or some references of that entry."""

    id: bytes
    taken: int = 0
    writer: str | None = None
    """The incarnation of the replica that the feed then was of."""

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read one shard's part of a cursor; InvalidCursor if it is none."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise InvalidCursor(f"not a cursor of a watch: {text[:80]!r}")
        return cls(f"{match[1]}-{match[2]}".encode(), int(match[3] or 0), match[4])

    def __str__(self) -> str:
        taken = f"/{self.taken}" if self.taken else ""
        return self.id.decode() + taken + (f"@{self.writer}" if self.writer else "")

    @property
    def after(self) -> bytes:
        """The id after which to read: of an entry taken in part, the one before."""
        if not self.taken:
            return self.id
        ms, seq = map(int, self.id.split(b"-"))
        return b"%d-%d" % ((ms, seq - 1) if seq else (ms - 1, _LAST_SEQ))

    def on(self, feed: ask.Feed) -> Position:
        """Return where to go on in a feed as it is now.

        Where its server has come back without its last writes, that is where those were lost.
        Raises :class:`FeedTrimmed` if the feed does not reach back, or is of another life.
        """
        here, writer = self, self.writer or feed.writer
        if writer != feed.writer:
            writers = [past for past, _ in feed.past]
            if writer not in writers:
                raise FeedTrimmed(
                    f"the replica has begun anew since {self}: read the state anew, and watch from "
                    "now on"
                )
            cuts = [cut for _, cut in feed.past[writers.index(writer) :]]
            lost = min(cuts, key=_time_of)
            if _time_of(lost) < _time_of(self.after):
                here = Position(lost)
        if _time_of(here.after) < _time_of(feed.reach):
            raise FeedTrimmed(
                f"the feed no longer reaches back to {self}: read the state anew, and watch from "
                "now on; a larger feed_limit keeps more"
            )
        return here._replace(writer=feed.writer)


class Watcher(Generic[K]):
    """Reads on in the feeds of a replica; the blocking and the asyncio ``watch`` drive it."""

    def __init__(
        self,
        replica: Party,
        cursor: str | None,
        timeout: float | None,
        only: tuple[Sequence[tuple[int, bytes]], Codec[Any]] | None = None,
    ) -> None:
        """Begin to watch; ``only`` one collection: of each of its parts the shard, and the letter
        of its kind with its name."""
        self._replica = replica
        self._only = None if only is None else {name for _, name in only[0]}
        self._codec: Codec[Any] = codec_for() if only is None else only[1]
        shards = range(replica.shards) if only is None else {shard for shard, _ in only[0]}
        self._shards = sorted(shards)
        self._positions: dict[int, Position] = {}
        if cursor is not None:
            texts = cursor.split(",")
            if len(texts) != len(self._shards):
                raise InvalidCursor(f"a cursor for {len(texts)} shards, not {len(self._shards)}")
            self._positions = dict(zip(self._shards, map(Position.parse, texts), strict=True))
        self._began = False
        self._timeout = timeout

    def page(self) -> Procedure[list[Change[K]] | None]:
        """Wait for changes; None once nothing has happened for the timeout."""
        if not self._began:
            for shard in self._shards:
                yield from self._settle(shard)
            self._began = True
        deadline = None if self._timeout is None else monotonic() + self._timeout
        while True:
            left = None if deadline is None else deadline - monotonic()
            if left is not None and left <= 0:
                return None
            starts = {shard: at.after for shard, at in self._positions.items()}
            entries = yield self._replica, Wait(starts, left)
            moved = False
            for shard in {shard for shard, _, _ in entries} or self._shards:
                moved |= yield from self._settle(shard)
            # What was read of a feed that has lost something since is not to be trusted.
            if not moved and (changes := self._changes(entries)):
                return changes

    def _settle(self, shard: int) -> Procedure[bool]:
        """Hold the position against the feed as it is now; returns whether it has moved back."""
        at = self._positions.get(shard)
        seen = at.id if at else b""
        feed = yield self._replica, ask.position(self._replica.keys(shard), seen, "watch")
        here = at.on(feed) if at else Position(feed.clock, 0, feed.writer)
        self._positions[shard] = here
        return at is not None and here[:2] != at[:2]

    def _changes(self, entries: Sequence[tuple[int, bytes, Sequence[bytes]]]) -> list[Change[K]]:
        changes: list[Change[K]] = []
        for shard, id_, flat in entries:
            tagged = flat[0] == b""
            refs = flat[2:] if tagged else flat
            source = replica_of(Dot.parse(flat[1].decode()).writer) if tagged and flat[1] else None
            before = self._positions[shard]
            skip = before.taken if before.id == id_ else 0
            pairs = list(zip(refs[::2], refs[1::2], strict=True))
            self._positions[shard] = before._replace(id=id_, taken=0)
            for i in range(skip, len(pairs)):
                collection, field = pairs[i]
                taken = 0 if i == len(pairs) - 1 else i + 1
                self._positions[shard] = before._replace(id=id_, taken=taken)
                if self._only is not None and collection not in self._only:
                    continue
                kind = KIND_OF[collection[:1].decode()]
                if kind != PARTITIONS:  # that a collection has them is no change
                    changes.append(self._change(id_, kind, collection[1:], field, source))
        return changes

    def _change(
        self, id_: bytes, kind: str, name: bytes, field: bytes, source: str | None
    ) -> Change[K]:
        read = _KEYS.get(kind, self._codec.decode)
        key, problem = None, None
        try:
            key = read(field)
        except InvalidValue as error:
            problem = str(error)
        cursor = ",".join(map(str, self._positions.values()))
        time = parse_clock(id_)
        return Change(whole_name(name.decode()), kind, key, time, source, cursor, problem)  # type: ignore[arg-type]


def _time_of(id_: bytes) -> tuple[int, int]:
    ms, seq = map(int, id_.split(b"-"))
    return ms, seq


_KEYS: dict[str, Callable[[bytes], Any]] = {
    "dropped": lambda _: None,
    "lww_map": bytes.decode,
    "lww_register": lambda _: None,
    "mv_register": lambda _: None,
    "g_counter": lambda field: replica_of(field.decode()),
    "pn_counter": lambda field: replica_of(field[1:].decode()),
}
