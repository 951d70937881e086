"""Reconciling: bringing a target together with a source whose feed does not tell all that it lacks.

The source's entries are joined page by page. Then the target says that from now on it holds what
the source knew against what comes from others, and asks the source about those of its own live dots
that the source did not show though it may know of them: what the source knows and does not have was
removed. In the end, what the source knew as it began is known to the target, too.
``tests/model/knowledge.py`` is an executable model of these rules.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from time import monotonic

from redis_crdt.core.kinds import KINDS
from redis_crdt.errors import InvalidDump
from redis_crdt.operations import bodies, replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure, Script
from redis_crdt.operations.packed import TIME, Aliases, key_of, live_dots
from redis_crdt.sync.joining import Joining

MAX_COLLECTIONS, MAX_ENTRIES = 10**7, 10**10
"""How many collections and entries a shard may have, so that a scan is no endless one."""

MAX_UNTOLD = 1_000_000
"""How many entries may be written while a scan is under way, beside as many as there were."""

IDLE_PAGES = 1000
"""So many pages of a scan may bring nothing, and a quarter of a batch makes up for one: most bring
a whole batch, and hashes that have shrunk are sparse for a while only."""

ASKED_TOGETHER = 20_000
"""About how many fields the source is asked about in one go: their names are held meanwhile."""


class Shown:
    """Which dots a source has shown to live, as hashes, so that a million of them take 8 MB."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._sorted = True
        self._alias_of: dict[bytes, bytes] = {}
        """What writers are called in packed dots here: as by the source, whose server gives each a
        name for good. What is sent out of memory has names of its own in each body."""

    def add(self, body: Sequence[bytes]) -> None:
        """Note the live dots of the fields in a body that is not empty, as they are sent.

        They are not put into plain text, nor looked at one by one if that need not be, for there
        may be a million.
        """
        names = self._names_in(body)
        for place, _, _, text in bodies.heads_of(body):
            kind = KINDS.get(place[1])
            if kind is None or not kind.has_dots:
                continue
            fields, entries = bodies.split_text(text)
            heads = [entry.partition(b"\n")[0] for entry in entries]
            fields, dots = live_dots(fields, heads)
            if not kind.is_packed:
                dots = [key_of(dot) for dot in dots]
            elif names:
                dots = [_named(dot, names) for dot in dots]
            self._hashes.extend(map(hash, zip(repeat(hash(place)), fields, dots)))
        self._sorted = False

    def has(self, place: replies.Place, field: bytes, dots: Iterable[bytes]) -> bool:
        """Whether all of these dots of a field, as the target tells them, were shown."""
        if not self._sorted:
            self._hashes = array("q", sorted(self._hashes))
            self._sorted = True
        salt, is_packed = hash(place), KINDS[place[1]].is_packed
        sent = (self._as_sent(dot) if is_packed else dot for dot in dots)
        return all(self._has(hash((salt, field, dot))) for dot in sent)

    def _names_in(self, body: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return what those writers are called here that are called otherwise in a body."""
        taken, names = set(self._alias_of.values()), dict[bytes, bytes]()
        for alias, writer in Aliases(body[0]).writers.items():
            name = self._alias_of.get(writer)
            if name is None:
                name = b"%b.%d" % (alias, len(taken)) if alias in taken else alias
                self._alias_of[writer] = name
                taken.add(name)
            if name != alias:
                names[alias] = name
        return names

    def _as_sent(self, dot: bytes) -> bytes:
        time, (seq, _, writer) = dot[:TIME], dot[TIME:].partition(b"@")
        return time + self._alias_of.get(writer, b"") + seq

    def _has(self, wanted: int) -> bool:
        at = bisect_left(self._hashes, wanted)
        return at < len(self._hashes) and self._hashes[at] == wanted


class Reconciling:
    """One reconciling of one shard. Where an exception breaks it off, :meth:`run` goes on."""

    def __init__(self, pull: Joining, mine: replies.Knowledge, head: replies.Vouched) -> None:
        self._pull = pull
        self._mine = mine
        self._head = head
        self._began = mine.clock if mine.is_empty else b""
        self._shown = Shown()
        self._position = replies.Position()
        self._unheard: deque[replies.Position] = deque()
        """Where the pages began that are on their way to the target, as far as is known."""
        self._done = self._total = 0
        self._is_endless = False
        self._idle = 0.0
        """How many pages have brought nothing, less what made up for it."""
        self.contexts: dict[replies.Place, bytes] = {}
        """What is known of collections alone, as the reading of each began."""
        self._contexts_seen: set[replies.Place] = set()
        self.refused = False
        """Whether an entry was refused: then not all that the source had is held."""

    def goes_on(self, mine: replies.Knowledge, head: replies.Vouched) -> bool:
        """Whether both sides still are what they were as this began."""
        is_same = mine.writer == self._mine.writer and head.writer == self._head.writer
        return is_same and not self._is_endless

    def run(self) -> Procedure[bool]:
        """Reconcile; returns whether it ended, or else one of the two is not what it was."""
        if not (yield from self._join_all()):
            return False
        pull, head = self._pull, self._head
        last = yield pull.source, ask.knowledge(pull.source_keys, pull.about)
        if last.writer != head.writer:
            return False
        request = ask.expect(
            pull.target_keys, pull.standing, pull.seen, head, self._began, pull.about
        )
        reply = yield pull.target, request
        if reply == b"gone":
            return False
        if reply == b"look" and not (yield from self._ask_for_others()):
            return False
        if self.refused:
            return True
        request = ask.finish(
            pull.target_keys, pull.standing, pull.seen, head, last.silent, pull.about
        )
        ended: bytes = yield pull.target, request
        return ended == b"1"

    def _join_all(self) -> Procedure[bool]:
        """Join all entries that the source has."""
        pull = self._pull
        if self._unheard:
            # Broken off before the target had replied: nobody knows whether it has these.
            self._position = self._unheard[0]
            self._unheard.clear()
        while not self._position.is_over:
            page = yield from self._next_page()
            if page.source.writer != self._head.writer:
                yield from pull.land_all()
                return False  # another process, to which the position means nothing
            after = page.after(self._position)
            places = len(self._contexts_seen)
            for place, _, context, _ in bodies.heads_of(page.body):
                # As it was before the first of its entries was read.
                if context and place not in self._contexts_seen:
                    self.contexts[place] = context
                self._contexts_seen.add(place)
            if page.body:
                self._unheard.append(self._position)
                self._hear((yield from pull.apply_ahead(page.source, page.body)))
                self._shown.add(page.body)
            self._done += bodies.count(page.body)
            self._total += page.size
            self._check_end(page, places)
            self._position = after
            yield from pull.note_progress(scanned=self._done, to_scan=self._total)
            yield from pull.keep_pace(sum(map(len, page.body)))
        self._hear((yield from pull.land_all()))
        yield from pull.window.rest()
        return True

    def _hear(self, replied: Iterable[replies.Applied]) -> None:
        """Note what the target replied to the pages that were on their way to it first."""
        for applied in replied:
            self._unheard.popleft()
            self.refused = self.refused or bool(applied.refused)

    def _check_end(self, page: replies.Page, places: int) -> None:
        """Raise :class:`InvalidDump` where the scan seems to have no end.

        A scan of an honest source takes as many pages as what it has fills. Another try begins
        anew.
        """
        entries, size = bodies.count(page.body), sum(map(len, page.body))
        found = len(self._contexts_seen) - places
        brought = (entries + found) / ask.BATCH + size / ask.BATCH_BYTES
        self._idle = max(0.0, self._idle + 1 - 4 * brought)
        if (
            self._idle > IDLE_PAGES
            or self._done > 2 * self._total + MAX_UNTOLD
            or self._total > MAX_ENTRIES
            or len(self._contexts_seen) > MAX_COLLECTIONS
        ):
            self._is_endless = True
            raise InvalidDump(
                f"{self._pull.about}: a scan without end: {self._done} came of {self._total}"
            )

    def _next_page(self) -> Procedure[replies.Page]:
        pull, window = self._pull, self._pull.window
        page: replies.Page | None = None
        if window.goes_on:
            # Not many more than the source is known to have.
            most = 2 + max(0, self._total - self._done) // ask.BATCH
            request = ask.scan(pull.source_keys, None, pull.about, window.token)
            page = yield from window.next(lambda: request, most)
        if page is None:
            token = yield from window.begin()
            began = monotonic()
            page = yield pull.source, ask.scan(pull.source_keys, self._position, pull.about, token)
            window.begun(page.number, monotonic() - began)
        return page

    def _ask_for_others(self) -> Procedure[bool]:
        """Ask the source about what the target holds, and the source may know to be gone."""
        pull, cursor = self._pull, b"0"
        while True:
            request = ask.collections(pull.target_keys, cursor, pull.about)
            found = yield pull.target, request
            for place in found.names:
                if KINDS[place[1]].has_dots and not (yield from self._ask_for_others_in(place)):
                    return False
            cursor = found.cursor
            if cursor == b"0":
                return True

    def _ask_for_others_in(self, place: replies.Place) -> Procedure[bool]:
        pull, (name, kind), cursor = self._pull, place, b"0"
        context = replies.read_context(self.contexts.get(place, b""))
        known = replies.later_of(self._head.known, context)
        others: list[bytes] = []
        while True:
            request = ask.covered(pull.target_keys, name, kind, cursor, known, pull.about)
            cursor, found = yield pull.target, request
            others += (f for f, dots in found.items() if not self._shown.has(place, f, dots))
            if others and (cursor == b"0" or len(others) >= ASKED_TOGETHER):
                if not (yield from self._ask_for_fields(place, others)):
                    return False
                others = []
            if cursor == b"0":
                return True

    def _ask_for_fields(self, place: replies.Place, fields: list[bytes]) -> Procedure[bool]:
        """Ask the source about fields, and join what it has of them."""
        pull, (name, kind) = self._pull, place
        asked = deque(_batches(fields))
        is_same = True

        def request(batch: list[bytes]) -> Script[replies.Answer]:
            return ask.entries(pull.source_keys, name, kind, batch, pull.about)

        def take(answer: replies.Answer) -> Procedure[Script[replies.Answer] | None]:
            nonlocal is_same
            batch = asked.popleft()
            is_same = is_same and answer.source.writer == self._head.writer and answer.done > 0
            if not is_same:
                return None
            applied = yield from pull.apply(answer.source, b"", "more", answer.body)
            self.refused = self.refused or bool(applied.refused)
            if answer.done >= len(batch):
                return None
            asked.append(batch[answer.done :])
            return request(asked[-1])

        yield from pull.window.each(map(request, list(asked)), take)
        yield from pull.window.rest()
        return is_same


def _named(dot: bytes, names: Mapping[bytes, bytes]) -> bytes:
    alias, dash, seq = dot[TIME:].partition(b"-")
    return dot[:TIME] + names.get(alias, alias) + dash + seq


def _batches(fields: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for field in fields:
        if batch and size + len(field) > ask.BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(field)
        size += len(field)
    if batch:
        yield batch
