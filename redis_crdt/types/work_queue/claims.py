"""Claims, and how one is waited for; shared by all backends."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from time import monotonic
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from redis_crdt.core.ids import check_id
from redis_crdt.errors import FeedTrimmed, Fenced, InvalidDump, InvalidName, InvalidSetting
from redis_crdt.operations.operation import Procedure
from redis_crdt.transport.tails import Watched, find
from redis_crdt.transport.watching import Watcher
from redis_crdt.types.work_queue.tasks import CLAIMED, MAX_PRIORITY, Task, made_of
from redis_crdt.values.codec import Codec

T = TypeVar("T")

LEASE: Final = 60.0
"""For how many seconds a task is claimed, by default."""

_LONGEST: Final = 1e9


class Found(NamedTuple):
    """What came of a claim."""

    id: bytes
    """Of the task; empty where there was none."""
    task: Task | None
    again: float | None
    """In how many seconds there may be one; None where nothing is to come."""


class DeadTask(NamedTuple, Generic[T]):
    """A task that was claimed as often as it may be, and never done."""

    id: str
    value: T
    attempts: int


class Claimed(Generic[T]):
    """A task that a worker has claimed; ``id`` names it in all regions.

    ``fence`` is higher than that of all earlier claims of the task: give it to what the worker
    writes to, so that it can refuse those who come too late. ``attempts`` is how often the task was
    claimed, this time included.
    """

    def __init__(self, queue: Any, found: Found, value: T, worker: str, lease: float) -> None:
        assert found.task is not None
        self._queue = queue
        self.id, self.value, self.worker = found.id.decode(), value, worker
        self.fence, self.attempts = found.task.fence, found.task.attempts
        self.lease = lease

    def __repr__(self) -> str:
        return f"<Claim of {self.id} by {self.worker!r}, fence {self.fence}>"

    @property
    def _held(self) -> tuple[bytes, int, int]:
        """What tells a server which claim it is."""
        return (self.id.encode(), *made_of(self.fence))


class Claimable(Protocol[T]):
    """A queue of any backend, as tasks are claimed of it."""

    _codec: Codec[T]

    @abstractmethod
    def _look(self, worker: str, lease: float, task_id: str | None) -> Procedure[Found]:
        """Claim a task, or that of an id, if there is one."""


def claim(
    queue: Claimable[T],
    place: tuple[Watched, int, bytes] | None,
    worker: str,
    lease: float,
    timeout: float | None,
    task_id: str | None,
) -> Procedure[Found | None]:
    """Claim a task, or wait for one: ``place`` says in which feed of which replica, if in any."""
    check_worker(worker)
    check_lease(lease)
    if task_id is not None:
        check_task_id(task_id)
    if place is None and timeout != 0:
        raise FeedTrimmed(f"{queue!r} belongs to no replica, so there is no feed to wait at")
    deadline = None if timeout is None else monotonic() + timeout
    found = yield from queue._look(worker, lease, task_id)
    while found.task is None and place and (deadline is None or monotonic() < deadline):
        with suppress(FeedTrimmed):  # what was missed is of no matter: it looks again
            found = yield from _wait(queue, place, worker, lease, deadline, task_id)
    return found if found.task is not None else None


def _wait(
    queue: Claimable[T],
    place: tuple[Watched, int, bytes],
    worker: str,
    lease: float,
    deadline: float | None,
    task_id: str | None,
) -> Procedure[Found]:
    """Look for a task whenever something changes in the queue, or is due."""
    replica, shard, collection = place
    here, _ = yield from find(replica, shard, None)
    only = ([(shard, collection)], queue._codec)
    with Watcher[Any](replica, str(here), None, only, written_only=True) as watcher:
        while True:
            found = yield from queue._look(worker, lease, task_id)
            left = None if deadline is None else deadline - monotonic()
            if found.task is not None or (left is not None and left <= 0):
                return found
            waits = [seconds for seconds in (left, found.again) if seconds is not None]
            yield from watcher.page(min(waits) if waits else None)


def held(queue: Any, task: Task | None, fence: int) -> Task:
    """Return the task that a claim is of, if that holds; else raise :class:`Fenced`."""
    if task is None:
        why = "it is done, or was taken over"
    elif task.state != CLAIMED or task.fence != fence:
        why = "another claim has a later fence, or it was released"
    else:
        return task
    raise Fenced(f"{queue!r}: the claim does not hold any more: {why}")


def check_task_id(task_id: Any) -> bytes:
    """Return an id as it is stored; :class:`InvalidName` if no task can have it."""
    try:
        field = str.encode(task_id)
        check_id(field)
    except (TypeError, UnicodeEncodeError, InvalidDump):
        raise InvalidName(f"no id of a task: {task_id!r}") from None
    return field


def check_worker(worker: Any) -> bytes:
    """Return a worker's name; :class:`InvalidName` if it is none."""
    if not isinstance(worker, str) or not worker.isprintable() or not 0 < len(worker) <= 64:
        raise InvalidName(f"a worker's name is printable text of 1 to 64 characters: {worker!r}")
    if '"' in worker or "\\" in worker:
        raise InvalidName(f"a worker's name has neither quotes nor backslashes: {worker!r}")
    return worker.encode()


def _milliseconds(name: str, seconds: Any, least: float) -> int:
    if not isinstance(seconds, int | float) or not least <= seconds < _LONGEST:
        raise InvalidSetting(f"{name}: a number of seconds from {least:g} on, not {seconds!r}")
    return round(seconds * 1000)


def check_lease(seconds: float) -> int:
    """Return a lease in milliseconds; :class:`InvalidSetting` if it is none."""
    return _milliseconds("lease", seconds, 0.001)


def check_delay(seconds: float) -> int:
    """Return a delay in milliseconds; :class:`InvalidSetting` if it is none."""
    return _milliseconds("delay", seconds, 0)


def check_priority(priority: int) -> int:
    """Return a priority; :class:`InvalidSetting` if it is none."""
    if type(priority) is not int or abs(priority) > MAX_PRIORITY:
        raise InvalidSetting(f"priority: an int up to {MAX_PRIORITY}, not {priority!r}")
    return priority


def check_attempts(attempts: int | None) -> int | None:
    """Return how often a task may be claimed; :class:`InvalidSetting` if that is no number."""
    if attempts is not None and (type(attempts) is not int or attempts < 1):
        raise InvalidSetting(f"max_attempts: at least 1, not {attempts!r}")
    return attempts
