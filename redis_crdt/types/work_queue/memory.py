"""The work queue in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar

from typing_extensions import TypeVar

from redis_crdt.core.clock import wall_clock
from redis_crdt.core.dots import Dots, written
from redis_crdt.core.ids import new_id
from redis_crdt.core.names import check_replica_id
from redis_crdt.errors import Fenced
from redis_crdt.operations.operation import Procedure, drive
from redis_crdt.transport.tails import Watched
from redis_crdt.types.base.collection.memory import Collection
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.work_queue import claims
from redis_crdt.types.work_queue.batch import Recordable
from redis_crdt.types.work_queue.claims import LEASE, Claimed, DeadTask, Found
from redis_crdt.types.work_queue.tasks import (
    CLAIMED,
    DEAD,
    WAITS,
    Task,
    asker_in,
    asking,
    is_asking,
    new_task_id,
    task_in,
)
from redis_crdt.values.encoding import encode_value

T = TypeVar("T", default=Any)

_MOST_GIVEN = 100


class Claim(Claimed[T]):
    """A task that a worker has claimed, until its lease is over."""

    _queue: WorkQueue[T]

    def extend(self, lease: float | None = None) -> None:
        """Have the lease end so many seconds from now; as many as it was claimed for, by default.

        Raises :class:`Fenced` if another worker has claimed the task meanwhile.
        """
        self._queue._extend(self, self.lease if lease is None else lease)

    def done(self) -> None:
        """Remove the task: it is done. Raises :class:`Fenced` if the claim does not hold."""
        self._queue.done(self)

    def release(self, delay: float = 0) -> None:
        """Give the task back, to be claimed again; raises as :meth:`done` does."""
        self._queue._release(self, delay)


class WorkQueue(Recordable[T], Collection[T, Dots]):
    """Tasks, each of one writer at a time, and there claimed by one worker at a time.

    Only its owner changes a task, so of its entry there is one value, which the next replaces. One
    who took over what was not his to take writes a concurrent one, and then the higher fence holds.
    """

    kind: ClassVar = "work_queue"
    _max_attempts: int | None = None

    def __init__(
        self,
        type_: Any = Any,
        *,
        replica_id: str | None = None,
        clock: Callable[[], int] = wall_clock,
        max_drift: float = 60.0,
        max_attempts: int | None = None,
    ) -> None:
        """Make an empty, bare queue of tasks of ``type_``."""
        super().__init__(type_, replica_id=replica_id, clock=clock, max_drift=max_drift)
        self._max_attempts = claims.check_attempts(max_attempts)

    def new_id(self) -> str:
        """Return an id for a task that is put later."""
        return new_task_id()

    def put(
        self, value: T, priority: int = 0, delay: float = 0, *, task_id: str | None = None
    ) -> str:
        """Put a task, for this replica to do, and return its id.

        Of those that wait the highest ``priority`` is claimed first, then what was put first.
        With a ``delay`` it waits for so many seconds. With a ``task_id``, of :meth:`new_id`, a put
        that is repeated puts nothing more. Raises :class:`InvalidValue` if the value is not of the
        queue's type, :class:`InvalidSetting` for numbers out of range, :class:`InvalidName` for
        what is no id.
        """
        encoded = encode_value(self._codec, value)
        claims.check_priority(priority)
        wait = claims.check_delay(delay)
        task = Task(self._writer, encoded, priority=priority)
        if task_id is None:
            id_ = new_id(self._shard.clock.tick(), self._writer)
        else:
            id_ = claims.check_task_id(task_id)
            if id_ in self._store.live or id_ in self._store.removed:
                return task_id
        self._change({id_: task.waiting(self._now + wait if wait else 0)})
        return id_.decode()

    def claim(
        self,
        worker: str,
        lease: float = LEASE,
        timeout: float | None = 0,
        *,
        task_id: str | None = None,
    ) -> Claim[T] | None:
        """Claim the best task for ``lease`` seconds; None if there is none.

        With a ``timeout`` it waits for one, for so many seconds, or for ever with None. For all
        else see :meth:`redis_crdt.WorkQueue.claim`. A bare queue, which keeps no feed, raises
        :class:`FeedTrimmed` where it is to wait.
        """
        found = drive(claims.claim(self, self._place, worker, lease, timeout, task_id))
        if found is None or found.task is None:
            return None
        return Claim(self, found, self._codec.decode(found.task.value), worker, lease)

    def resume(self, task_id: str, fence: int, lease: float = LEASE) -> Claim[T]:
        """Take up a claim again, as a process that was restarted does; else :class:`Fenced`."""
        field = claims.check_task_id(task_id)
        claims.check_lease(lease)
        task = claims.held(self, self._find(field), fence)
        found = Found(field, task, None)
        return Claim(self, found, self._codec.decode(task.value), task.worker.decode(), lease)

    def discard(self, task_id: str) -> bool:
        """Remove a task, whoever owns or works on it, and tell whether it was there."""
        field = claims.check_task_id(task_id)
        is_there = field in self._store.live
        if is_there:
            self._change({}, gone=[field])
        return is_there

    def done(self, claim: Claim[T]) -> None:
        """Remove the task of a claim, as its ``done`` does; a batch does it with other writes."""
        field, _ = self._held(claim)
        self._change({}, gone=[field])

    def pending(self) -> int:
        """Return how many tasks wait here, for a time, too."""
        return sum(task.state == WAITS for _, task in self._own())

    def claimed(self) -> int:
        """Return how many tasks are claimed here."""
        return sum(task.state == CLAIMED for _, task in self._own())

    def elsewhere(self) -> int:
        """Return how many tasks, as far as is known here, others have."""
        return sum(task.owner != self._writer for _, task in self._tasks())

    def dead(self) -> list[DeadTask[T]]:
        """Return the tasks of this replica that were attempted too often, and are not retried."""
        return [
            DeadTask(field.decode(), self._codec.decode(task.value), task.attempts)
            for field, task in sorted(self._own(), key=lambda item: item[0])
            if task.state == DEAD
        ]

    def retry(self, task_id: str) -> bool:
        """Have a dead task of this replica be claimed again, and tell whether it was one."""
        field = claims.check_task_id(task_id)
        task = self._find(field)
        if task is None or task.owner != self._writer or task.state != DEAD:
            return False
        self._change({field: replace(task.renewed(self._writer, self._now).waiting(), attempts=0)})
        return True

    def share(self) -> int:
        """Hand tasks over to replicas that ask for some, and return how many."""
        askers = {
            field: by
            for field, entry in self._store.live.items()
            if is_asking(field)
            if (by := asker_in(entry)) and field != asking(self.replica_id)
        }
        ready = [field for field, _ in self._ready() if self._task(field).state == WAITS]
        changed: dict[bytes, Task] = {}
        answered = []
        for field, writer in askers.items():
            share, left = -(-len(ready) // 2), _MOST_GIVEN - len(changed)
            given, ready = ready[: min(share, left)], ready[min(share, left) :]
            news = {id_: self._task(id_).renewed(writer, self._now).waiting() for id_ in given}
            changed |= news
            if news:
                answered.append(field)
        if changed:
            self._change(changed, gone=answered)
        return len(changed)

    def takeover(self, replica_id: str) -> int:
        """Take over the tasks of a replica that will never return, and return how many.

        By its own id it takes up at once what another object of the same id had.
        """
        check_replica_id(replica_id)
        changed = {}
        for field, task in self._tasks():
            if task.replica == replica_id and task.owner != self._writer:
                task = task.waiting() if task.state == CLAIMED else task
                changed[field] = task.renewed(self._writer, self._now)
        if changed:
            self._change(changed)
        return len(changed)

    # What it is made of ---------------------------------------------------------------------

    @property
    def _now(self) -> int:
        return self._shard.clock.wall()

    @property
    def _writer(self) -> str:
        return self._shard.writer

    @property
    def _place(self) -> tuple[Watched, int, bytes] | None:
        return None if self._watched is None else (*self._watched, self._letter_and_name)

    def _tasks(self) -> Iterable[tuple[bytes, Task]]:
        live = self._store.live.items()
        found = ((field, task_in(entry)) for field, entry in live if not is_asking(field))
        return [(field, task) for field, task in found if task is not None]

    def _own(self) -> list[tuple[bytes, Task]]:
        writer = self._writer
        return [(field, task) for field, task in self._tasks() if task.owner == writer]

    def _find(self, field: bytes) -> Task | None:
        entry = self._store.live.get(field)
        return None if entry is None else task_in(entry)

    def _task(self, field: bytes) -> Task:
        task = self._find(field)
        assert task is not None
        return task

    def _ready(self) -> list[tuple[bytes, Task]]:
        """Return those that may be claimed now, the best first."""
        now = self._now
        found = [
            (field, task) for field, task in self._own() if task.state != DEAD and task.until <= now
        ]
        return sorted(found, key=lambda item: (-item[1].priority, item[0]))

    def _change(self, changed: dict[bytes, Task], gone: Iterable[bytes] = ()) -> None:
        """Write these tasks, and remove what these fields have, as one write."""
        gone, store = list(gone), self._store
        dot = self._write([*changed, *gone])
        for field, task in changed.items():
            store.put(field, written(store.get(field), dot, bytes(task)), dot.time)
        for field in gone:
            store.put(field, Dots({}, store.live[field].seen), dot.time)

    def _look(self, worker: str, lease: float, task_id: str | None) -> Procedure[Found]:
        yield from ()
        now, name = self._now, claims.check_worker(worker)
        until, changed = now + claims.check_lease(lease), dict[bytes, Task]()
        found = Found(b"", None, None)
        wanted = None if task_id is None else task_id.encode()
        for field, task in self._ready():
            if wanted not in (None, field):
                continue
            is_over = self._max_attempts is not None and task.attempts >= self._max_attempts
            renewed = task.renewed(self._writer, now)
            if is_over:
                changed[field] = renewed.dead()
                continue
            claimed = renewed.claimed(name, until)
            changed[field], found = claimed, Found(field, claimed, None)
            break
        if changed:
            self._change(changed)
        if found.task is None:
            tasks = [task for field, task in self._own() if wanted in (None, field)]
            due = [task.until - now for task in tasks if task.state != DEAD and task.until > now]
            found = Found(b"", None, min(due) / 1000 if due else None)
            if wanted is None:
                self._ask()
        return found

    def _ask(self) -> None:
        """Ask others for tasks, if any have some that wait."""
        field, writer = asking(self.replica_id), self._writer
        others = (task for _, task in self._tasks() if task.replica != self.replica_id)
        if field not in self._store.live and any(task.state == WAITS for task in others):
            dot = self._write([field])
            line = b'["%b"]' % writer.encode()
            self._store.put(field, written(self._store.get(field), dot, line), dot.time)

    def _held(self, claim: Claimed[T]) -> tuple[bytes, Task]:
        field = claim.id.encode()
        task = claims.held(self, self._find(field), claim.fence)
        if task.owner != self._writer:
            raise Fenced(f"{self!r}: the claim was made in region {task.replica}")
        return field, task

    def _extend(self, claim: Claimed[T], lease: float) -> None:
        until = self._now + claims.check_lease(lease)
        field, task = self._held(claim)
        # Its fence stays, for the claim does.
        self._change({field: replace(task, until=until)})

    def _release(self, claim: Claimed[T], delay: float) -> None:
        wait = claims.check_delay(delay)
        field, task = self._held(claim)
        until = self._now + wait if wait else 0
        self._change({field: task.renewed(self._writer, self._now).waiting(until)})


class OpensWorkQueue(Opener):
    """Replicas have work queues."""

    def work_queue(
        self, name: str, type_: type[T] | Any = Any, *, max_attempts: int | None = None
    ) -> WorkQueue[T]:
        """Open a queue of tasks of ``type_``.

        What is claimed by way of this object, and was claimed ``max_attempts`` times, is dead.
        """
        attempts = claims.check_attempts(max_attempts)
        opened = self._open(WorkQueue, name, type_)
        opened._max_attempts = attempts
        return opened
