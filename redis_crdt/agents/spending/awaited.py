"""Tools for budgets, such as of tokens or money."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from redis_crdt.agents.arguments import Budget
from redis_crdt.agents.manager.awaited import DistributedStateManager
from redis_crdt.agents.replies import Left
from redis_crdt.agents.tools import tool


class Spending:
    """An agent, as far as it spends. What may be spent a program grants, by the budget itself."""

    manager: DistributedStateManager[Any]

    @tool("changes")
    async def spend(
        self,
        budget: Budget,
        amount: Annotated[int, Field(ge=0, description="In the smallest unit.")],
    ) -> None:
        """Spend of a budget, before you use what it is for. An error tells where less is left in
        this region, and which regions have more: nothing is spent then.

        One round trip. Raises :class:`Exceeded`.
        """
        await self.manager.budget(budget).spend(amount)

    @tool("reads", resource="budgets/{budget}")
    async def get_budget(self, budget: Budget) -> Left:
        """Tell what is left of a budget, in this region and in all.

        Two round trips.
        """
        one = self.manager.budget(budget)
        return Left(here=await one.available(), everywhere=await one.remaining())
