"""Watching: the changes of a replica as they happen, from its feed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, NamedTuple, TypeVar

from redis_crdt.clock import Dot, Time, parse_clock, replica_of
from redis_crdt.codec import Codec, codec_for
from redis_crdt.errors import FeedTrimmed, InvalidCursor
from redis_crdt.names import whole_name
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure, Wait
from redis_crdt.sync.pull import Party

K = TypeVar("K")

_CURSOR = re.compile(r"(\d{1,15})-(\d{1,15})(?:/(\d{1,4}))?", re.ASCII)
_LAST_SEQ = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Change(Generic[K]):
    """That something changed: which entry, when, and by whom. What it is now, the reader reads."""

    collection: str
    """The name of the collection."""
    kind: str
    """The kind of the collection, such as ``or_set``."""
    key: K
    """The element of a set or key of a map; the replica that counted; None for a register."""
    time: Time
    """When it changed here."""
    source: str | None
    """The replica from which a pull brought it; None for a write to this one."""
    cursor: str
    """Where to go on after this change; give it to ``watch``."""


class Position(NamedTuple):
    """Up to where one shard's feed has been read: an id, or some references of that entry."""

    id: bytes
    taken: int = 0

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read one shard's part of a cursor; InvalidCursor if it is none."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise InvalidCursor(f"not a cursor of a watch: {text[:80]!r}")
        return cls(f"{match[1]}-{match[2]}".encode(), int(match[3] or 0))

    def __str__(self) -> str:
        return self.id.decode() + (f"/{self.taken}" if self.taken else "")

    @property
    def after(self) -> bytes:
        """The id after which to read: of an entry taken in part, the one before."""
        if not self.taken:
            return self.id
        ms, seq = map(int, self.id.split(b"-"))
        return b"%d-%d" % ((ms, seq - 1) if seq else (ms - 1, _LAST_SEQ))


class Watcher(Generic[K]):
    """Reads on in the feeds of a replica; the blocking and the asyncio ``watch`` drive it."""

    def __init__(
        self,
        replica: Party,
        cursor: str | None,
        timeout: float | None,
        only: tuple[Sequence[tuple[int, bytes]], Codec[Any]] | None = None,
    ) -> None:
        """Begin to watch; ``only`` one collection: the shard and name of each of its parts."""
        self._replica = replica
        self._only = None if only is None else {name for _, name in only[0]}
        self._codec: Codec[Any] = codec_for() if only is None else only[1]
        shards = range(replica.shards) if only is None else {shard for shard, _ in only[0]}
        self._shards = sorted(shards)
        self._positions: dict[int, Position] | None = None
        if cursor is not None:
            texts = cursor.split(",")
            if len(texts) != len(self._shards):
                raise InvalidCursor(f"a cursor for {len(texts)} shards, not {len(self._shards)}")
            self._positions = dict(zip(self._shards, map(Position.parse, texts), strict=True))
        self._timeout = timeout
        self._kinds: dict[bytes, str] = {}

    def page(self) -> Procedure[list[Change[K]] | None]:
        """Wait for changes; None once nothing has happened for the timeout."""
        if self._positions is None:
            self._positions = {}
            for shard in self._shards:
                now = yield self._replica, ask.position(self._replica.keys(shard), (), "watch")
                self._positions[shard] = Position(now[0])
        deadline = None if self._timeout is None else monotonic() + self._timeout
        while True:
            left = None if deadline is None else deadline - monotonic()
            if left is not None and left <= 0:
                return None
            starts = {shard: at.after for shard, at in self._positions.items()}
            entries = yield self._replica, Wait(starts, left)
            changes = yield from self._changes(entries)
            if changes:
                return changes

    def _changes(
        self, entries: Sequence[tuple[int, bytes, Sequence[bytes]]]
    ) -> Procedure[list[Change[K]]]:
        assert self._positions is not None
        for shard in {shard for shard, _, _ in entries}:
            flats = [flat for s, _, flat in entries if s == shard]
            names = {name for flat in flats for name in flat[::2]} - {b"", *self._kinds}
            if self._only is not None:
                names &= self._only
            request = ask.position(self._replica.keys(shard), tuple(names), "watch")
            _, reach, *kinds = yield self._replica, request
            if parse_clock(reach) > parse_feed_position(self._positions[shard]):
                raise FeedTrimmed(
                    f"the feed no longer reaches back to {self._positions[shard]}: read the state "
                    "anew, and watch from now on; a larger feed_limit keeps more"
                )
            self._kinds.update(zip(names, (kind.decode() for kind in kinds), strict=True))
        changes: list[Change[K]] = []
        for shard, id_, flat in entries:
            tag, refs = (flat[1], flat[2:]) if flat[0] == b"" else (None, flat)
            source = replica_of(Dot.parse(tag.decode()).writer) if tag else None
            before = self._positions[shard]
            skip = before.taken if before.id == id_ else 0
            pairs = list(zip(refs[::2], refs[1::2], strict=True))
            for i in range(skip, len(pairs)):
                name, field = pairs[i]
                last = i == len(pairs) - 1
                self._positions[shard] = Position(id_) if last else Position(id_, i + 1)
                if self._only is not None and name not in self._only:
                    continue
                if self._kinds[name] != "partitions":  # that a collection has them is no change
                    changes.append(self._change(id_, name, field, source))
        return changes

    def _change(self, id_: bytes, name: bytes, field: bytes, source: str | None) -> Change[K]:
        assert self._positions is not None
        kind = self._kinds[name]
        read = _KEYS.get(kind)
        key = self._codec.decode(field) if read is None else read(field)
        cursor = ",".join(map(str, self._positions.values()))
        return Change(whole_name(name.decode()), kind, key, parse_clock(id_), source, cursor)


def parse_feed_position(position: Position) -> Time:
    """Return the time after which a watcher reads."""
    ms, seq = map(int, position.after.split(b"-"))
    return Time(ms, seq)


_KEYS: dict[str, Callable[[bytes], Any]] = {
    "lww_map": bytes.decode,
    "lww_register": lambda _: None,
    "mv_register": lambda _: None,
    "g_counter": lambda field: replica_of(field.decode()),
    "pn_counter": lambda field: replica_of(field[1:].decode()),
}
