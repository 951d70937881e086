"""Dumps of whole namespaces, as files of NDJSON: a header, a line per entry, and a trailer.

They may be compressed by gzip, and take a fraction of the room then.
Nothing is ever held in memory but one batch. A file is read through and validated before the
first entry of it is joined, so a truncated or malformed one changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile, mkstemp
from typing import IO, Literal, cast
from zlib import error as ZlibError

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from redis_crdt.core import formats
from redis_crdt.core.clock import Time
from redis_crdt.core.entries import MAX_JOINED
from redis_crdt.core.kinds import KINDS
from redis_crdt.core.names import check_namespace, check_stored_name, shard_of
from redis_crdt.core.state import KnownKind, Version
from redis_crdt.errors import InvalidDump, InvalidName, ReplicaMismatch, ServerError, problems_of
from redis_crdt.operations import bodies, replies
from redis_crdt.operations import requests as ask
from redis_crdt.operations.operation import Procedure
from redis_crdt.sync.party import Party, count_entries

File = str | os.PathLike[str] | IO[bytes]
"""A path, or a file open in binary mode."""


Progressed = Callable[[int, int], None]
"""Is told how many entries were dealt with, and of how many."""


MAX_LINE = 2 * MAX_JOINED + 2**20
"""No entry takes more: JSON has two characters for some of an entry, and six for some of a key."""

GZIP = b"\x1f\x8b"
"""What compressed files begin with."""

LEVEL = 6
"""How hard to compress: what is beyond that takes long and saves little."""

Item = tuple[bytes, str, int, bytes, bytes]
"""Collection, kind, generation, field and entry."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Header(_Model):
    """The first line."""

    format: Literal["redis_crdt"] = "redis_crdt"
    version: Version = formats.DUMPED
    namespace: str
    replica_id: str


class Line(_Model):
    """One entry of one collection, in the text form of :mod:`redis_crdt.core.entries`."""

    collection: str
    kind: KnownKind
    field: str
    entry: str
    generation: int = Field(0, ge=0, lt=10**15)
    """How often the name had been dropped before."""


class Trailer(_Model):
    """The last line: how many entries there were, so that a truncated file is known as one."""

    entries: int


_HEADER = TypeAdapter(Header)
_REST = TypeAdapter[Line | Trailer](Line | Trailer)


@contextmanager
def _opened(file: File) -> Iterator[IO[bytes]]:
    """Open a dump, compressed or not, to be read more than once from its beginning."""
    with ExitStack() as opened:
        if isinstance(file, str | os.PathLike):
            source: IO[bytes] = opened.enter_context(open(file, "rb"))
        else:
            source = file
        # What is decompressed can only be begun anew where it is all of its file.
        if not source.seekable() or source.tell():
            spool = opened.enter_context(TemporaryFile())
            copyfileobj(source, spool)
            spool.seek(0)
            source = spool
        is_compressed = source.read(len(GZIP)) == GZIP
        source.seek(0)
        yield cast(IO[bytes], GzipFile(fileobj=source)) if is_compressed else source


@contextmanager
def _created(file: File, gz: bool) -> Iterator[IO[bytes]]:
    """Write a file that takes its name when it is whole: a failed dump must not cost a good one.

    Nobody but its owner may read it, whoever could read what had its name before.
    """
    if not isinstance(file, str | os.PathLike):
        with _compressing(file, gz) as out:
            yield out
        return
    if os.path.exists(file) and not os.path.isfile(file):  # a pipe or device
        with open(file, "wb") as handle, _compressing(handle, gz) as out:
            yield out
        return
    path = Path(os.path.realpath(file))
    descriptor, partial = mkstemp(".partial", f"{path.name}.", path.parent)  # mode 0600
    try:
        with open(descriptor, "wb") as handle:
            with _compressing(handle, gz) as out:
                yield out
            handle.flush()
            os.fsync(descriptor)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


@contextmanager
def _compressing(handle: IO[bytes], gz: bool) -> Iterator[IO[bytes]]:
    if not gz:
        yield handle
        return
    with GzipFile("", "wb", LEVEL, handle) as out:
        yield cast(IO[bytes], out)


MAX_OTHERS = 16
"""How often a server may become another one, or be put back, while it is read."""


def dump_file(
    source: Party,
    file: File,
    *,
    gz: bool | None = None,
    progressed: Progressed | None = None,
) -> Procedure[int]:
    """Write all collections of the namespace to the file; returns the number of entries.

    It is compressed where ``gz`` says so; by default if it is a path that ends with ``.gz``.
    Raises :class:`ServerError` where the server becomes another one again and again.
    """
    if gz is None:
        gz = isinstance(file, str | os.PathLike) and os.fspath(file).endswith(".gz")
    written = 0
    total = (yield from count_entries(source)) if progressed else 0
    with _created(file, gz) as out:
        header = Header(namespace=source.namespace, replica_id=source.replica_id)
        out.write(header.model_dump_json().encode() + b"\n")
        for shard in range(source.shards):
            keys = source.keys(shard)
            position, writer, others = replies.Position(), None, 0
            while not position.is_over:
                page = yield source, ask.scan(keys, position, source.about, alive=True)
                # To another process the position means nothing. What is in the file twice is
                # joined twice.
                is_another = writer not in (None, page.source.writer)
                others += is_another
                if others > MAX_OTHERS:
                    raise ServerError(
                        f"{source.about}: while it was read the server became another one "
                        f"{others} times; try again"
                    )
                position = replies.Position() if is_another else page.after(position)
                writer = page.source.writer
                for group in bodies.groups_of(page.body):
                    for field, entry in group.entries:
                        line = Line.model_construct(
                            collection=group.name.decode(),
                            kind=group.kind,
                            field=field.decode(),
                            entry=entry.decode(),
                            generation=int(group.generation or 0),
                        )
                        out.write(line.model_dump_json().encode() + b"\n")
                    written += len(group.entries)
                if progressed:
                    progressed(written, total)
        out.write(Trailer(entries=written).model_dump_json().encode() + b"\n")
    return written


def load_file(
    target: Party,
    file: File,
    *,
    from_namespace: str | None = None,
    progressed: Progressed | None = None,
) -> Procedure[int]:
    """Join all entries of the file into the namespace; returns how many changed something.

    Of an old file only what is neither there nor known is taken. Raises :class:`InvalidDump` or
    :class:`ClockDrift` with nothing changed if the file or anything in it is refused, and
    :class:`ReplicaMismatch` if it is of another namespace than ``from_namespace``; by default
    that of the target.
    """
    expected = target.namespace if from_namespace is None else check_namespace(from_namespace)
    with _opened(file) as lines:
        latest, total = Time(0), 0
        for _, kind, _, field, entry in _read(lines, expected):
            latest = max(latest, KINDS[kind].parse(field, entry).time)
            total += 1
        for mode in ("try", "more"):
            lines.seek(0)
            batch = _Batch(target, latest, mode)
            items = _read(lines, expected)
            changed = yield from _join(batch, items, total, progressed if mode == "more" else None)
        return changed


def _join(
    batch: _Batch, items: Iterator[Item], total: int, progressed: Progressed | None
) -> Procedure[int]:
    changed = 0
    for done, item in enumerate(items):
        if batch.is_full_for(*item):
            changed += yield from batch.send()
            if progressed:
                progressed(done, total)
        batch.add(*item)
    return changed + (yield from batch.send())


class _Batch:
    """Entries of one shard on their way into the target."""

    def __init__(self, target: Party, horizon: Time, mode: str) -> None:
        self.target, self.horizon, self.mode = target, horizon, mode
        self.shard = 0
        self.groups: dict[tuple[bytes, str], tuple[int, dict[bytes, bytes]]] = {}
        self.size = self.bytes = 0

    def is_full_for(self, name: bytes, kind: str, generation: int, field: bytes, _: bytes) -> bool:
        if self.size >= ask.BATCH or self.bytes >= ask.BATCH_BYTES:
            return True
        if shard_of(name, self.target.shards) != self.shard:
            return True
        of, entries = self.groups.get((name, kind), (generation, {}))
        # An entry that changed while it was dumped is in the file twice.
        return field in entries or of != generation

    def add(self, name: bytes, kind: str, generation: int, field: bytes, entry: bytes) -> None:
        self.shard = shard_of(name, self.target.shards)
        self.groups.setdefault((name, kind), (generation, {}))[1][field] = entry
        self.size += 1
        self.bytes += len(field) + len(entry)

    def send(self) -> Procedure[int]:
        if not self.size:
            return 0
        body = bodies.body_of(
            bodies.Group(name, kind, b"%d" % generation, b"", list(entries.items()))
            for (name, kind), (generation, entries) in self.groups.items()
        )
        self.groups, self.size, self.bytes = {}, 0, 0
        target = self.target
        # What a healthy region holds is up to max_drift ahead of its clock, and that may be as
        # much ahead of the target's: its backup can always be restored.
        drift = 2 * target.max_drift
        request = ask.merge(
            target.keys(self.shard), drift, self.horizon, self.mode, body, target.about
        )
        applied = yield target, request
        return int(applied.changed)


def _read(lines: IO[bytes], namespace: str) -> Iterator[Item]:
    """Yield the entries of a file; :class:`InvalidDump` where it is not one, or not whole.

    :class:`ReplicaMismatch` where it is one of another namespace.
    """
    count = 0
    try:
        header = _HEADER.validate_json(lines.readline(MAX_LINE))
        if header.namespace != namespace:
            raise ReplicaMismatch(
                f"the file is of namespace {header.namespace!r}, not of {namespace!r}; to load it "
                f"into another on purpose, pass from_namespace={header.namespace!r}"
            )
        while True:
            line = _REST.validate_json(lines.readline(MAX_LINE))
            if isinstance(line, Trailer):
                rest = lines.readline(1)
                break
            count += 1
            name = check_stored_name(line.collection)
            field, entry = line.field.encode(), line.entry.encode()
            yield name, line.kind, line.generation, field, entry
    except (
        ValidationError,
        InvalidName,
        UnicodeEncodeError,
        EOFError,
        BadGzipFile,
        ZlibError,
    ) as error:
        why = problems_of(error) if isinstance(error, ValidationError) else error
        raise InvalidDump(f"not a whole dump, after {count} entries: {why}") from error
    if line.entries != count or rest:
        raise InvalidDump(f"the file says that it has {line.entries} entries, but has {count}")
