"""What a program may do with it whether or not there is a server: all that needs no ``await``."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from redis_crdt.types.work_queue.claims import LEASE, DeadTask

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class HeldTask(Protocol[T_co]):
    """A task that a worker has claimed."""

    id: str
    fence: int
    attempts: int

    @property
    def value(self) -> T_co:
        """What was put."""

    def extend(self, lease: float | None = None) -> None:
        """Have the lease end later."""

    def done(self) -> None:
        """Remove the task."""

    def release(self, delay: float = 0) -> None:
        """Give the task back."""


class Tasks(Protocol[T]):
    """A work queue."""

    def new_id(self) -> str:
        """Return an id for a task that is put later."""

    def put(
        self, value: T, priority: int = 0, delay: float = 0, *, task_id: str | None = None
    ) -> str:
        """Put a task; returns its id."""

    def claim(
        self,
        worker: str,
        lease: float = LEASE,
        timeout: float | None = 0,
        *,
        task_id: str | None = None,
    ) -> HeldTask[T] | None:
        """Claim a task; None if there is none."""

    def resume(self, task_id: str, fence: int, lease: float = LEASE) -> HeldTask[T]:
        """Take up a claim again."""

    def discard(self, task_id: str) -> bool:
        """Remove a task, whoever owns or works on it."""

    def done(self, claim: Any) -> None:
        """Remove the task of a claim."""

    def pending(self) -> int:
        """Return how many tasks wait here."""

    def claimed(self) -> int:
        """Return how many tasks are claimed here."""

    def elsewhere(self) -> int:
        """Return how many tasks other regions have."""

    def dead(self) -> list[DeadTask[T]]:
        """Return the tasks that were attempted too often."""

    def retry(self, task_id: str) -> bool:
        """Have a dead task be claimed again."""

    def share(self) -> int:
        """Hand tasks over to regions that ask for some."""

    def takeover(self, replica_id: str) -> int:
        """Take over the tasks of a region that will never return."""


class OpensWorkQueue(Protocol):
    """A replica that has them."""

    def work_queue(
        self, name: str, type_: Any = Any, *, max_attempts: int | None = None
    ) -> Tasks[Any]:
        """Open a work queue."""
