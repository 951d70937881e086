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
from redis_crdt.core.tallies import Tally
from redis_crdt.errors import CRDTError
from tests.faults.history import (
    COLLECTIONS,
    Effect,
    Entries,
    Field,
    Forgot,
    History,
    Operation,
    field_of,
    parse,
)

AT_MOST = 20
"""So many violations of one rule are told."""


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
        run.miscounted,
        run.lost_contested,
        run.lost_concurrent_values,
        run.lost_keys,
        run.undone_writes,
        run.unheard_of_values,
        run.torn_batches,
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
    match entry:
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
    seen = {}
    for at, text in entries.items():
        entry = parse(*at, text)
        if not entry.is_tombstone:
            live = entry.live if isinstance(entry, Dots) else None
            seen[at] = text if live is None else str(sorted(live.items()))
    return seen


def _values(entry: Entry) -> list[bytes]:
    """Return the values that an entry has, concurrent ones too."""
    match entry:
        case Last(value=value):
            return [] if value is None else [value]
        case Dots(live=live):
            return [value for value in live.values() if value is not None]
    return []


class _Run:
    def __init__(self, history: History, final: Entries) -> None:
        self.history = history
        self.final = {at: parse(*at, entry) for at, entry in final.items()}
        self.adds: dict[tuple[str, str], list[Operation]] = defaultdict(list)
        self.removals: dict[tuple[str, str], list[Operation]] = defaultdict(list)
        for operation, (verb, name, argument) in self._effects():
            if COLLECTIONS[name] == "or_set":
                kept = self.adds if verb == "add" else self.removals
                kept[name, argument].append(operation)

    def _effects(self) -> Iterator[tuple[Operation, Effect]]:
        for operation in self.history.operations:
            for effect in operation.effects:
                yield operation, effect

    def _holds(self, operation: Operation) -> bool:
        """Whether it was acknowledged, and by a server that has not forgotten it."""
        return operation.outcome == "acknowledged" and not self.history.is_forgotten(operation)

    def _may_have_run(self, operation: Operation) -> bool:
        return operation.outcome != "refused"

    def _is_there(self, name: str, element: str) -> bool:
        entry = self.final.get((name, field_of(element)))
        return entry is not None and not entry.is_tombstone

    # Sets -----------------------------------------------------------------------------------

    def lost_adds(self) -> Iterator[str]:
        """What was added must be there, unless somebody may have removed it."""
        for (name, element), adds in self.adds.items():
            if name == "contested" or self._is_there(name, element):
                continue
            removed = any(self._may_have_run(r) for r in self.removals[name, element])
            if not removed and any(map(self._holds, adds)):
                yield f"{name}: {element!r} is lost, acknowledged by {adds[0].region}"

    def undone_removals(self) -> Iterator[str]:
        """What was added once, and removed, is gone."""
        for (name, element), removals in self.removals.items():
            if name == "contested" or not self._is_there(name, element):
                continue
            for removal in removals:
                if self._holds(removal) and removal.took_effect:
                    yield f"{name}: {element!r} is back, removed at {removal.region}"

    def lost_contested(self) -> Iterator[str]:
        """An add must be there unless a removal may have come after it, or with it."""
        for (name, element), adds in self.adds.items():
            if name != "contested" or self._is_there(name, element):
                continue
            removals = [r for r in self.removals[name, element] if self._may_have_run(r)]
            last = max((r.completed for r in removals), default=0.0)
            for add in adds:
                if self._holds(add) and add.invoked > last:
                    yield f"{name}: {element!r} is lost, acknowledged by {add.region}"
                    break

    def refused_but_done(self) -> Iterator[str]:
        """Who was refused has changed nothing."""
        for (name, element), adds in self.adds.items():
            if name == "contested" or any(map(self._may_have_run, adds)):
                continue
            if (name, field_of(element)) in self.final:
                yield f"{name}: {element!r} is there, though refused: {adds[0].error}"

    def torn_batches(self) -> Iterator[str]:
        """Of a batch all is there or nothing, unless a pull of it was cut off by amnesia."""
        if self.history.forgot:
            return
        there = sum(name == "batched" for name, _ in self.final)
        totals = self._totals(self.final).items()
        counted = sum(total for (name, _, _), total in totals if name == "batches")
        if there != counted:
            yield f"batches: {counted} were counted, but {there} elements came with them"

    # Counters -------------------------------------------------------------------------------

    def _totals(self, entries: Mapping[Field, Entry]) -> dict[tuple[str, str, str], int]:
        """Return what was counted by collection, direction and region."""
        totals: dict[tuple[str, str, str], int] = defaultdict(int)
        for (name, field), entry in entries.items():
            if isinstance(entry, Total):
                sign = "-" if field.startswith("-") else "+"
                totals[name, sign, replica_of(field.lstrip("+-"))] += entry.amount
        return totals

    def miscounted(self) -> Iterator[str]:
        """All that was acknowledged counts, once; what has an unknown outcome once at most."""
        counts: dict[tuple[str, str, str], list[tuple[Operation, int]]] = defaultdict(list)
        for operation, (verb, name, amount) in self._effects():
            if COLLECTIONS[name].endswith("counter"):
                sign = "+" if verb == "add" else "-"
                counts[name, sign, operation.region].append((operation, amount))
        finals = self._totals(self.final)
        for at in sorted(counts.keys() | finals.keys()):
            most = sum(n for op, n in counts[at] if self._may_have_run(op))
            least = max(
                self._counted_since(counts[at], 0.0),
                0,
                *(
                    self._held(forgot, at) + self._counted_since(counts[at], forgot.until)
                    for forgot in self._told_by_peers()
                    if forgot.region == at[2]
                ),
            )
            if not least <= finals.get(at, 0) <= most:
                yield f"{at}: {finals.get(at, 0)}, but should be {least} to {most}"

    def _counted_since(self, counts: list[tuple[Operation, int]], begin: float) -> int:
        return sum(n for op, n in counts if op.invoked >= begin and self._holds(op))

    def _held(self, forgot: Forgot, at: tuple[str, str, str]) -> int:
        """Return what others had of a region's count when that one forgot."""
        return self._totals({f: parse(*f, e) for f, e in forgot.held.items()}).get(at, 0)

    # Registers and maps ---------------------------------------------------------------------

    def lost_concurrent_values(self) -> Iterator[str]:
        """A value stays until it was written over by somebody who had read it."""
        entry = self.final.get(("owner", "value"))
        live = entry.live if isinstance(entry, Dots) else {}
        there = {value for value in live.values() if value is not None}
        covered: dict[str, list[Operation]] = defaultdict(list)
        for operation, (_, name, argument) in self._effects():
            if name == "owner":
                for value in argument[1]:
                    covered[value].append(operation)
        for operation, (_, name, argument) in self._effects():
            if name != "owner":
                continue
            value = argument[0]
            is_there = field_of(value).encode() in there
            if is_there and any(map(self._holds, covered[value])):
                yield f"owner: {value!r} is back"
            if is_there or not self._holds(operation):
                continue
            if not any(map(self._may_have_run, covered[value])):
                yield f"owner: {value!r} is lost, acknowledged by {operation.region}"

    def lost_keys(self) -> Iterator[str]:
        """A key is there unless a deletion may have come after it was set, or with it.

        That is so whatever the clocks say: a deletion removes what it has seen, no more.
        """
        if KINDS["lww_map"].join is not join_dots:
            return  # the later of the two wins, and a clock that is ahead makes the earlier later
        sets: dict[Field, list[Operation]] = defaultdict(list)
        deleted: dict[Field, float] = defaultdict(float)
        for operation, (verb, name, argument) in self._effects():
            if COLLECTIONS[name] == "lww_map" and verb == "set":
                sets[name, argument[0]].append(operation)
            elif COLLECTIONS[name] == "lww_map" and self._may_have_run(operation):
                at = name, argument
                deleted[at] = max(deleted[at], operation.completed)
        for at, operations in sets.items():
            entry = self.final.get(at)
            if entry is not None and not entry.is_tombstone:
                continue
            for operation in operations:
                if self._holds(operation) and operation.invoked > deleted[at]:
                    yield f"{at[0]}: {at[1]!r} is lost, acknowledged by {operation.region}"
                    break

    def undone_writes(self) -> Iterator[str]:
        """A value is gone that somebody wrote over or deleted in the region where it was written.

        That region had it before its eyes then; what others do at the same time is another matter.
        """
        written: dict[tuple[str, str, str], Operation] = {}
        later: dict[tuple[str, str, str], float] = defaultdict(float)
        for operation, (verb, name, argument) in self._effects():
            if COLLECTIONS[name] not in ("lww_map", "lww_register") or not self._holds(operation):
                continue
            field = argument[0] if verb == "set" else argument
            if verb == "set":
                written[name, field, argument[1]] = operation
            at = operation.region, name, field
            later[at] = max(later[at], operation.invoked)
        for (name, field), entry in self.final.items():
            for value in _values(entry):
                by = written.get((name, field, json.loads(value)))
                if by is not None and later[by.region, name, field] > by.completed:
                    yield f"{name}: {value!r} of {field!r} is back, written over at {by.region}"

    def unheard_of_values(self) -> Iterator[str]:
        """A value must have been written by somebody who was not refused."""
        written = {
            (name, *(("value", argument[0]) if name == "owner" else argument))
            for operation, (verb, name, argument) in self._effects()
            if verb == "set" and self._may_have_run(operation)
        }
        for (name, field), entry in self.final.items():
            for value in _values(entry):
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
        for forgot in self._told_by_peers():
            told = f"held by peers of {forgot.region} when it forgot"
            yield from self._missing(forgot.held, told)

    def _told_by_peers(self) -> Iterator[Forgot]:
        """Yield those whose peers have not forgotten themselves what they told."""
        for one in self.history.forgot:
            if not any(
                other.region != one.region and other.since < one.until and one.since < other.until
                for other in self.history.forgot
            ):
                yield one

    def _missing(self, before: Entries, told: str) -> Iterator[str]:
        for at, text in before.items():
            was, now = parse(*at, text), self.final.get(at)
            if problem := self._lost(at, was, now):
                yield f"{at}: {text!r} {told}, now {now and bytes(now).decode()!r}: {problem}"

    def _lost(self, at: Field, was: Entry, now: Entry | None) -> str | None:
        if isinstance(was, Dots) and isinstance(now, Dots):
            return self._lost_dots(was, now)
        if now is None:
            is_gone = was.is_tombstone or (isinstance(was, Dots | Last) and self._removable(at))
            return None if self.history.collected and is_gone else "nothing is there"
        if isinstance(was, Last) and isinstance(now, Last):
            return "an earlier write won" if now.dot < was.dot else None
        if isinstance(was, Total) and isinstance(now, Total):
            return "it went down" if now.amount < was.amount else None
        return "it became something else"

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
        if name == "status":
            return any(
                verb == "remove" and argument == field
                for operation, (verb, in_, argument) in self._effects()
                if in_ == name and self._may_have_run(operation)
            )
        removals = self.removals.get((name, field.strip('"')), ())
        return any(map(self._may_have_run, removals))
