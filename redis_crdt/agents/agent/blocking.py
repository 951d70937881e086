# Made from awaited.py: change that, and run `python -m tests.faces`.
"""An agent, which is told what to do by name, as by a language model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Generic

from pydantic import Field
from typing_extensions import TypeVar

from redis_crdt.agents.arguments import Limit, Seconds, Wait
from redis_crdt.agents.claims import CLAIMED_FOR
from redis_crdt.agents.manager.blocking import DistributedStateManager
from redis_crdt.agents.replies import PendingTask, PendingTasks
from redis_crdt.agents.sharing.blocking import Sharing
from redis_crdt.agents.spending.blocking import Spending
from redis_crdt.agents.talking.blocking import Talking
from redis_crdt.agents.tools import Tool, declared, named, tool
from redis_crdt.sync.report import SyncReport

T = TypeVar("T", default=str)


class StateManagerAgent(Sharing, Spending, Talking, Generic[T]):
    """An agent that takes its orders by name, as from a queue or a language model.

    Its methods that are declared to be tools are all that it can be told to do. What they reply is
    bounded, so that a language model can take it in.
    """

    def __init__(self, agent_id: str, manager: DistributedStateManager[T]) -> None:
        self.agent_id = agent_id
        self.manager = manager

    def tools(self) -> list[Tool]:
        """Return what this agent can be told to do, for a language model that chooses.

        Each has a ``name``, a ``description`` and the JSON schema of its ``parameters``. What the
        model asks for goes to :meth:`handle_state_update`. A class of your own may have more of
        them, by :func:`redis_crdt.agents.tool`.
        """
        return list(self._tools.values())

    @cached_property
    def _tools(self) -> dict[str, Tool]:
        task_type = self.manager.task_type
        return {name: Tool(each, task_type) for name, each in declared(type(self)).items()}

    def handle_state_update(self, operation: str, **kwargs: Any) -> Any:
        """Carry out a tool by its name, such as ``add_task(task)``, and return what it returns.

        Raises :class:`UnknownOperation`, :class:`MissingArgument` or :class:`InvalidValue`, naming
        what is wrong, before anything is done.
        """
        arguments = named(operation, self._tools).check(kwargs)
        return getattr(self, operation)(**arguments)

    def sync_with_peer(self, peer: StateManagerAgent[Any]) -> SyncReport:
        """Bring this agent's replica and that of the peer in step, both ways."""
        return self.manager.synchronize(peer.manager)

    # Tasks ----------------------------------------------------------------------------------

    @tool("adds")
    def add_task(self, task: T) -> None:
        """Add a task to those that are to be done. One that is there already stays as it is.

        Two round trips.
        """
        self.manager.add_task(task)

    @tool("adds")
    def claim_task(
        self,
        task: Annotated[
            T | None, Field(description="Null for the one that has waited longest.")
        ] = None,
        seconds: Annotated[
            Seconds, Field(description="For how long; claim the same task again to go on.")
        ] = CLAIMED_FOR,
        wait: Wait = 0,
    ) -> T | None:
        """Claim a task before you work on it: then no other agent has it, in any region, until you
        complete it, release it, or the time is over. Returns the task; or null where it is done,
        another agent has it, or it waits in another region. If you name none and wait, other
        regions are asked to hand some over.

        As :meth:`DistributedStateManager.claim_task`.
        """
        return self.manager.claim_task(self.agent_id, task, seconds=seconds, wait=wait)

    @tool("changes")
    def release_task(self, task: T) -> bool:
        """Give up your claim on a task without having done it. False if it is not claimed by you.

        Four round trips.
        """
        return self.manager.release_task(self.agent_id, task)

    @tool("changes")
    def complete_task(self, task: T) -> bool:
        """Take a task off the list, as it is done, and count it. False if it is not on the list, as
        where another agent has completed it.

        Two round trips.
        """
        return self.manager.complete_task(task)

    @tool("reads", resource="tasks")
    def get_pending_tasks(self, limit: Limit = 50) -> PendingTasks[T]:
        """List tasks that are to be done, and who works on them.

        One round trip per 500 tasks, as far as they are asked for, and one for the claims.
        """
        tasks: list[T] = []
        for task in self.manager.tasks:
            tasks.append(task)
            if len(tasks) > limit:
                break
        keys = [self.manager.key_of(task) for task in tasks[:limit]]
        claims = self.manager.claims.get_many(keys)
        pending = [
            PendingTask(task=task, claimed_by=claims[key].agent if key in claims else None)
            for task, key in zip(tasks, keys, strict=False)
        ]
        return PendingTasks(tasks=pending, more=len(tasks) > limit)

    @tool("reads")
    def get_completed_count(self) -> int:
        """Tell how many tasks were completed, over all regions.

        One round trip.
        """
        return self.manager.get_completed_count()


OPERATIONS: Mapping[str, tuple[str, ...]] = {
    name: tuple(each.parameters) for name, each in declared(StateManagerAgent).items()
}
"""What agents may be told to do, and the arguments that each operation takes."""


def arguments_of(operation: str, given: Mapping[str, Any]) -> list[Any]:
    """Return the arguments of an operation, in order, with what stands for those left out.

    Raises :class:`UnknownOperation` or :class:`MissingArgument`, naming what is wrong.
    """
    operation_ = named(operation, declared(StateManagerAgent))
    operation_.check_names(given)
    return [given.get(name, p.default) for name, p in operation_.parameters.items()]
