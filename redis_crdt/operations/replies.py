"""What a replica replies, and the reading of it.

They may come from a hostile peer, whose server need not run scripts of ours. So each part is
looked at here, and nobody else has to expect anything but what the types say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from redis_crdt.core.clock import check_writer, parse_clock
from redis_crdt.core.names import check_replica_id
from redis_crdt.errors import InvalidDump
from redis_crdt.operations import bodies
from redis_crdt.operations.operation import reading

MAX_CLOCKS = 8192
"""Of how many writers a replica tells a clock: more than it knows, and than a collection does."""


def _bytes(part: Any) -> bytes:
    if type(part) is not bytes:
        raise InvalidDump(f"an ill-formed reply of a replica: {part!r:.80} is no text")
    return part


def _number(part: Any) -> int:
    number = int(part)
    if number < 0:
        raise InvalidDump(f"an ill-formed reply of a replica: {number} is below zero")
    return number


def _clock(part: Any) -> bytes:
    parse_clock(_bytes(part))
    return bytes(part)


def _writer(part: Any) -> bytes:
    check_writer(_bytes(part).decode())
    return bytes(part)


def _standing(part: Any) -> bytes:
    """Who a replica is, and how often it has learnt something."""
    writer, learnt = _bytes(part).split(b" ")
    _writer(writer)
    _number(learnt)
    return bytes(part)


def _clocks(flat: Any, *marks: bytes, read: Any = _clock) -> dict[bytes, bytes]:
    """A flat list of writers and clocks; ``marks`` may stand for writers."""
    if len(flat) > 2 * MAX_CLOCKS:
        raise InvalidDump(f"an ill-formed reply of a replica: more than {MAX_CLOCKS} writers")
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return {w if w in marks else _writer(w): read(clock) for w, clock in pairs}


def read_context(text: Any) -> dict[bytes, bytes]:
    """Read what is known of a collection alone: ``WRITER CLOCK WRITER CLOCK ...``."""
    return _clocks(_bytes(text).split(b" ")) if text else {}


Place = bodies.Place


def later_of(known: Mapping[bytes, bytes], more: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return what is known by both: of each writer the later clock."""
    both = dict(known)
    for writer, clock in more.items():
        mine = both.get(writer)
        if mine is None or parse_clock(clock) > parse_clock(mine):
            both[writer] = clock
    return both


def has_forgotten_nothing(standing: bytes, before: bytes) -> bool:
    """Whether who stood so before is the same, and has learnt as much; else nothing was applied."""
    (writer, learnt), (was, had) = standing.split(b" "), before.split(b" ")
    return writer == was and int(learnt) >= int(had)


def _body(flat: Any) -> list[bytes]:
    body = bodies.read_body(flat)
    for head in bodies.heads_of(body):
        read_context(head.context)
    return body


def names_of(flat: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """Return the collections of a page as name and kind."""
    return [(name, kind.decode()) for name, kind in zip(flat[::2], flat[1::2], strict=True)]


class Knowledge(NamedTuple):
    """The reply to :func:`knowledge`."""

    writer: bytes
    clock: bytes
    known: dict[bytes, bytes]
    """What it knows: writer -> clock, its own included."""
    is_empty: bool
    """Whether it holds no collection."""
    silent: dict[bytes, bytes]
    """For whom it has collected what its feed does not tell of: writer -> time."""
    standing: bytes
    """Who it is, and how often it has learnt something."""


class Vouched(NamedTuple):
    """What the source of a batch says of itself; nothing, where nobody vouches for a dump."""

    writer: bytes = b""
    clock: bytes = b""
    known: Mapping[bytes, bytes] = {}
    """What it knows: writer -> clock."""


class Delta(NamedTuple):
    """The reply to :func:`dump`; an empty clock of whom the source told, and knows no more."""

    number: int
    """Which reply of its reading this is; 0 where the reading is not known."""
    reconcile: bool
    """Whether the feed does not tell all that the asker lacks."""
    cursor: bytes
    sent: int
    """How many references after the cursor are sent already."""
    more: bool
    source: Vouched
    body: list[bytes]


class Position(NamedTuple):
    """Where a scan of a shard is to go on; by default at its beginning."""

    directory: bytes = b""
    """Where in the directory of collections; ``0`` where there are no more of them."""
    part: bytes = b"live"
    cursor: bytes = b"0"
    names: tuple[Place, ...] = ()
    """The collections that were found already."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self.directory == b"0" and not self.names


class Page(NamedTuple):
    """The reply to :func:`scan`."""

    number: int
    """Which reply of its reading this is; 0 where the reading is not known."""
    source: Vouched
    directory: bytes
    left: int
    """How many of the collections that were found are not done."""
    part: bytes
    cursor: bytes
    found: list[Place]
    """The collections that were found last, if any were now."""
    size: int
    """How many entries all that were found now have."""
    body: list[bytes]

    def after(self, position: Position) -> Position:
        """Return where to go on, given where this page began."""
        names = tuple(self.found) or position.names
        if self.left > len(names):
            raise InvalidDump("an ill-formed page: more collections are left than there were")
        return Position(self.directory, self.part, self.cursor, names[len(names) - self.left :])

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the fields and entries."""
        for _, _, field, entry in bodies.entries_of(self.body):
            yield field, entry


class Answer(NamedTuple):
    """The reply to :func:`entries`."""

    source: Vouched
    done: int
    body: list[bytes]


class Collections(NamedTuple):
    """The reply to :func:`collections`."""

    cursor: bytes
    names: list[tuple[bytes, str]]
    """Each with its kind."""
    sizes: list[tuple[int, int]]
    """Live entries and tombstones of each."""
    contexts: list[bytes]
    """What is known of each alone."""


class Feed(NamedTuple):
    """The reply to :func:`position`."""

    writer: str
    """The replica's present incarnation."""
    clock: bytes
    """The id of the newest entry."""
    reach: bytes
    """The id up to which the feed has been trimmed."""
    past: list[tuple[str, bytes]]
    """The incarnations before, oldest first, with the id up to which each one's writes are
    there."""
    expires: bool
    """Whether something in the shard has a deadline."""


class Refused(NamedTuple):
    """An entry of a source that was left out."""

    collection: str
    kind: str
    field: str
    reason: str


class Applied(NamedTuple):
    """The reply to :func:`apply`."""

    changed: int
    holds: bool
    """Whether the cursor was moved."""
    refused: tuple[Refused, ...]
    clock: bytes
    standing: bytes
    is_unfinished: bool = False
    """Whether the same batch is to be joined again: more is to go than may at once."""


@reading
def read_knowledge(reply: Any) -> Knowledge:
    """Read what a replica knows."""
    writer, clock, known, is_empty, silent, standing = reply
    return Knowledge(
        _writer(writer),
        _clock(clock),
        _clocks(known),
        is_empty == b"1",
        _clocks(silent, b"*"),
        _standing(standing),
    )


@reading
def read_delta(reply: Any) -> Delta:
    """Read a delta."""
    mode, number, writer, cursor, sent, clock, more, flat, body = reply
    known = _clocks(flat, read=lambda part: part if part == b"" else _clock(part))
    source = Vouched(_writer(writer), _clock(clock), known)
    return Delta(
        _number(number),
        mode == b"reconcile",
        _clock(cursor),
        _number(sent),
        more == b"1",
        source,
        _body(body),
    )


@reading
def read_page(reply: Any) -> Page:
    """Read a page of a scan."""
    number, writer, clock, known, directory, left, part, cursor, found, size, body = reply
    source = Vouched(_writer(writer), _clock(clock), _clocks(known))
    names = names_of([*map(_bytes, found)])
    for name, _ in names:
        name.decode()
    return Page(
        _number(number),
        source,
        _bytes(directory),
        _number(left),
        _bytes(part),
        _bytes(cursor),
        names,
        _number(size),
        _body(body),
    )


@reading
def read_answer(reply: Any) -> Answer:
    """Read what a source has of fields."""
    writer, clock, known, done, body = reply
    return Answer(
        Vouched(_writer(writer), _clock(clock), _clocks(known)), _number(done), _body(body)
    )


@reading
def read_applied(reply: Any) -> Applied:
    """Read what came of joining."""
    changed, holds, flat, clock, standing, *unfinished = reply
    texts = [_bytes(part).decode("utf-8", "replace") for part in flat]
    refused = zip(texts[::4], texts[1::4], texts[2::4], texts[3::4], strict=True)
    return Applied(
        int(changed),
        holds == b"1",
        tuple(Refused(*parts) for parts in refused),
        _clock(clock),
        _standing(standing),
        unfinished == [b"1"],
    )


@reading
def read_collections(reply: Any) -> Collections:
    """Read a page of collections."""
    cursor, flat, sizes, contexts = reply
    names = names_of([*map(_bytes, flat)])
    for name, _ in names:
        name.decode()
    pairs = list(zip(map(_number, sizes[::2]), map(_number, sizes[1::2]), strict=True))
    if len(pairs) != len(names) or len(contexts) != len(names):
        raise InvalidDump("an ill-formed page of collections")
    for context in contexts:
        read_context(context)
    return Collections(_bytes(cursor), names, pairs, list(contexts))


@reading
def read_directory(reply: Any) -> tuple[int, list[tuple[bytes, str]]]:
    """Read a page of names and kinds."""
    cursor, found = reply
    each = ((_bytes(name), _bytes(kinds).decode()) for name, kinds in found.items())
    return _number(cursor), [(name, kind) for name, kinds in each for kind in kinds.split()]


@reading
def read_covered(reply: Any) -> tuple[bytes, dict[bytes, list[bytes]]]:
    """Read fields with live dots that a source may know of."""
    cursor, flat = reply
    pairs = zip(map(_bytes, flat[::2]), map(_bytes, flat[1::2]), strict=True)
    return _bytes(cursor), {field: dots.split(b" ") for field, dots in pairs}


@reading
def read_sums(reply: Any) -> tuple[bytes, list[bytes]]:
    """Read digests of entries."""
    cursor, flat = reply
    for _, count, total in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
        _number(_bytes(count))
        _number(_bytes(total))
    return _bytes(cursor), [*map(_bytes, flat)]


@reading
def read_listed(reply: Any) -> tuple[bytes, list[bytes]]:
    """Read fields and entries."""
    cursor, flat = reply
    for field, _ in zip(flat[::2], flat[1::2], strict=True):
        _bytes(field).decode()
    return _bytes(cursor), [*map(_bytes, flat)]


@reading
def read_feed(reply: Any) -> Feed:
    """Read where a feed stands."""
    writer, clock, reach, past, expires = reply
    pairs = [part.decode().partition("@")[::2] for part in _bytes(past).split()]
    cuts = [(w, cut.encode()) for w, cut in pairs]
    return Feed(_writer(writer).decode(), clock, reach, cuts, bool(expires))


@reading
def read_kinds(reply: Any) -> list[str]:
    """Read kinds."""
    return [_bytes(kind).decode() for kind in reply]


@reading
def read_digests(reply: Any) -> list[tuple[bytes, bytes]]:
    """Read digests of collections."""
    if not reply:
        raise InvalidDump("an ill-formed reply of a replica: no digest at all")
    return list(zip(map(_bytes, reply[::2]), map(_bytes, reply[1::2]), strict=True))


@reading
def read_opened(reply: Any) -> str:
    """Read the replica id out of the reply to the script that opens a shard."""
    return check_replica_id(_bytes(reply[0]).decode())


@reading
def read_time(reply: Any) -> float:
    """Read a server's wall clock."""
    seconds, micros = reply
    return int(seconds) + int(micros) / 1e6
