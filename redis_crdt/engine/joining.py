"""A batch that a replica in memory was sent: the twin of ``lua/lib/join_batch.lua``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from redis_crdt.core import totals as counting
from redis_crdt.core.clock import Dot, Time
from redis_crdt.core.dots import MAX_DOTS, Dots
from redis_crdt.core.entries import MAX_BATCH, Entry
from redis_crdt.core.floors import Known
from redis_crdt.core.joins import knows
from redis_crdt.core.kinds import DROPPED, KINDS, Kind
from redis_crdt.core.names import check_stored_name
from redis_crdt.engine.clocks import read_context
from redis_crdt.engine.shard import Shard, join, raise_to
from redis_crdt.engine.store import Store
from redis_crdt.errors import CRDTError, InvalidDump, InvalidName
from redis_crdt.operations.bodies import (
    Item,
    check_shape,
    heads_of,
    split_items,
)
from redis_crdt.operations.packed import Aliases


class Batch:
    """A batch that was sent: validated, and joined with what is here; nothing is written yet."""

    class Group:
        """One collection of it."""

        def __init__(self, name: bytes, kind: Kind, generation: int | None) -> None:
            self.name, self.kind, self.generation = name, kind, generation
            self.changed: dict[bytes, Entry] = {}
            self.echoes: list[bytes] = []
            """Fields that stay as they are, and are told again."""
            self.gone: list[bytes] = []
            """Fields that others take away: of a counter, that have counted them in."""

    def __init__(
        self, shard: Shard, body: Sequence[bytes], theirs: dict[str, Time], tolerant: bool
    ) -> None:
        self._shard = shard
        self._theirs = theirs
        self._tolerant = tolerant
        self._surely_ours = shard.knowledge(shard.newest())
        ours = dict(self._surely_ours)
        raise_to(ours, {w: t for w, t in shard.pending.items() if w != shard.writer})
        self._ours = Known(ours)
        self.latest = Time(0)
        self.relieved: dict[str, Time] = {}
        """What was forgotten of entries that would have had too many dots."""
        self.has_refused = False
        """Whether a live dot of the source was refused; see ``lua/replica/apply.lua``."""
        self.refused: list[bytes] = []
        self.groups: list[Batch.Group] = []
        self.refs: list[tuple[bytes, bytes]] = []
        self._raised: dict[bytes, int] = {}
        for group in read_body(body):
            self._join(*group)

    def _join(
        self,
        name: bytes,
        kind: Kind,
        generation: int | None,
        context: bytes,
        items: list[Item],
        plain: Callable[[bytes], bytes],
    ) -> None:
        here = self._shard.generations.get(name, 0)
        group = self.Group(name, kind, generation)
        self.groups.append(group)
        if generation is not None and generation < here:
            return
        store = self._shard.stores.get((name, kind.name))
        if generation is not None and generation > here:
            store = None
            if name not in self._raised:
                self._raised[name] = generation
                self.refs.append((KINDS[DROPPED].letter.encode() + name, b""))
        now = self._shard.clock.wall()
        noted = {w: known.clock for w, known in store.context.items()} if store else {}
        ours, surely_ours, theirs = (
            Known(known) for known in (self._ours, self._surely_ours, self._theirs)
        )
        raise_to(ours, noted)
        raise_to(surely_ours, noted)
        raise_to(theirs, read_context(context))
        for key, text in items:
            mine = store.get(key) if store else None
            try:
                entry = None
                if text or not (self._tolerant and kind.has_dots):
                    entry = kind.parse(key, plain(text))
                    self.latest = max(self.latest, entry.time)
                else:
                    kind.check(key)
                joined = join(kind, mine, entry, ours, theirs, now)
                if joined is not None and joined != mine:
                    joined = self._relieved(joined, surely_ours)
                    kind.check_joined(joined)
            except CRDTError as error:
                if not self._tolerant:
                    raise
                reason = f"{type(error).__name__}: {error}"[:255]
                self.refused += (name, kind.name.encode(), key[:255], reason.encode())
                continue
            if joined is mine and _is_let_die(mine, entry, now):
                continue
            refuses = self._tolerant and _has_refused(entry, joined)
            self.has_refused = self.has_refused or refuses
            if joined == mine:
                if refuses and self._needs_echo(store, key, theirs):
                    group.echoes.append(key)
            elif joined is not None and not (
                mine is None and not refuses and _tells_nothing(joined, surely_ours)
            ):
                group.changed[key] = joined
        if group.changed and kind.sides:
            self._fold(group, store)
        if group.changed and kind.gone_by:
            group.gone = list(kind.gone_by(store.live if store else {}, group.changed))
            for key in group.gone:
                group.changed.pop(key, None)
        collection = kind.letter.encode() + name
        self.refs += ((collection, key) for key in (*group.changed, *group.echoes))

    def _fold(self, group: Batch.Group, store: Store[Any] | None) -> None:
        """Let fields of a counter go that are counted in with others, and take none that come."""
        fields = {**(store.live if store else {}), **group.changed}
        totals: dict[str, Any] = {key.decode(): total for key, total in fields.items()}
        group.gone = [key.encode() for key in counting.spent(totals)]
        for key in group.gone:
            group.changed.pop(key, None)

    def _needs_echo(self, store: Store[Any] | None, key: bytes, theirs: Mapping[str, Time]) -> bool:
        """Whether a source that holds what is gone here claims to know all that has removed it.

        Then it will not be told of that unless the field is logged again.
        """
        assert store is not None
        if key in store.removed:
            writer = self._shard.writer
            return knows(self._theirs, Dot(store.removed[key][0], writer))
        entry: Any = store.get(key)
        return all(knows(theirs, dot) for dot in entry.live)

    @property
    def changes(self) -> int:
        """How many entries change, and names that are dropped."""
        return len(self._raised) + sum(len(group.changed) for group in self.groups)

    def _relieved(self, entry: Entry, known: dict[str, Time]) -> Entry:
        """Forget what is known of an entry that would have more dots than it may."""
        if (
            not isinstance(entry, Dots)
            or len(entry.live) + len(entry.seen) <= MAX_DOTS
            or entry.count <= MAX_DOTS
        ):
            return entry
        living = {dot.writer: dot.time for dot in sorted(entry.live)}
        gone = {
            writer: time
            for writer, time in entry.seen.items()
            if living.get(writer) != time and knows(known, Dot(time, writer))
        }
        raise_to(self.relieved, gone)
        seen = {writer: time for writer, time in entry.seen.items() if writer not in gone}
        return Dots(entry.live, {**living, **seen})

    def write(self, time: Time) -> None:
        """Store what changed, as of this time."""
        for name, generation in self._raised.items():
            self._shard.drop(name, generation)
        if self.relieved:
            self._shard.collected = time
            self._shard.fall_silent(self.relieved)
        for group in self.groups:
            if group.changed or group.gone:
                store: Store[Any] = self._shard.store_of(group.name, group.kind.name)
                for key, entry in group.changed.items():
                    store.put(key, entry, time)
                for key in group.gone:
                    store.live.pop(key, None)


def _has_refused(entry: Entry | None, joined: Entry | None) -> bool:
    """Whether a live dot that came is not there any more."""
    if not isinstance(entry, Dots) or not isinstance(joined, Dots):
        return False
    return not entry.live.keys() <= joined.live.keys()


def _is_let_die(mine: Entry | None, entry: Entry | None, now: int) -> bool:
    """Whether nothing was taken of what came, for all of it is dead by now."""
    ends = [one.horizon for one in (mine, entry) if isinstance(one, Dots) and one.has_deadlines]
    return bool(ends) and max(ends) <= now


def _tells_nothing(entry: Entry, known: Mapping[str, Time]) -> bool:
    """Whether an entry only tells of what is known to be gone."""
    return (
        isinstance(entry, Dots)
        and not entry.live
        and all(knows(known, Dot(time, writer)) for writer, time in entry.seen.items())
    )


class Received(NamedTuple):
    """One collection in the body of a batch that was sent."""

    name: bytes
    kind: Kind
    generation: int | None
    context: bytes
    items: list[Item]
    plain: Callable[[bytes], bytes]
    """Gives the plain text of what is sent; :class:`InvalidDump` if it is ill-formed."""


def read_body(body: Sequence[bytes]) -> Iterator[Received]:
    """Read the body of a batch; :class:`InvalidDump` for one that is ill-formed as a whole."""
    if not body:
        return
    check_shape(body)
    aliases = Aliases(body[0])
    seen: set[tuple[bytes, str]] = set()
    generations: dict[bytes, bytes] = {}
    total = 0
    for (name, kind_name), generation, context, text in heads_of(body):
        kind = KINDS.get(kind_name)
        if kind is None or not (generation or b"0").isdigit() or len(generation) > 15:
            raise InvalidDump("an ill-formed batch")
        items = split_items(text)
        if len(dict(items)) < len(items) or (name, kind_name) in seen:
            raise InvalidDump("a batch with repeated fields or collections")
        if generations.setdefault(name, generation) != generation:
            raise InvalidDump(f"a batch with two generations of {name[:80]!r}")
        try:
            check_stored_name(name.decode())
        except (InvalidName, UnicodeDecodeError) as error:
            raise InvalidDump(f"a batch with an ill-formed name: {name[:80]!r}") from error
        seen.add((name, kind_name))
        total += len(items)
        if total > MAX_BATCH:
            raise InvalidDump(f"more than {MAX_BATCH} entries in a batch")
        plain = aliases.unpack if kind.is_packed else bytes
        number = int(generation) if generation else None
        yield Received(name, kind, number, context, items, plain)
