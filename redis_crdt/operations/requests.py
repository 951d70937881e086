"""What a replica is asked, as operations, and the reading of what it replies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from redis_crdt.clock import Time, check_writer, parse_clock
from redis_crdt.errors import InvalidDump
from redis_crdt.kinds import KINDS
from redis_crdt.names import Keys, check_replica_id
from redis_crdt.operations import bodies
from redis_crdt.operations.operation import Command, Script, as_is, reading

R = TypeVar("R")

BATCH = 500
"""How many entries a script handles: others then wait for a few milliseconds at most."""

BATCH_BYTES = 500_000
"""About how many bytes of fields and entries it handles, for the same reason."""

MAX_CLOCKS = 8192
"""Of how many writers a replica tells a clock: more than it knows, and than a collection does."""

LOOK = b"!"
"""What goes with requests: the server looks first whether it is the one that it was."""

# Reading replies ----------------------------------------------------------------------------
#
# They may come from a hostile peer, whose server need not run scripts of ours. So each part is
# looked at here, and nobody else has to expect anything but what the types say.


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


def _clocks(flat: Any, *marks: bytes) -> dict[bytes, bytes]:
    """A flat list of writers and clocks; ``marks`` may stand for writers."""
    if len(flat) > 2 * MAX_CLOCKS:
        raise InvalidDump(f"an ill-formed reply of a replica: more than {MAX_CLOCKS} writers")
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return {w if w in marks else _writer(w): _clock(clock) for w, clock in pairs}


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
    """The reply to :func:`dump`."""

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


@reading
def _read_knowledge(reply: Any) -> Knowledge:
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
def _read_delta(reply: Any) -> Delta:
    mode, number, writer, cursor, sent, clock, more, known, body = reply
    source = Vouched(_writer(writer), _clock(clock), _clocks(known))
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
def _read_page(reply: Any) -> Page:
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
def _read_answer(reply: Any) -> Answer:
    writer, clock, known, done, body = reply
    return Answer(
        Vouched(_writer(writer), _clock(clock), _clocks(known)), _number(done), _body(body)
    )


@reading
def _read_applied(reply: Any) -> Applied:
    changed, holds, flat, clock, standing = reply
    texts = [_bytes(part).decode("utf-8", "replace") for part in flat]
    refused = zip(texts[::4], texts[1::4], texts[2::4], texts[3::4], strict=True)
    return Applied(
        int(changed),
        holds == b"1",
        tuple(Refused(*parts) for parts in refused),
        _clock(clock),
        _standing(standing),
    )


@reading
def _read_collections(reply: Any) -> Collections:
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
def _read_directory(reply: Any) -> tuple[int, list[tuple[bytes, str]]]:
    cursor, found = reply
    each = ((_bytes(name), _bytes(kinds).decode()) for name, kinds in found.items())
    return _number(cursor), [(name, kind) for name, kinds in each for kind in kinds.split()]


@reading
def _read_covered(reply: Any) -> tuple[bytes, dict[bytes, list[bytes]]]:
    cursor, flat = reply
    pairs = zip(map(_bytes, flat[::2]), map(_bytes, flat[1::2]), strict=True)
    return _bytes(cursor), {field: dots.split(b" ") for field, dots in pairs}


@reading
def _read_sums(reply: Any) -> tuple[bytes, list[bytes]]:
    cursor, flat = reply
    for _, count, total in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
        _number(_bytes(count))
        _number(_bytes(total))
    return _bytes(cursor), [*map(_bytes, flat)]


@reading
def _read_listed(reply: Any) -> tuple[bytes, list[bytes]]:
    cursor, flat = reply
    for field, _ in zip(flat[::2], flat[1::2], strict=True):
        _bytes(field).decode()
    return _bytes(cursor), [*map(_bytes, flat)]


@reading
def _read_feed(reply: Any) -> Feed:
    writer, clock, reach, past = reply
    pairs = [part.decode().partition("@")[::2] for part in _bytes(past).split()]
    return Feed(_writer(writer).decode(), clock, reach, [(w, cut.encode()) for w, cut in pairs])


@reading
def _read_kinds(reply: Any) -> list[str]:
    return [_bytes(kind).decode() for kind in reply]


@reading
def _read_digests(reply: Any) -> list[tuple[bytes, bytes]]:
    if not reply:
        raise InvalidDump("an ill-formed reply of a replica: no digest at all")
    return list(zip(map(_bytes, reply[::2]), map(_bytes, reply[1::2]), strict=True))


@reading
def read_opened(reply: Any) -> str:
    """Read the replica id out of the reply to the script that opens a shard."""
    return check_replica_id(_bytes(reply[0]).decode())


# Requests -----------------------------------------------------------------------------------


def _flat(known: Mapping[bytes, bytes]) -> list[bytes]:
    return [part for item in known.items() for part in item]


def _looking(
    name: str, keys: Keys, args: tuple[Any, ...], read: Callable[[Any], R], about: str
) -> Script[R]:
    """A request before which the server looks whether it is the one that it was."""
    return Script(f"replica/{name}", keys.shard, keys.base, args, read, about, LOOK)


def knowledge(keys: Keys, about: str) -> Script[Knowledge]:
    """Ask what the replica knows."""
    return _looking("knowledge", keys, (), _read_knowledge, about)


def dump(
    keys: Keys,
    asker: bytes,
    known: Mapping[bytes, bytes],
    position: bytes,
    about: str,
    token: bytes = b"",
) -> Script[Delta]:
    """Ask for the delta for one who knows so much; see ``lua/replica/dump.lua``."""
    args = (BATCH, asker, token, position, *_flat(known))
    return _looking("dump", keys, args, _read_delta, about)


def collections(keys: Keys, cursor: bytes, about: str) -> Script[Collections]:
    """Ask for a page of the shard's collections."""
    args = (cursor, BATCH)
    return Script("replica/collections", keys.shard, keys.base, args, _read_collections, about)


def directory(keys: Keys, cursor: int, about: str) -> Command[tuple[int, list[tuple[bytes, str]]]]:
    """Ask for a page of the names and kinds of the shard's collections alone."""
    args = ("HSCAN", keys.base[2], cursor, "COUNT", BATCH)
    return Command(args, _read_directory, about, keys.shard)


def kinds(keys: Keys, name: bytes, about: str) -> Script[list[str]]:
    """Ask which kinds a name stands for."""
    return Script("replica/kinds", keys.shard, keys.base, (name,), _read_kinds, about)


def position(keys: Keys, seen: bytes, about: str) -> Script[Feed]:
    """Ask how a feed stands, bearing witness to an id of it."""
    witness = LOOK + seen
    return Script("replica/position", keys.shard, keys.base, (), _read_feed, about, witness)


def scan(keys: Keys, position: Position | None, about: str, token: bytes = b"") -> Script[Page]:
    """Ask for a batch of all entries, from a position on, or from where the reading has come."""
    if position is None:
        at: tuple[bytes, ...] = (b"+",)
    else:
        flat = [part for name, kind in position.names for part in (name, kind.encode())]
        at = (position.directory, position.part, position.cursor, *flat)
    return _looking("scan", keys, (BATCH, token, *at), _read_page, about)


def entries(
    keys: Keys, name: bytes, kind: str, fields: Sequence[bytes], about: str
) -> Script[Answer]:
    """Ask for the entries of fields, and which of them are not there."""
    return _looking("entries", keys, (name, kind, *fields), _read_answer, about)


def apply(
    keys: Keys,
    source: Vouched,
    asked_as: bytes,
    cursor: bytes,
    mode: str,
    max_drift: float,
    horizon: str,
    body: Sequence[Any],
    about: str,
    seen: bytes = b"",
) -> Script[Applied]:
    """Ask to join a batch; for the arguments see ``lua/replica/apply.lua``.

    ``seen`` is the latest id of the target's feed that was heard of.
    """
    known = _flat(source.known)
    args = (
        *(source.writer, cursor, source.clock, asked_as, round(max_drift * 1000), horizon, mode),
        *(len(known), *known),
        *body,
    )
    # All keys that it writes before it has read them are named, so that a node of a Cluster from
    # which some of them have moved away refuses it before it begins.
    named = (*keys.base, *keys.exchange)
    return Script("replica/apply", keys.shard, named, args, _read_applied, about, LOOK + seen)


def merge(
    keys: Keys, max_drift: float, horizon: Time, mode: str, body: Sequence[Any], about: str
) -> Script[Applied]:
    """Ask to join entries that no other replica vouches for, part of a dump up to ``horizon``.

    ``mode`` is ``try`` to look only whether they would be refused.
    """
    return apply(keys, Vouched(), b"", b"", mode, max_drift, str(horizon), body, about)


def note(
    keys: Keys,
    asked_as: bytes,
    max_drift: float,
    name: bytes,
    kind: str,
    known: Mapping[bytes, bytes],
    about: str,
) -> Script[Applied]:
    """Ask to note what is known of one collection alone, whose entries are all joined."""
    body = bodies.body_of([bodies.Group(name, kind, b"", b"", [])])
    vouched = Vouched(known=known)
    return apply(keys, vouched, asked_as, b"", "note", max_drift, "", body, about)


def expect(
    keys: Keys, asked_as: bytes, seen: bytes, source: Vouched, began: bytes, about: str
) -> Script[bytes]:
    """Say that all that a source showed is joined; see ``lua/replica/expect.lua``."""
    args = (asked_as, source.writer, began, *_flat(source.known))
    return _looking("expect", keys, args, as_is, about)._replace(witness=LOOK + seen)


def covered(
    keys: Keys,
    name: bytes,
    kind: str,
    cursor: bytes,
    known: Mapping[bytes, bytes],
    about: str,
) -> Script[tuple[bytes, dict[bytes, list[bytes]]]]:
    """Ask for a page of the live fields with those dots that another one's knowledge covers.

    The dots are in the form of :func:`redis_crdt.operations.packed.key_of`.
    """
    args = (name, kind, cursor, BATCH, *_flat(known))
    return _looking("covered", keys, args, _read_covered, about)


def finish(
    keys: Keys,
    asked_as: bytes,
    seen: bytes,
    source: Vouched,
    silent: Mapping[bytes, bytes],
    about: str,
) -> Script[bytes]:
    """Ask to end a reconciling; see ``lua/replica/finish.lua``."""
    known = _flat(source.known)
    args = (asked_as, source.writer, source.clock, len(known), *known, *_flat(silent))
    return _looking("finish", keys, args, as_is, about)._replace(witness=LOOK + seen)


def collect(
    keys: Keys, older_than: float, name: bytes, kind: str, cursor: bytes, about: str
) -> Script[tuple[bytes, int]]:
    """Ask to drop a batch of tombstones; replies the next cursor and how many went."""
    args = (round(older_than * 1000), name, kind, cursor, BATCH)
    return _looking("collect", keys, args, as_is, about)


def prune(keys: Keys, older_than: float, cursor: bytes, about: str) -> Script[tuple[bytes, int]]:
    """Ask entries that have seen much to forget; replies the next cursor and how many did."""
    return _looking("prune", keys, (round(older_than * 1000), cursor, BATCH), as_is, about)


def fold(keys: Keys, name: bytes, kind: str, about: str) -> Script[Any]:
    """Ask to count a counter's past incarnations in with the present one; how many fields went."""
    named = (*keys.base, keys.live(kind, name), keys.removed(kind, name))
    collection = KINDS[kind].letter.encode() + name
    return Script("counter/fold", keys.shard, named, (kind, collection), as_is, about, LOOK)


def aliases(keys: Keys, about: str, *step: Any) -> Script[Any]:
    """Ask for a step of freeing the aliases of writers; see ``lua/replica/aliases.lua``."""
    return _looking("aliases", keys, step, as_is, about)


def trim(keys: Keys, older_than: float, about: str) -> Script[int]:
    """Ask to take a batch of what all peers have read out of the feed; replies how many went."""
    return _looking("trim", keys, (round(older_than * 1000),), as_is, about)


def forget(keys: Keys, peer: str, about: str) -> Script[int]:
    """Ask to forget a peer; replies whether there was such a one."""
    return _looking("forget", keys, (peer,), as_is, about)


def drop(keys: Keys, name: bytes, about: str) -> Script[int]:
    """Ask to drop what a name stands for; replies whether there was anything."""
    return _looking("drop", keys, (name,), as_is, about)


def report(keys: Keys, peer: str, address: str, text: str, about: str) -> Script[int]:
    """Ask to write down how a syncer's link to a peer is doing."""
    return Script("replica/report", keys.shard, keys.base, (peer, address, text), about=about)


def status(keys: Keys, count_to: int, about: str) -> Script[list[Any]]:
    """Ask for what an operator wants to know; see ``lua/replica/status.lua``."""
    return _looking("status", keys, (count_to,), as_is, about)


def memory(keys: Keys, collections: Sequence[tuple[bytes, str]], about: str) -> Script[list[int]]:
    """Ask how many bytes the live entries and tombstones of collections take."""
    args = tuple(part for item in collections for part in item)
    return Script("replica/memory", keys.shard, keys.base, args, about=about)


def digest(
    keys: Keys,
    name: bytes,
    kind: str,
    cursor: bytes,
    width: int,
    listed: Sequence[bytes],
    about: str,
) -> Script[tuple[bytes, list[bytes]]]:
    """Ask for digests of a page of a collection; see ``lua/replica/digest.lua``."""
    args = (name, kind, cursor, BATCH, width, *listed)
    read = _read_listed if listed else _read_sums
    return Script("replica/digest", keys.shard, keys.base, args, read, about)


def digests(
    keys: Keys, collections: Sequence[tuple[bytes, str]], about: str
) -> Script[list[tuple[bytes, bytes]]]:
    """Ask for digests of whole collections; see ``lua/replica/digests.lua``.

    Replies the number of live entries and the sum of their hashes of the first ones.
    """
    named = (part for item in collections for part in item)
    args = (BATCH, BATCH_BYTES, *named)
    return Script("replica/digests", keys.shard, keys.base, args, _read_digests, about)


def reset(keys: Keys, replica_id: str, about: str) -> Script[int]:
    """Ask to throw a shard away; replies how many collections it had."""
    return Script("replica/reset", keys.shard, keys.base, (replica_id,), about=about)
