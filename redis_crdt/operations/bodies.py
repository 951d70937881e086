"""The body of a batch of entries, as replicas send it; see ``lua/lib/encode_batch.lua``.

It is empty, or has the writers that packed entries in it name, and then of each group of entries
name, kind, generation, context, and one text: of each entry the field and what is stored,
:data:`SEPARATOR` after both. So a batch crosses the wire in few bytes, and a program passes it on
without an object for each entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from redis_crdt.core.kinds import KINDS
from redis_crdt.errors import InvalidDump
from redis_crdt.operations.packed import Aliases, Packing

SEPARATOR = b"\xff"
"""No byte of UTF-8, so it is in no field and no entry."""

CONTEXT_WEIGHT, GROUP_WEIGHT = 16, 1000
"""How many bytes of entries take a script as long as one of a context, and as a group itself."""

_PARTS = 5
_DOT = re.compile(rb"[.-{]{8}([0-9a-z]+)")
"""A packed dot; what is found of it is the alias of its writer."""

_CONTROLS = bytes({*range(0x20)} - {ord("\n")})

Place = tuple[bytes, str]
"""Name and kind of a collection."""

Item = tuple[bytes, bytes]
"""A field and its entry."""


class Group(NamedTuple):
    """One collection in the body of a batch, its entries in plain text."""

    name: bytes
    kind: str
    generation: bytes
    """How often the name had been dropped; empty for whichever the target has."""
    context: bytes
    """What is known of this collection alone."""
    entries: list[Item]
    """Fields and entries; an entry is empty where a source was asked for it and has none."""


def is_packed(kind: str) -> bool:
    """Whether entries of this kind are sent packed."""
    return kind in KINDS and KINDS[kind].is_packed


def body_of(groups: Iterable[Group]) -> list[bytes]:
    """Return groups as they are sent; :class:`InvalidDump` if they have what cannot be sent."""
    body = [b""]
    packing = Packing()
    for group in groups:
        pack = packing.pack if is_packed(group.kind) else bytes
        text = join_items((field, pack(entry)) for field, entry in group.entries)
        if text.count(SEPARATOR) != 2 * len(group.entries):
            raise InvalidDump(f"a field or entry of {group.name!r} that is not UTF-8")
        body += (group.name, group.kind.encode(), group.generation, group.context, text)
    body[0] = packing.writers()
    return body if len(body) > 1 else []


def join_items(items: Iterable[Item]) -> bytes:
    """Return fields and what is stored as one text."""
    parts = [part for item in items for part in item]
    return SEPARATOR.join([*parts, b""])


def split_items(text: bytes) -> list[Item]:
    """Return the fields of such a text, and what is stored; :class:`InvalidDump` if it is none."""
    return list(zip(*split_text(text), strict=True))


def split_text(text: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the same apart: fields, and what is stored."""
    parts = text.split(SEPARATOR)
    if parts.pop() or len(parts) % 2:
        raise InvalidDump("a truncated batch")
    return parts[::2], parts[1::2]


class Head(NamedTuple):
    """One collection in the body of a batch, its entries unread."""

    place: Place
    generation: bytes
    context: bytes
    text: bytes


def heads_of(body: Sequence[bytes]) -> Iterator[Head]:
    """Yield the groups of a body that was read here, their entries unread."""
    for at in range(1, len(body), _PARTS):
        name, kind, generation, context, text = body[at : at + _PARTS]
        yield Head((name, kind.decode("ascii", "replace")), generation, context, text)


def groups_of(body: Sequence[bytes]) -> Iterator[Group]:
    """Yield the groups of a body that was read here; :class:`InvalidDump` for what is no dot."""
    aliases = Aliases(body[0]) if body else None
    for (name, kind), generation, context, text in heads_of(body):
        items = split_items(text)
        if aliases and is_packed(kind):
            items = [(field, aliases.unpack(stored)) for field, stored in items]
        yield Group(name, kind, generation, context, items)


def entries_of(body: Sequence[bytes]) -> Iterator[tuple[bytes, str, bytes, bytes]]:
    """Yield name, kind, field and entry of everything in the body of a batch."""
    for group in groups_of(body):
        for field, entry in group.entries:
            yield group.name, group.kind, field, entry


def count(body: Sequence[bytes]) -> int:
    """Return how many entries are in the body of a batch."""
    return sum(text.count(SEPARATOR) for text in body[_PARTS::_PARTS]) // 2


def weight_of(body: Sequence[bytes]) -> int:
    """Return how many bytes of entries take scripts as long to read as this body does."""
    contexts = sum(map(len, body[4::_PARTS]))
    return sum(map(len, body)) + CONTEXT_WEIGHT * contexts + GROUP_WEIGHT * len(body) // _PARTS


def split(body: Sequence[bytes], weight: int, entries: int) -> Iterator[list[bytes]]:
    """Yield a body in parts, each of such a weight and so many entries at most, or of one entry."""
    words = body[0].split(b" ")
    writer_of = dict(zip(words[::2], words[1::2], strict=False))
    part: list[tuple[Head, list[Item]]] = []
    left, room = weight, entries
    for head in heads_of(body):
        of_head = GROUP_WEIGHT + len(head.place[0]) + CONTEXT_WEIGHT * len(head.context)
        items: list[Item | None] = [*split_items(head.text)]
        for item in items or [None]:
            size = sum(map(len, item)) if item else 0
            if part and (left < size or not room):
                yield _joined(part, writer_of)
                part, left, room = [], weight, entries
            if not part or part[-1][0] is not head:
                part.append((head, []))
                left -= of_head
            if item:
                part[-1][1].append(item)
            left, room = left - size, room - 1
    if part:
        yield _joined(part, writer_of)


def _joined(part: list[tuple[Head, list[Item]]], writer_of: dict[bytes, bytes]) -> list[bytes]:
    """Return groups that were taken out of a body, with those of its writers that they name."""
    named: dict[bytes, None] = {}
    body = [b""]
    for head, items in part:
        (name, kind), generation, context, _ = head
        if is_packed(kind):
            for _, entry in items:
                named.update(dict.fromkeys(_DOT.findall(entry.partition(b"\n")[0])))
        body += (name, kind.encode("ascii", "replace"), generation, context, join_items(items))
    body[0] = b" ".join(b"%b %b" % (by, writer_of[by]) for by in named if by in writer_of)
    return body


def read_body(flat: Any) -> list[bytes]:
    """Return the body of a batch that came, whose entries are left to those who join them.

    All but this: that values are text, each on one line, takes scripts too long to see.
    """
    body = list(flat)
    if not all(type(part) is bytes for part in body):
        raise InvalidDump("an ill-formed reply of a replica: not all of a batch is text")
    if body:
        check_shape(body)
        Aliases(body[0])
    for head in heads_of(body):
        head.place[0].decode()
        _check_text(head.text)
    return body


def check_shape(body: Sequence[bytes]) -> None:
    """Raise :class:`InvalidDump` for a body that does not end with a group."""
    if len(body) % _PARTS != 1:
        raise InvalidDump("a truncated batch")


def _check_text(text: bytes) -> None:
    if text.count(SEPARATOR) % 2 or text[-1:] not in (b"", SEPARATOR):
        raise InvalidDump("a truncated batch")
    if _is_text(text.replace(SEPARATOR, b"\n")):
        return
    # Fields are looked at by scripts, and keys may be any text.
    if not _is_text(b"\n".join(text.split(SEPARATOR)[1::2])):
        raise InvalidDump("an entry with a control character, or one that is not UTF-8")


def _is_text(text: bytes) -> bool:
    if len(text.translate(None, _CONTROLS)) != len(text):
        return False
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
