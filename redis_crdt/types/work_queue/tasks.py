"""Tasks as entries hold them: who has which, and under which fence; ``lua/lib/tasks.lua``.

``tests/model/claims.py`` is a model of the rules.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from typing import Final

from redis_crdt.core.clock import HybridClock, replica_of
from redis_crdt.core.dots import Dots
from redis_crdt.core.ids import check_id, new_id
from redis_crdt.errors import InvalidDump

_TASK: Final = re.compile(
    rb'\[(\d{1,15}),(\d{1,7}),"([^"]*)",([012]),"([^"\\]*)",(\d{1,15}),(-?\d{1,10}),(\d{1,13}),'
    rb"(.+)\]",
    re.DOTALL,
)
_ASKER: Final = re.compile(rb'\["([A-Za-z0-9][A-Za-z0-9_.-]*#[0-9a-z]+)"\]')
_ASKING: Final = re.compile(rb"\?[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

WAITS, CLAIMED, DEAD = b"0", b"1", b"2"
"""What may be the matter with a task."""

MAX_CHANGES: Final = 2**21 - 1
"""So many changes have room in a fence beside its epoch."""

MAX_PRIORITY: Final = 10**9
LAST_TIME: Final = 9_999_999_999_999


@dataclass(frozen=True, slots=True)
class Task:
    """A task, with what is the matter with it."""

    owner: str
    """The writer that alone may change it."""
    value: bytes
    epoch: int = 0
    """Raised by whoever becomes its owner."""
    n: int = 0
    """Raised by each change."""
    state: bytes = WAITS
    worker: bytes = b""
    attempts: int = 0
    """How often it was claimed."""
    priority: int = 0
    until: int = 0
    """The time up to which it waits, or is leased, in milliseconds."""

    @classmethod
    def parse(cls, line: bytes) -> Task | None:
        """Read a task; None for what is none, as a peer that lies may send it."""
        match = _TASK.fullmatch(line)
        if match is None:
            return None
        epoch, n, owner, state, worker, attempts, priority, until, value = match.groups()
        numbers = {"attempts": int(attempts), "priority": int(priority), "until": int(until)}
        owned = owner.decode("ascii", "replace")
        return cls(owned, value, int(epoch), int(n), state, worker, **numbers)

    def __bytes__(self) -> bytes:
        return b'[%d,%d,"%b",%b,"%b",%d,%d,%d,%b]' % (
            *(self.epoch, self.n, self.owner.encode(), self.state, self.worker),
            *(self.attempts, self.priority, self.until, self.value),
        )

    @property
    def fence(self) -> int:
        """A number that only grows."""
        return self.epoch * (MAX_CHANGES + 1) + self.n

    @property
    def replica(self) -> str:
        """The replica whose writer owns it."""
        return replica_of(self.owner)

    def renewed(self, owner: str, now: int) -> Task:
        """Return what a change makes of it, one by which this writer owns it."""
        if self.owner == owner and self.n < MAX_CHANGES:
            return replace(self, n=self.n + 1)
        return replace(self, epoch=max(self.epoch + 1, now), n=0, owner=owner)

    def claimed(self, worker: bytes, until: int) -> Task:
        """Return it as a worker's, up to some time."""
        until, attempts = min(until, LAST_TIME), self.attempts + 1
        return replace(self, state=CLAIMED, worker=worker, attempts=attempts, until=until)

    def dead(self) -> Task:
        """Return it as one that nobody is to claim any more."""
        return replace(self, state=DEAD, worker=b"", until=0)

    def waiting(self, until: int = 0) -> Task:
        """Return it as nobody's, from some time on."""
        return replace(self, state=WAITS, worker=b"", until=min(until, LAST_TIME))


def made_of(fence: int) -> tuple[int, int]:
    """Return the epoch and the number of changes that a fence is made of."""
    return divmod(fence, MAX_CHANGES + 1)


_clock: Final = HybridClock()


def new_task_id() -> str:
    """Return an id for a task that is put later: nobody else gives it out.

    It begins with the time by the clock of this machine, for tasks are claimed in the order of
    their ids; those of one process are in the order in which it made them.
    """
    return new_id(_clock.tick(), f"put#{secrets.token_hex(8)}").decode()


def _order(line: bytes) -> tuple[bool, int, int, bytes]:
    task = Task.parse(line)
    return (False, 0, 0, line) if task is None else (True, task.epoch, task.n, line)


def line_of(entry: Dots) -> bytes:
    """Return the value of an entry that holds: of concurrent ones that of the highest fence."""
    return max((value or b"" for value in entry.live.values()), key=_order)


def task_in(entry: Dots) -> Task | None:
    """Return the task of an entry; None where it is none."""
    return Task.parse(line_of(entry))


def asker_in(entry: Dots) -> str | None:
    """Return the writer that asks for tasks, by the entry of one that does."""
    match = _ASKER.fullmatch(line_of(entry))
    return match[1].decode() if match else None


def asking(replica: str) -> bytes:
    """Return the field of a replica that asks for tasks."""
    return b"?" + replica.encode()


def is_asking(field: bytes) -> bool:
    """Whether the field is of one that asks, and not of a task."""
    return field.startswith(b"?")


def check_field(field: bytes) -> None:
    """Raise :class:`InvalidDump` for a field that no queue has."""
    if not is_asking(field):
        check_id(field)
    elif not _ASKING.fullmatch(field):
        raise InvalidDump(f"not a replica that asks for tasks: {field[:80]!r}")


def key_of(field: bytes) -> str | None:
    """Return the id of a task; None for one that asks."""
    return None if is_asking(field) else field.decode()


def value_in(field: bytes, line: bytes) -> bytes | None:
    """Return what the program put, of a value as entries hold it; None where that is none."""
    task = None if is_asking(field) else Task.parse(line)
    return None if task is None else task.value
