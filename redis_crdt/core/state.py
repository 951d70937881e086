"""Dumps: the state of a collection as a value that can be stored, sent and merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from redis_crdt.core import formats
from redis_crdt.core.clock import Time, check_writer, parse_clock
from redis_crdt.core.entries import Entry
from redis_crdt.core.kinds import KINDS, KindName, known_kind
from redis_crdt.errors import InvalidDump, KindMismatch, problems_of


def _check_version(version: Any) -> Any:
    """Say of the number of another format what is to be done."""
    if type(version) is int and version != formats.DUMPED:
        why = formats.refusal(str(version), formats.DUMPED, "there were none such")
        raise PydanticCustomError("format", "{why}", {"why": why})
    return version


KnownKind = Annotated[KindName, AfterValidator(known_kind)]

Version = Annotated[Literal[1], BeforeValidator(_check_version)]
"""The number of a dump's format; see :mod:`redis_crdt.core.formats`."""


class State(BaseModel):
    """The whole state of one collection, tombstones included.

    ``entries`` holds each field with its entry in the text form of :mod:`redis_crdt.core.entries`,
    which servers store too. ``known`` says of whose writes this is all that there was up to a time:
    who merges it remembers that, so that tombstones of objects in memory can be collected. JSON
    goes in and out by pydantic's own methods; what comes in is validated down to each dot, for it
    may come from a hostile peer. Two collections are in the same state exactly when the entries of
    their dumps are equal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Version = formats.DUMPED
    kind: KnownKind
    entries: dict[str, str]
    known: dict[str, str] = {}
    origins: tuple[str, ...] = ()
    """Of which collections of replicas this is a state, by name; none for objects in memory.
    What one knows of a collection says nothing of another: so a state of another one is not joined
    as it is, but its values are written anew."""

    @model_validator(mode="after")
    def _validate_entries(self) -> Self:
        self.parsed()
        for writer, clock in self.known.items():
            check_writer(writer)
            parse_clock(clock.encode())
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        return (self.kind, self.entries) == (other.kind, other.entries)

    @classmethod
    def of(
        cls,
        kind: KindName,
        entries: Iterable[tuple[bytes, bytes]],
        known: Mapping[bytes, bytes] | None = None,
        origins: Iterable[str] = (),
    ) -> State:
        """Make a dump of entries that are known to be well-formed; sorts them by field."""
        texts = {field.decode(): entry.decode() for field, entry in sorted(entries)}
        clocks = {
            writer.decode(): clock.decode() for writer, clock in sorted((known or {}).items())
        }
        return cls.model_construct(
            version=formats.DUMPED,
            kind=kind,
            entries=texts,
            known=clocks,
            origins=tuple(sorted(origins)),
        )

    @classmethod
    def load(cls, source: State | Mapping[str, Any] | str | bytes, kind: KindName) -> State:
        """Read a dump: a model, its ``model_dump()``, or its JSON.

        Raises :class:`InvalidDump` if it is truncated, malformed or of another version, and
        :class:`KindMismatch` if it is of another kind than asked for.
        """
        try:
            if isinstance(source, str | bytes):
                state = cls.model_validate_json(source)
            else:
                state = cls.model_validate(source)
        except ValidationError as error:
            raise InvalidDump(f"not a valid dump: {problems_of(error)}") from error
        if state.kind != kind:
            raise KindMismatch(f"cannot merge a {state.kind} into a {kind}")
        return state

    def parsed(self) -> dict[bytes, Entry]:
        """Return the entries, read."""
        kind = KINDS[self.kind]
        try:
            encoded = {f.encode(): e.encode() for f, e in self.entries.items()}
        except UnicodeEncodeError as error:
            raise InvalidDump("a dump has text that is not valid Unicode") from error
        return {field: kind.parse(field, entry) for field, entry in encoded.items()}

    @property
    def time(self) -> Time:
        """The latest time of any entry."""
        return max((entry.time for entry in self.parsed().values()), default=Time(0))


def common_to(each: Iterable[Mapping[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return what all of several know: of each writer the earliest clock."""
    known, *others = map(dict, each)
    for other in others:
        known = {
            writer: min(clock, other[writer], key=parse_clock)
            for writer, clock in known.items()
            if writer in other
        }
    return known
