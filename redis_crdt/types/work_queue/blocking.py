# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The work queue on a server: tasks that one worker does at a time, in all regions."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypeVar

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.work_queue.claims import LEASE, Claimed, DeadTask
from redis_crdt.types.work_queue.operations import ELSEWHERE, LEASED, WAITING, WorkQueueOperations
from redis_crdt.types.work_queue.tasks import new_task_id

T = TypeVar("T", default=Any)


class Claim(Claimed[T]):
    """A task that a worker has claimed, until its lease is over."""

    _queue: WorkQueue[T]

    def extend(self, lease: float | None = None) -> None:
        """Have the lease end so many seconds from now; as many as it was claimed for, by default.

        One round trip. Raises :class:`Fenced` if another worker has claimed the task meanwhile;
        a lease that is over, and that nobody has taken up, goes on.
        """
        self._queue._run(self._queue._extend(self, self.lease if lease is None else lease))

    def done(self) -> None:
        """Remove the task: it is done. One round trip.

        Raises :class:`Fenced` if the claim does not hold any more; the task then is another's.
        """
        self._queue.done(self)

    def release(self, delay: float = 0) -> None:
        """Give the task back, to be claimed again, after so many seconds. One round trip.

        It has still been attempted. Raises :class:`Fenced` as :meth:`done` does.
        """
        self._queue._run(self._queue._release(self, delay))


class WorkQueue(Collection[T], WorkQueueOperations[T]):
    """Tasks, each of one region at a time, and there claimed by one worker at a time.

    Exactly once where servers keep what they acknowledged. Where one forgot, and where a region was
    taken over that was not gone, a task may be done again, under a higher fence.
    """

    def new_id(self) -> str:
        """Return an id for a task that is put later. No round trip."""
        return new_task_id()

    def put(
        self, value: T, priority: int = 0, delay: float = 0, *, task_id: str | None = None
    ) -> str:
        """Put a task, for this region to do, and return its id. One round trip.

        Of those that wait the highest ``priority`` is claimed first, then what was put first.
        With a ``delay`` it waits for so many seconds. With a ``task_id``, of :meth:`new_id`, a put
        that is repeated puts nothing more, as one that was :class:`Unacknowledged`. Raises
        :class:`InvalidValue` if the value is not of the queue's type, :class:`InvalidSetting` for
        numbers out of range, :class:`InvalidName` for what is no id.
        """
        return self._run(self._put(value, priority, delay, task_id))

    def claim(
        self,
        worker: str,
        lease: float = LEASE,
        timeout: float | None = 0,
        *,
        task_id: str | None = None,
    ) -> Claim[T] | None:
        """Claim the best task for ``lease`` seconds; None if there is none.

        With a ``timeout`` it waits for one, for so many seconds, or for ever with None, as a watch
        does. Where this region has none, others that have are asked to hand some over. One round
        trip, and one for each time that something changes while it waits. A task whose lease is
        over is claimed again; one that was claimed ``max_attempts`` times is dead. With a
        ``task_id`` that task or none is claimed, if it is this region's, and others are not asked.
        A value that is not of the queue's type raises :class:`InvalidValue`, and stays claimed.
        """
        found = self._drive(self._claim(worker, lease, timeout, task_id))
        return None if found is None else Claim(self, *found, worker, lease)

    def resume(self, task_id: str, fence: int, lease: float = LEASE) -> Claim[T]:
        """Take up a claim again, by its id and fence, as a process does that was restarted.

        Its lease goes on as it is; ``lease`` is for how long :meth:`Claim.extend` has it last then.
        One round trip. Raises :class:`Fenced` if the claim does not hold any more.
        """
        found, value = self._drive(self._resume(task_id, fence, lease))
        assert found.task is not None
        return Claim(self, found, value, found.task.worker.decode(), lease)

    def discard(self, task_id: str) -> bool:
        """Remove a task, whoever owns or works on it, and tell whether it was there.

        One round trip. A claim of it holds no longer, once that is heard of. What its owner does
        with it at the same time, as to have it claimed, wins over that, and the task stays.
        """
        return self._run(self._discard(task_id))

    def done(self, claim: Claim[T]) -> None:
        """Remove the task of a claim, as its ``done`` does; a batch does it with other writes."""
        self._run(self._done(claim))

    def pending(self) -> int:
        """Return how many tasks wait in this region, for a time, too. One round trip."""
        return self._run(self._count(WAITING))

    def claimed(self) -> int:
        """Return how many tasks are claimed in this region. One round trip.

        One whose lease is over is among them until a claim finds it.
        """
        return self._run(self._count(LEASED))

    def elsewhere(self) -> int:
        """Return how many tasks, as far as is known here, other regions have. One round trip.

        Those of before a restart are among them until they are taken up again.
        """
        return self._run(self._count(ELSEWHERE))

    def dead(self) -> list[DeadTask[T]]:
        """Return up to 500 of this region's tasks that were attempted too often. Two round trips.

        They stay, in all regions, until they are retried or discarded.
        """
        return self._drive(self._dead())

    def retry(self, task_id: str) -> bool:
        """Have a dead task of this region be claimed again, as one that never was. One round trip.

        Tells whether it was dead, and this region's.
        """
        return self._run(self._retry(task_id))

    def share(self) -> int:
        """Hand tasks over to regions that ask for some, and return how many. One round trip.

        Each is given half of those that wait, 100 at most in sum. Syncers do this each second.
        """
        return self._run(self._share())

    def takeover(self, replica_id: str) -> int:
        """Take over the tasks of a region that will never return, and return how many they were.

        If it does return, its claims are refused once it hears of this; until then a task may be
        done in both. By its own id a region takes up at once what it had before a restart. One
        round trip per 100 tasks of the queue.
        """
        return self._drive(self._take_over(replica_id))


class OpensWorkQueue(ReplicaOperations):
    """Replicas have work queues."""

    def work_queue(
        self, name: str, type_: type[T] | Any = Any, *, max_attempts: int | None = None
    ) -> WorkQueue[T]:
        """Take up a queue of tasks of ``type_``.

        What is claimed by way of this object, and was claimed ``max_attempts`` times, is dead.
        """
        return self._take_up(WorkQueue(self, name, type_, max_attempts))
