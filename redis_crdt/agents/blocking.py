# Made from awaited.py: change that, and run `python -m tests.faces`.
"""Shared state for groups of agents, ready made: tasks, what became of them, who does what.

Everything here is written with the public types alone, so it shows how to build on them. The
classes are there twice: for replicas that block or are in memory, and, in ``asyncio``, awaited.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Generic

from typing_extensions import TypeVar

from redis_crdt.errors import BatchAborted, MissingArgument, UnknownOperation
from redis_crdt.replica.backend.blocking import AnyReplica
from redis_crdt.sync.report import SyncReport

T = TypeVar("T", default=str)

OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "add_task": ("task",),
    "complete_task": ("task",),
    "update_config": ("key", "value"),
}
"""What agents may be told to do, and the arguments that each operation takes."""


def arguments_of(operation: str, given: Mapping[str, Any]) -> list[Any]:
    """Return the arguments of an operation, in order.

    Raises :class:`UnknownOperation` or :class:`MissingArgument`, naming what is wrong.
    """
    if operation not in OPERATIONS:
        raise UnknownOperation(f"no operation {operation!r}; there are {', '.join(OPERATIONS)}")
    names = OPERATIONS[operation]
    if missing := [name for name in names if name not in given]:
        raise MissingArgument(f"{operation} needs {', '.join(missing)}")
    if unknown := [name for name in given if name not in names]:
        raise MissingArgument(f"{operation} takes {', '.join(names)}, not {', '.join(unknown)}")
    return [given[name] for name in names]


class DistributedStateManager(Generic[T]):
    """The tasks, counts, configuration and agents' status that a group of agents shares.

    ``replica`` is one on a server or, where calls need no ``await``, one in memory; ``task_type``
    is what a task is, anything that pydantic validates; ``name`` sets several managers of one
    replica apart.

    To claim a task so that only one agent of this region works on it, remove it: the removal
    tells who removed it. Agents of another region may do the same until the regions have
    synchronised, so work on a task must bear being done twice::

        for task in manager.get_pending_tasks():
            if manager.tasks.remove(task):
                work_on(task)
                manager.completed.increment()
    """

    def __init__(
        self,
        replica: AnyReplica,
        task_type: type[T] | Any = str,
        *,
        name: str = "state",
    ) -> None:
        self.replica = replica
        self.tasks: Any = replica.or_set(f"{{{name}}}:tasks", task_type)
        self.completed = replica.g_counter(f"{{{name}}}:completed")
        self.status = replica.lww_map(f"{{{name}}}:status", str)
        self.config = replica.lww_map(f"{{{name}}}:config")

    def add_task(self, task: T) -> None:
        """Add a task to those that are to be done. One round trip."""
        self.tasks.add(task)

    def complete_task(self, task: T) -> bool:
        """Take a task off the list and count it, as one write; False if it is not on the list.

        Of several agents of one region that complete a task at once, one does, and it counts
        once. Across regions each removal counts where it took effect: a task that was completed
        in two regions before they synchronised counts twice, for the work was done twice. One
        round trip.
        """
        try:
            with self.replica.batch() as batch:
                batch.on(self.tasks).remove(task, required=True)
                batch.on(self.completed).increment()
        except BatchAborted:
            return False
        return True

    def get_pending_tasks(self) -> AbstractSet[T]:
        """Return the tasks that are to be done. One round trip per 500."""
        pending: AbstractSet[T] = self.tasks.get_elements()
        return pending

    def get_completed_count(self) -> int:
        """Return how many completions were counted, over all regions. One round trip."""
        return self.completed.value()

    def set_status(self, agent_id: str, status: str) -> None:
        """Say what an agent is doing. One round trip."""
        self.status.set(agent_id, status)

    def get_status(self, agent_id: str) -> str | None:
        """Return what an agent is doing; None if it never said. One round trip."""
        return self.status.get(agent_id)

    def agents(self) -> dict[str, str]:
        """Return all agents with their status. One round trip per 500."""
        return dict(self.status.items())

    def update_config(self, key: str, value: Any) -> None:
        """Set one key of the configuration that all agents share. One round trip."""
        self.config.set(key, value)

    def get_config(self, key: str, default: Any = None) -> Any:
        """Return one key of the configuration. One round trip."""
        return self.config.get(key, default)

    def synchronize(self, other: DistributedStateManager[Any]) -> SyncReport:
        """Bring this replica and that of ``other`` in step, both ways."""
        return self.replica.sync(other.replica)


class StateManagerAgent:
    """An agent that takes its orders by name, as from a queue or a language model."""

    def __init__(self, agent_id: str, manager: DistributedStateManager[Any]) -> None:
        self.agent_id = agent_id
        self.manager = manager

    def handle_state_update(self, operation: str, **kwargs: Any) -> Any:
        """Carry out ``add_task(task)``, ``complete_task(task)`` or ``update_config(key, value)``.

        Returns what the manager's method of that name returns. Raises :class:`UnknownOperation`
        or :class:`MissingArgument`, naming what is wrong, before anything is done.
        """
        arguments = arguments_of(operation, kwargs)
        return getattr(self.manager, operation)(*arguments)

    def sync_with_peer(self, peer: StateManagerAgent) -> SyncReport:
        """Bring this agent's replica and that of the peer in step, both ways."""
        return self.manager.synchronize(peer.manager)
