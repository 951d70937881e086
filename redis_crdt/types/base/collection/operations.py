"""What the collections on servers have in common: their keys, opening, dumping and merging."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from redis_crdt.core.fields import VALUE
from redis_crdt.core.kinds import KINDS, PARTITIONS, KindName, check_kind, kinds_in
from redis_crdt.core.partitions import by_part, check_described, check_partitions, describe, part_of
from redis_crdt.operations import bodies, replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.joins import Joins
from redis_crdt.operations.operation import (
    Command,
    Each,
    Operation,
    Procedure,
    Script,
    SideBySide,
    as_is,
)
from redis_crdt.operations.requests import BATCH, BATCH_BYTES
from redis_crdt.sync.tombstones import collect_one
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.values.codec import codec_for
from redis_crdt.values.encoding import check_values

if TYPE_CHECKING:  # a model of pydantic's, which takes time to make
    from redis_crdt.core.state import State

T = TypeVar("T")
X = TypeVar("X")


def batches(
    items: Iterable[X], size: int = BATCH, bytes_of: Callable[[Any], int] = len
) -> Iterator[list[X]]:
    """Yield the items in lists of at most ``size`` and so many bytes as a script may handle."""
    batch: list[X] = []
    left = BATCH_BYTES
    for item in items:
        taken = bytes_of(item)
        if batch and (len(batch) == size or taken > left):
            yield batch
            batch, left = [], BATCH_BYTES
        batch.append(item)
        left -= taken
    if batch:
        yield batch


def bytes_of_item(item: tuple[bytes, bytes]) -> int:
    """Return how many bytes a field and its value take."""
    return len(item[0]) + len(item[1])


CLEARED = 100
"""How many elements or keys a script removes as all of them go: fewer than scripts handle else,
since that is not urgent and there may be a million, for which no one else is to wait."""


def value_in(entry: bytes) -> bytes:
    """Return the value that an entry of a register or map holds."""
    return entry.partition(b"\n")[2]


RECENT = 5000
"""How many fields a reader remembers, so that none comes twice."""


class Pages:
    """Reads the live entries of a collection, page by page.

    What is there all the time comes. A server may tell of an entry again, as the hash shrinks;
    what has come lately is left out. A cursor means nothing to another server process, so where
    the slot has moved to another node of a Cluster, it begins anew.
    """

    def __init__(self, parts: Sequence[CollectionOperations[Any]]) -> None:
        self._parts = list(reversed(parts))
        self._cursor = 0
        self._node: Any = None
        self._recent: dict[bytes, None] = {}

    def next(self) -> Procedure[dict[bytes, bytes] | None]:
        """Read the next page; None after the last."""
        if not self._parts:
            return None
        of = self._parts[-1]
        replica = of._replica
        args = ("HSCAN", of._live, self._cursor, "COUNT", BATCH)
        reply = yield replica, of._page(args)
        if replica.is_cluster:
            reply, node = reply
            has_moved = self._node not in (None, node)
            self._node = node
        else:
            has_moved = False
        cursor, found = reply
        self._cursor = 0 if has_moved else cursor
        if not cursor and not has_moved:
            self._parts.pop()
            self._node = None
        fresh = {field: found[field] for field in found if field not in self._recent}
        self._recent.update(dict.fromkeys(fresh))
        for field in list(islice(self._recent, max(0, len(self._recent) - RECENT))):
            del self._recent[field]
        return fresh


class CollectionOperations(Generic[T]):
    """One named collection of a replica on a server: which operations its methods make."""

    kind: ClassVar[KindName]
    _expires: ClassVar[bool] = False
    """Whether what is written may have a deadline."""

    def __init__(
        self,
        replica: ReplicaOperations,
        name: str,
        type_: Any,
        partitions: int = 1,
        part: tuple[int, int] | None = None,
    ) -> None:
        """Take up a collection; a part of one, where its number and that of all are given."""
        self.name = name
        self._partitions = check_partitions(partitions)
        self._replica = replica
        self._codec = codec_for(type_)
        self._keys, self._shard, self._field = replica.locate(name, part)
        self._live = self._keys.live(self.kind, self._field)
        self._removed = self._keys.removed(self.kind, self._field)
        self._collection = KINDS[self.kind].letter.encode() + self._field
        self._about = f"{self.kind} {name!r}"
        self._is_apart = False
        """Whether something was seen to have a deadline here."""
        self._write_keys = (*self._keys.base, self._live, self._removed)
        parts = range(partitions if partitions > 1 else 0)
        make: Any = type(self)
        self._members: Sequence[Self] = [
            make(replica, name, type_, part=(number, partitions)) for number in parts
        ]

    @property
    def replica_id(self) -> str:
        """The replica that this collection writes for."""
        return self._replica.replica_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} of {self._replica!r}>"

    def _command(self, *args: Any, read: Callable[[Any], X] = as_is) -> Command[X]:
        apart = self._read_apart if self._expires else None
        command = Command(args, read, self._about, self._shard, False, apart)
        known: Any = self._is_apart and self._read_apart(command)
        return known or command

    def _page(self, args: tuple[Any, ...]) -> Operation[Any]:
        """Return the command that reads a page, of which one must know whence it comes."""
        apart = self._read_apart if self._expires else None
        placed = self._replica.is_cluster
        command: Command[Any] = Command(args, as_is, self._about, self._shard, placed, apart)
        return (self._is_apart and self._read_apart(command)) or command

    def _read_apart(self, command: Command[X]) -> Script[X] | None:
        """Return the script that answers a command on the live entries, of which some expire."""
        raise AssertionError(f"nothing expires in a {self.kind}")

    def _write_apart(self, script: Script[X]) -> Script[X] | None:
        """Return the script that does the same where something expires."""
        raise AssertionError(f"nothing expires in a {self.kind}")

    def _script(
        self,
        name: str,
        *args: Any,
        read: Callable[[Any], X] = as_is,
        joins: Joins | None = None,
    ) -> Script[X]:
        args = (self.kind, self._collection, *args)
        apart = self._write_apart if self._expires else None
        keys, about = self._write_keys, self._about
        script = Script(name, self._shard, keys, args, read, about, None, joins, apart)
        return (self._is_apart and self._write_apart(script)) or script

    def _open(self) -> Procedure[None]:
        """Check that the name stands for what it is taken for."""
        found = yield self._replica, self._command("HGET", self._keys.base[2], self._field)
        check_kind(self.name, kinds_in(found), PARTITIONS if self._partitions > 1 else self.kind)
        if self._partitions > 1:
            yield from self._check_partitions()

    def _check_partitions(self) -> Procedure[None]:
        """Check the number of partitions, or write it down.

        Where two regions begin with different ones, the last wins, and the other is told so when
        it next opens the collection.
        """
        live = self._keys.live(PARTITIONS, self._field)
        removed = self._keys.removed(PARTITIONS, self._field)
        entry = yield self._replica, self._command("HGET", live, VALUE)
        if entry is not None:
            check_described(self.name, value_in(entry), self.kind, self._partitions)
            return
        keys = (*self._keys.base, live, removed)
        collection = KINDS[PARTITIONS].letter.encode() + self._field
        args = (PARTITIONS, collection, VALUE, describe(self.kind, self._partitions))
        about = self._about
        yield (
            self._replica,
            Script("lww_register/set", self._shard, keys, args, about=about, witness=None),
        )

    # Partitions. A collection is spread over several parts by the hash of the field, each a
    # collection of its own to the server and to all of synchronisation. Most are their only part.

    @property
    def _parts(self) -> Sequence[Self]:
        return self._members or (self,)

    def _part(self, field: bytes) -> Self:
        """Return the part that a field is in."""
        return self._members[part_of(field, self._partitions)] if self._members else self

    def _by_part(
        self, items: Iterable[X], field_of: Callable[[X], bytes]
    ) -> Iterable[tuple[Self, Iterable[X]]]:
        """Return the parts, each with those of the items that belong there."""
        if not self._members:
            return [(self, items)]
        parts = by_part(items, field_of, self._partitions)
        return [(self._members[number], theirs) for number, theirs in sorted(parts.items())]

    def _at_each(self, procedures: Iterable[Procedure[X]]) -> Procedure[list[X]]:
        """Carry out what concerns several parts, side by side where calls are awaited."""
        each = list(procedures)
        if len(each) == 1:
            return [(yield from each[0])]
        together = SideBySide(each)
        replies: list[X] = yield together, together.operation
        return replies

    def _summed(self, ask_part: Callable[[Self], Command[int]]) -> Operation[int]:
        if not self._members:
            return ask_part(self)
        return Each(tuple(map(ask_part, self._members)), sum, self._about)

    @property
    def _places(self) -> list[tuple[int, bytes]]:
        """Of each part the shard, and the letter of the kind with the stored name."""
        return [(part._shard, part._collection) for part in self._parts]

    def _pages(self) -> Pages:
        """Begin to read the live entries, page by page."""
        return Pages(self._parts)

    def _entries(self) -> Procedure[dict[bytes, bytes]]:
        """Read all live entries; small collections take one round trip."""
        entries: dict[bytes, bytes] = {}
        pages = self._pages()
        while (page := (yield from pages.next())) is not None:
            entries.update(page)
        return entries

    def _entries_of(self, fields: Iterable[bytes]) -> Procedure[dict[bytes, bytes]]:
        """Read the live entries of those of the fields that have one."""
        parts = self._by_part(fields, as_is)
        each = yield from self._at_each(part._entries_here(theirs) for part, theirs in parts)
        return {field: entry for found in each for field, entry in found.items()}

    def _entries_here(self, fields: Iterable[bytes]) -> Procedure[dict[bytes, bytes]]:
        found: dict[bytes, bytes] = {}
        for batch in batches(fields):
            entries = yield self._replica, self._command("HMGET", self._live, *batch)
            pairs = zip(batch, entries, strict=True)
            found.update((field, entry) for field, entry in pairs if entry is not None)
        return found

    def _remove_everything(self, script: str) -> Procedure[None]:
        """Remove what is there now, by the script that removes fields."""
        yield from self._at_each(part._remove_pages(script) for part in self._parts)

    def _remove_pages(self, script: str) -> Procedure[None]:
        pages = self._pages()
        while (page := (yield from pages.next())) is not None:
            for batch in batches(page, CLEARED):
                yield self._replica, self._script(script, *batch)

    def _dump(self) -> Procedure[State]:
        from redis_crdt.core.state import State, common_to

        found = yield from self._at_each(part._dump_here() for part in self._parts)
        known = common_to(known for _, known in found)
        return State.of(
            self.kind,
            (item for entries, _ in found for item in entries.items()),
            known,
            (self.name,),
        )

    def _dump_here(self) -> Procedure[tuple[dict[bytes, bytes], dict[bytes, bytes]]]:
        """Read all entries, tombstones included, and what was known before that."""
        kind = KINDS[self.kind]
        entries: dict[bytes, bytes] = {}
        position = begin = replies.Position(b"0", names=((self._field, self.kind),))
        source, context = None, b""
        while not position.is_over:
            page = yield self._replica, ask.scan(self._keys, position, self._about, alive=True)
            position = page.after(position)
            if source is None or page.source.writer != source.writer:
                if source is not None:  # another process, to which the position means nothing
                    position = begin
                source = page.source
                context = next((head.context for head in bodies.heads_of(page.body)), b"")
            for field, entry in page.entries():
                if entries.setdefault(field, entry) != entry:
                    # It changed while we read; what it is now includes what it was.
                    joined = kind.join(kind.parse_entry(entries[field]), kind.parse_entry(entry))
                    entries[field] = bytes(joined)
        assert source is not None
        return entries, replies.later_of(source.known, replies.read_context(context))

    def _merge(self, state: State) -> Procedure[None]:
        parsed = state.parsed()
        check_values(self._codec, self.kind, parsed)
        if KINDS[self.kind].has_dots and not {self.name}.issuperset(state.origins):
            yield from self._write_anew(parsed)
            return
        items = [(f.encode(), e.encode()) for f, e in state.entries.items()]
        drift, time = self._replica.max_drift, state.time
        each = [(part, list(theirs)) for part, theirs in self._by_part(items, lambda item: item[0])]
        requests = [
            (part._keys, bodies.body_of([bodies.Group(part._field, part.kind, b"", b"", batch)]))
            for part, theirs in each
            for batch in batches(theirs, bytes_of=bytes_of_item)
        ]
        if len(requests) > 1:
            # What would be refused is to be found before the first batch changes anything.
            for keys, body in requests:
                yield self._replica, ask.merge(keys, drift, time, "try", body, self._about)
        for keys, body in requests:
            yield self._replica, ask.merge(keys, drift, time, "more", body, self._about)
        known = {writer.encode(): clock.encode() for writer, clock in state.known.items()}
        for part, _ in each if known and KINDS[self.kind].has_dots else ():
            name, kind = part._field, part.kind
            request = ask.note(part._keys, b"", drift, name, kind, known, self._about)
            yield self._replica, request

    def _write_anew(self, entries: Mapping[bytes, Any]) -> Procedure[None]:
        """Write what a state of another collection holds."""
        raise AssertionError(f"no {self.kind} is written anew")

    def _collect(self, older_than: float) -> Procedure[int]:
        gone = yield from self._at_each(
            collect_one(self._replica, part._keys, part._field, self.kind, older_than)
            for part in self._parts
        )
        return sum(gone)
