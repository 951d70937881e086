"""What a run must have left behind, given what was acknowledged: a pure function.

An operation that was acknowledged by a server which then forgot it counts as one of unknown
outcome. What a peer had pulled by then must be there all the same: that follows from what the
peers held, of which no replica may lose anything.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from redis_crdt.core.clock import Dot, Time, replica_of
from redis_crdt.core.dots import Dots
from redis_crdt.core.entries import Entry, Last, Line, Rank, Total
from redis_crdt.core.joins import join_dots
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.rights import writers_in
from redis_crdt.core.tallies import Tally
from redis_crdt.errors import CRDTError
from tests.faults.claiming import fences_given_twice, lost_tasks, tasks_done_twice
from tests.faults.counting import is_counted_in, miscounted, reset_wrongly, totals_of
from tests.faults.evidence import Evidence
from tests.faults.growing import (
    appended,
    disordered,
    extremes,
    is_lost,
    is_trimmed,
    trimmed,
    visitors,
)
from tests.faults.history import (
    COLLECTIONS,
    Entries,
    Field,
    Forgot,
    History,
    Operation,
    field_of,
    parse,
)
from tests.faults.spending import overspent
from tests.faults.winning import wrongly_banned, wrongly_switched

AT_MOST = 20
"""So many violations of one rule are told."""

MAPS = ("lww_map", "sorted_map")

VALUED = (*MAPS, "lww_register", "mv_register", "ew_flag", "dw_flag")


def check(history: History, finals: Mapping[str, Entries]) -> list[str]:
    """Return the violations; ``finals`` has what each region ended with."""
    found = list(_ill_formed(finals))
    if found:
        return found[:AT_MOST]
    run = _Run(history, next(iter(finals.values())))
    rules: tuple[Callable[[], Iterable[str]], ...] = (
        lambda: _unequal(finals, history.collected),
        run.lost_adds,
        run.undone_removals,
        run.refused_but_done,
        lambda: miscounted(run, run.told_by_peers()),
        lambda: reset_wrongly(run),
        lambda: wrongly_banned(run),
        lambda: wrongly_switched(run),
        lambda: extremes(run),
        lambda: visitors(run),
        lambda: appended(run),
        lambda: trimmed(run),
        lambda: disordered(run),
        lambda: overspent(run),
        run.lost_contested,
        run.lost_concurrent_values,
        run.lost_keys,
        run.undone_writes,
        run.unheard_of_values,
        run.torn_batches,
        lambda: fences_given_twice(run),
        lambda: tasks_done_twice(run),
        lambda: lost_tasks(run),
        run.lost_observations,
    )
    for rule in rules:
        told = list(rule())
        found += told[:AT_MOST]
        if len(told) > AT_MOST:
            found.append(f"... and {len(told) - AT_MOST} more of these")
    return found


def _ill_formed(finals: Mapping[str, Entries]) -> Iterator[str]:
    for region, entries in finals.items():
        for at, entry in entries.items():
            try:
                writers = _writers(at, parse(*at, entry))
            except (CRDTError, KeyError) as error:
                yield f"{region}: {at} is ill-formed: {error!r}"
                continue
            for writer in writers:
                if replica_of(writer) not in finals:
                    yield f"{region}: {at} has something of {writer}, who is no region"


def _writers(at: Field, entry: Entry) -> set[str]:
    if COLLECTIONS[at[0]] in ("g_set", "cardinality"):
        return set()  # nobody can tell who it was
    match entry:
        case Total() if COLLECTIONS[at[0]] == "budget":
            return set(writers_in(at[1]))
        case Total():
            return {at[1].lstrip("+-")}
        case Last():
            return {entry.dot.writer}
        case Dots():
            return set(entry.seen)
        case Rank():
            return set()
        case Line():
            return {at[1].rpartition("@")[2].lstrip("^")}
        case Tally():
            return set(entry.counts)


def _unequal(finals: Mapping[str, Entries], collected: bool) -> Iterator[str]:
    """Byte for byte; as readers see it where tombstones were collected, here or there."""
    (first, mine), *others = finals.items()
    mine = seen_by_readers(mine) if collected else mine
    for other, theirs in others:
        theirs = seen_by_readers(theirs) if collected else theirs
        for at in sorted(mine.keys() | theirs.keys()):
            if mine.get(at) != theirs.get(at):
                yield (
                    f"{at} is not equal: {first} has {mine.get(at)!r}, "
                    f"{other} has {theirs.get(at)!r}"
                )


def seen_by_readers(entries: Entries) -> Entries:
    """Leave out what collection may take away, here or there."""
    seen = {}
    for at, text in entries.items():
        entry = parse(*at, text)
        if not isinstance(entry, Dots):
            seen[at] = text
        elif entry.live or KINDS[COLLECTIONS[at[0]]].is_inverted:
            seen[at] = str(sorted(entry.live.items()))
    return seen


def _values(entry: Entry) -> list[bytes]:
    """Return the values that an entry has, concurrent ones too."""
    match entry:
        case Last(value=value):
            return [] if value is None else [value]
        case Dots(live=live):
            return [value for value in live.values() if value is not None]
    return []


class _Run(Evidence):
    def __init__(self, history: History, final: Entries) -> None:
        super().__init__(history, final)
        self.adds: dict[tuple[str, str], list[Operation]] = defaultdict(list)
        self.removals: dict[tuple[str, str], list[Operation]] = defaultdict(list)
        for operation, (verb, name, argument) in self.effects("or_set", "g_set"):
            kept = self.adds if verb == "add" else self.removals
            kept[name, argument].append(operation)

    # Sets -----------------------------------------------------------------------------------

    def lost_adds(self) -> Iterator[str]:
        """What was added must be there, unless somebody may have removed it."""
        for (name, element), adds in self.adds.items():
            if name == "contested" or self.is_there(name, element):
                continue
            removed = any(self.may_have_run(r) for r in self.removals[name, element])
            if not removed and any(map(self.holds, adds)):
                yield f"{name}: {element!r} is lost, acknowledged by {adds[0].region}"

    def undone_removals(self) -> Iterator[str]:
        """What was added once, and removed, is gone."""
        for (name, element), removals in self.removals.items():
            if name == "contested" or not self.is_there(name, element):
                continue
            for removal in removals:
                if self.holds(removal) and removal.took_effect:
                    yield f"{name}: {element!r} is back, removed at {removal.region}"

    def lost_contested(self) -> Iterator[str]:
        """An add must be there unless a removal may have come after it, or with it."""
        for (name, element), adds in self.adds.items():
            if name != "contested" or self.is_there(name, element):
                continue
            removals = [r for r in self.removals[name, element] if self.may_have_run(r)]
            last = max((r.completed for r in removals), default=0.0)
            for add in adds:
                if self.holds(add) and add.invoked > last:
                    yield f"{name}: {element!r} is lost, acknowledged by {add.region}"
                    break

    def refused_but_done(self) -> Iterator[str]:
        """Who was refused has changed nothing."""
        for (name, element), adds in self.adds.items():
            if name == "contested" or any(map(self.may_have_run, adds)):
                continue
            if (name, field_of(element)) in self.final:
                yield f"{name}: {element!r} is there, though refused: {adds[0].error}"

    def torn_batches(self) -> Iterator[str]:
        """Of a batch all is there or nothing, unless a pull of it was cut off by amnesia."""
        if self.history.forgot:
            return
        there = len(self.of("batched"))
        counted = sum(n for (name, *_), n in totals_of(self.final).items() if name == "batches")
        if there != counted:
            yield f"batches: {counted} were counted, but {there} elements came with them"

    # Registers and maps ---------------------------------------------------------------------

    def lost_concurrent_values(self) -> Iterator[str]:
        """A value stays until it was written over by somebody who had read it."""
        entry = self.final.get(("owner", "value"))
        live = entry.live if isinstance(entry, Dots) else {}
        there = {value for value in live.values() if value is not None}
        covered: dict[str, list[Operation]] = defaultdict(list)
        for operation, (_, name, argument) in self.effects():
            if name == "owner":
                for value in argument[1]:
                    covered[value].append(operation)
        for operation, (_, name, argument) in self.effects():
            if name != "owner":
                continue
            value = argument[0]
            is_there = field_of(value).encode() in there
            if is_there and any(map(self.holds, covered[value])):
                yield f"owner: {value!r} is back"
            if is_there or not self.holds(operation):
                continue
            if not any(map(self.may_have_run, covered[value])):
                yield f"owner: {value!r} is lost, acknowledged by {operation.region}"

    def lost_keys(self) -> Iterator[str]:
        """A key is there unless a deletion may have come after it was set, or with it.

        That is so whatever the clocks say: a deletion removes what it has seen, no more.
        """
        if KINDS["lww_map"].join is not join_dots:
            return  # the later of the two wins, and a clock that is ahead makes the earlier later
        sets: dict[Field, list[Operation]] = defaultdict(list)
        deleted: dict[Field, float] = defaultdict(float)
        for operation, (verb, name, argument) in self.effects(*MAPS):
            if verb == "set":
                sets[name, argument[0]].append(operation)
            elif self.may_have_run(operation):
                at = name, argument
                deleted[at] = max(deleted[at], operation.completed)
        for at, operations in sets.items():
            entry = self.final.get(at)
            if entry is not None and not entry.is_tombstone:
                continue
            for operation in operations:
                if self.holds(operation) and operation.invoked > deleted[at]:
                    yield f"{at[0]}: {at[1]!r} is lost, acknowledged by {operation.region}"
                    break

    def undone_writes(self) -> Iterator[str]:
        """A value is gone that somebody wrote over or deleted in the region where it was written.

        That region had it before its eyes then; what others do at the same time is another matter.
        """
        written: dict[tuple[str, str, str], Operation] = {}
        later: dict[tuple[str, str, str], float] = defaultdict(float)
        for operation, (verb, name, argument) in self.effects(*MAPS, "lww_register"):
            if not self.holds(operation):
                continue
            field = argument[0] if verb == "set" else argument
            if verb == "set":
                written[name, field, argument[1]] = operation
            at = operation.region, name, field
            later[at] = max(later[at], operation.invoked)
        for (name, field), entry in self.final.items():
            for value in _values(entry) if name != "jobs" else ():
                by = written.get((name, field, json.loads(value)))
                if by is not None and later[by.region, name, field] > by.completed:
                    yield f"{name}: {value!r} of {field!r} is back, written over at {by.region}"

    def unheard_of_values(self) -> Iterator[str]:
        """A value must have been written by somebody who was not refused."""
        written = {
            (name, *(("value", argument[0]) if name == "owner" else argument))
            for operation, (verb, name, argument) in self.effects(*VALUED)
            if verb == "set" and self.may_have_run(operation)
        }
        for (name, field), entry in self.final.items():
            for value in _values(entry) if name != "jobs" else ():
                if (name, field, json.loads(value)) not in written:
                    yield f"{name}: nobody has written {value!r} to {field!r}"

    # All of them ----------------------------------------------------------------------------

    def lost_observations(self) -> Iterator[str]:
        """What somebody has seen must be there, or what has come of it."""
        for operation in self.history.operations:
            seen_where_kept = not self.history.may_be_forgotten(
                operation.region, operation.invoked, operation.observed_at
            )
            if operation.observed and seen_where_kept:
                yield from self._missing(operation.observed, f"seen at {operation.region}")
        for forgot in self.told_by_peers():
            told = f"held by peers of {forgot.region} when it forgot"
            yield from self._missing(forgot.held, told)

    def told_by_peers(self) -> list[Forgot]:
        """Return those whose peers have not forgotten themselves what they told."""
        return [
            one
            for one in self.history.forgot
            if not any(
                other.region != one.region and other.since < one.until and one.since < other.until
                for other in self.history.forgot
            )
        ]

    def _missing(self, before: Entries, told: str) -> Iterator[str]:
        for at, text in before.items():
            was, now = parse(*at, text), self.final.get(at)
            if problem := self._lost(at, was, now):
                yield f"{at}: {text!r} {told}, now {now and bytes(now).decode()!r}: {problem}"

    def _lost(self, at: Field, was: Entry, now: Entry | None) -> str | None:
        if now is None:
            return None if self._may_be_gone(at, was) else "nothing is there"
        match was, now:
            case Dots(), Dots():
                return self._lost_dots(was, now)
            case Last(), Last():
                return "an earlier write won" if now.dot < was.dot else None
            case (Total(), Total()) | (Rank(), Rank()) | (Tally(), Tally()) | (Line(), Line()):
                return "it is less than it was" if is_lost(at[0], was, now) else None
        return "it became something else"

    def _may_be_gone(self, at: Field, was: Entry) -> bool:
        kind = KINDS[COLLECTIONS[at[0]]]
        match was:
            case Line():
                return is_trimmed(self, at)
            case Total():
                return is_counted_in(self, at, was)
            case Dots() if self.history.collected and not kind.is_inverted:
                return was.is_tombstone or self._removable(at)
        return False

    def _lost_dots(self, was: Dots, now: Dots) -> str | None:
        for dot in now.live:
            if dot not in was.live and was.covers(dot):
                return f"{dot} came back"
        for writer, time in was.seen.items():
            # Once everybody knows of it, what was seen is collected too.
            if now.seen.get(writer, Time(0)) < time and not self.history.collected:
                return f"{Dot(time, writer)} is not known any more"
        return None

    def _removable(self, at: Field) -> bool:
        name, field = at
        if COLLECTIONS[name] == "work_queue":
            return True
        if COLLECTIONS[name] in MAPS:
            return any(
                verb == "remove" and argument == field
                for operation, (verb, in_, argument) in self.effects()
                if in_ == name and self.may_have_run(operation)
            )
        removals = self.removals.get((name, field.strip('"')), ())
        return any(map(self.may_have_run, removals))
