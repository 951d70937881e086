"""What was done in a run, and what is there in the end: what rules hold against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from redis_crdt.core.entries import Entry
from redis_crdt.core.kinds import KINDS
from tests.faults.history import COLLECTIONS, Effect, Entries, Field, History, Operation, parse
from tests.faults.history import field_of as element_field


class Evidence:
    def __init__(self, history: History, final: Entries) -> None:
        self.history = history
        self.final: Mapping[Field, Entry] = {at: parse(*at, entry) for at, entry in final.items()}

    def effects(self, *kinds: str) -> Iterator[tuple[Operation, Effect]]:
        """Yield what all operations were to do, or those on collections of some kinds."""
        for operation in self.history.operations:
            for effect in operation.effects:
                if not kinds or COLLECTIONS[effect[1]] in kinds:
                    yield operation, effect

    def holds(self, operation: Operation) -> bool:
        """Whether it was acknowledged, and by a server that has not forgotten it."""
        return operation.outcome == "acknowledged" and not self.history.is_forgotten(operation)

    def may_have_run(self, operation: Operation) -> bool:
        return operation.outcome != "refused"

    def is_there(self, name: str, element: str) -> bool:
        """Whether readers of a set see it."""
        entry = self.final.get((name, element_field(element)))
        return entry is not None and entry.is_tombstone == KINDS[COLLECTIONS[name]].is_inverted

    def of(self, name: str) -> dict[str, Entry]:
        """Return the entries of a collection, by field."""
        return {field: entry for (of, field), entry in self.final.items() if of == name}
