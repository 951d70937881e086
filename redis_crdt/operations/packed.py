"""Packed entries, as servers store and send those of OR-Sets and LWW maps; see
``lua/lib/packed_entries.lua``.

The head of an entry has its dots: a time as eight characters, an alias of the writer, ``-SEQ``
unless that is zero, and a deadline as ``~`` and eight characters. Times so written are in the order
of their bytes. A line for each live dot
follows. An alias means what the one who stores or sends the entry says.
"""

from __future__ import annotations

import re

from redis_crdt.core.clock import check_writer, parse_deadline
from redis_crdt.core.dots import MAX_DOTS
from redis_crdt.errors import InvalidDump

TIME = 8
_DOT = re.compile(rb"[.-{]{8}[0-9a-z]+(?:-(\d+))?")
_END = re.compile(rb"([0-9a-z]+)(-[1-9][0-9]{0,14})?")
_ALIAS = re.compile(rb"[0-9a-z]{1,11}")
_PLAIN = re.compile(rb"(0|[1-9][0-9]{0,14})(-[1-9][0-9]{0,14})?@(.+)")
_WORD = re.compile(rb"[^ |]+")


def latest_value(entry: bytes) -> bytes:
    """Return the value of the latest of the concurrent writes of a key.

    Of writes at one time the dots are in the order of their writers, so the last of them wins.
    """
    head, _, values = entry.partition(b"\n")
    live = head.partition(b"|")[0].split(b" ")
    if len(live) == 1:
        return values
    times = []
    for number, dot in enumerate(live):
        match = _DOT.fullmatch(dot)
        if match is None:
            raise InvalidDump(f"what is stored is of no script of ours: {dot[:80]!r}")
        times.append((dot[:TIME], int(match[1] or 0), number))
    return values.split(b"\n")[max(times)[2]]


class _Pairs(dict[int, bytes]):
    """Pairs of digits, which are from ``.`` to ``{``, by their number: those that were needed."""

    def __missing__(self, number: int) -> bytes:
        first, second = divmod(number, 78)
        pair = self[number] = bytes((46 + first, 46 + second))
        return pair


class _Numbers(dict[bytes, int]):
    """The numbers of pairs; KeyError for what is no pair of digits."""

    def __missing__(self, pair: bytes) -> int:
        if len(pair) != 2 or not all(46 <= digit < 124 for digit in pair):
            raise KeyError(pair)
        number = self[pair] = (pair[0] - 46) * 78 + pair[1] - 46
        return number


_TWO = _Pairs()
_NUMBER = _Numbers()


def pack_time(ms: int) -> bytes:
    """Return a time in milliseconds as eight digits."""
    rest, fourth = divmod(ms, 6084)
    rest, third = divmod(rest, 6084)
    first, second = divmod(rest, 6084)
    return _TWO[first] + _TWO[second] + _TWO[third] + _TWO[fourth]


def unpack_time(digits: bytes) -> int:
    """Return the time that eight digits stand for; :class:`InvalidDump` if there is none."""
    try:
        first, second, third, fourth = (_NUMBER[digits[at : at + 2]] for at in (0, 2, 4, 6))
    except KeyError as error:
        raise InvalidDump(f"not a time: {digits[:80]!r}") from error
    ms = ((first * 6084 + second) * 6084 + third) * 6084 + fourth
    if ms >= 10**15 or len(digits) != TIME:
        raise InvalidDump(f"not a time: {digits[:80]!r}")
    return ms


class Aliases:
    """The writers of a body that is sent, by the aliases that packed dots in it have."""

    def __init__(self, text: bytes) -> None:
        """Read ``ALIAS WRITER ALIAS WRITER...``; :class:`InvalidDump` if it is ill-formed."""
        words = text.split(b" ") if text else []
        self.writers = dict(zip(words[::2], words[1::2], strict=False))
        if 2 * len(self.writers) != len(words):
            raise InvalidDump(f"ill-formed writers of a batch: {text[:80]!r}")
        for alias, writer in self.writers.items():
            if _ALIAS.fullmatch(alias) is None:
                raise InvalidDump(f"not an alias: {alias[:80]!r}")
            check_writer(writer.decode("ascii", "replace"))
        self._times: dict[bytes, bytes] = {}
        self._ends: dict[bytes, bytes] = {}

    def unpack(self, entry: bytes) -> bytes:
        """Return a packed entry in plain text; :class:`InvalidDump` if it has what is no dot."""
        head, newline, values = entry.partition(b"\n")
        if b" " not in head and b"|" not in head:
            plain = self._unpack_word(head) if head else b""
        else:
            if head.count(b" ") + head.count(b"|") > MAX_DOTS:
                raise InvalidDump(f"an entry with more than {MAX_DOTS} dots")
            plain = _WORD.sub(lambda match: self._unpack_word(match[0]), head)
        return plain + newline + values

    def _unpack_word(self, word: bytes) -> bytes:
        dot, mortal, deadline = word.partition(b"~")
        plain = self._unpack_dot(dot) if dot or not mortal else b""
        if mortal:
            plain += b"~" + (deadline if deadline == b"*" else b"%d" % unpack_time(deadline))
        return plain

    def _unpack_dot(self, dot: bytes) -> bytes:
        digits = dot[:TIME]
        time = self._times.get(digits)
        if time is None:
            time = self._times[digits] = b"%d" % unpack_time(digits)
        return time + self._end_of(dot)

    def _end_of(self, dot: bytes) -> bytes:
        """Return what follows the milliseconds of a packed dot in plain text."""
        packed = dot[TIME:]
        end = self._ends.get(packed)
        if end is None:
            match = _END.fullmatch(packed)
            writer = self.writers.get(match[1]) if match else None
            if match is None or writer is None:
                raise InvalidDump(f"not a dot: {dot[:80]!r}")
            end = self._ends[packed] = (match[2] or b"") + b"@" + writer
        return end


def live_dots(fields: list[bytes], heads: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the live dots of entries, given their fields and first lines; the field of each.

    Packed or not, without their deadlines.
    """
    together = b"".join(heads)
    if all(heads) and not any(mark in together for mark in (b" ", b"|", b"~")):
        return fields, heads  # as most are: one dot each
    found = [
        (field, dot.partition(b"~")[0])
        for field, head in zip(fields, heads, strict=True)
        for dot in head.partition(b"|")[0].split(b" ")
        if dot
    ]
    return [field for field, _ in found], [dot for _, dot in found]


def key_of(dot: bytes) -> bytes:
    """Return a dot in plain text with its time packed, which is cheap to make of a packed one."""
    match = _PLAIN.fullmatch(dot)
    return pack_time(int(match[1])) + dot[match.end(1) :] if match else dot


class Packing:
    """Packs entries that are to be sent, with aliases of their own."""

    def __init__(self) -> None:
        self._aliases: dict[bytes, bytes] = {}
        self._dots: dict[bytes, bytes] = {}

    def pack(self, entry: bytes) -> bytes:
        """Return an entry in plain text packed; :class:`InvalidDump` if it has what is no dot."""
        head, newline, values = entry.partition(b"\n")
        return _WORD.sub(self._pack_match, head) + newline + values

    def _pack_match(self, match: re.Match[bytes]) -> bytes:
        word = match[0]
        packed = self._dots.get(word)
        if packed is None:
            packed = self._dots[word] = self._pack_word(word)
        return packed

    def _pack_word(self, word: bytes) -> bytes:
        dot, mortal, deadline = word.partition(b"~")
        packed = self._pack_dot(dot) if dot or not mortal else b""
        if mortal and deadline != b"*":
            deadline = pack_time(parse_deadline(deadline.decode("ascii", "replace")))
        return packed + mortal + deadline

    def _pack_dot(self, dot: bytes) -> bytes:
        match = _PLAIN.fullmatch(dot)
        if match is None:
            raise InvalidDump(f"not a dot: {dot[:80]!r}")
        alias = self._aliases.get(match[3])
        if alias is None:
            check_writer(match[3].decode("ascii", "replace"))
            alias = self._aliases[match[3]] = b"%d" % len(self._aliases)
        return pack_time(int(match[1])) + alias + (match[2] or b"")

    def writers(self) -> bytes:
        """Return the writers of what was packed, as they are sent."""
        return b" ".join(
            [part for writer, alias in self._aliases.items() for part in (alias, writer)]
        )
