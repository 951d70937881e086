# Made from awaited.py: change that, and run `python -m tests.faces`.
"""The budget on a server: never more is spent than was granted."""

from __future__ import annotations

from typing import overload

from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.blocking import Collection
from redis_crdt.types.budget.operations import BudgetOperations


class Hold:
    """What is held of a budget until it is settled or released, or lapses at its deadline."""

    def __init__(self, budget: Budget, name: bytes, amount: int) -> None:
        self._budget = budget
        self._name = name
        self.amount = amount
        """How much is held."""

    def __repr__(self) -> str:
        return f"<Hold of {self.amount} of {self._budget!r}>"

    def settle(self, actual: int) -> None:
        """Say that ``actual`` was spent of it: the rest comes back. One round trip.

        It may be more than was held, if that is there: else :class:`Exceeded`, and it is held on.
        Raises :class:`HoldLapsed` where it is held no more, as after its deadline, and
        :class:`InvalidAmount` for what is no amount.
        """
        self._budget._run(self._budget._settle(self._name, self.amount, actual))

    def release(self) -> None:
        """Give all of it back. One round trip; raises :class:`HoldLapsed` as :meth:`settle`."""
        self.settle(0)


class Budget(BudgetOperations, Collection[int]):
    """What all regions together may spend, and never more, also while they are cut apart.

    Each region spends what it has the rights to, and syncers move those to where they run out.
    Amounts are whole numbers, for money of its smallest unit; there are 2**63 - 1 at most. For
    what holds where servers forget see :mod:`redis_crdt.types.budget`.
    """

    def grant(self, n: int) -> None:
        """Add ``n`` to what may be spent; the rights are this region's. One round trip.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if what was granted here would pass 2**63 - 1.
        """
        self._run(self._grant(n))

    @overload
    def spend(self, n: int) -> None: ...
    @overload
    def spend(self, n: int, *, hold: float) -> Hold: ...
    def spend(self, n: int, *, hold: float | None = None) -> Hold | None:
        """Spend ``n``, or hold it for ``hold`` seconds until it is known what is spent of it.

        One round trip, and nobody else is asked. Raises :class:`Exceeded`, with nothing changed,
        where this region may spend less than that now, however much others may; it says who.
        Raises :class:`InvalidAmount` if ``n`` is negative or no int, or ``hold`` not above 0.
        Where no reply comes, so that nobody knows (:class:`Unacknowledged`), it may be spent.
        """
        if hold is None:
            self._run(self._spend(n))
            return None
        return Hold(self, self._run(self._hold(n, hold)), n)

    def refund(self, n: int) -> None:
        """Give back ``n`` of what this region has spent: it may be spent again. One round trip.

        Raises :class:`InvalidAmount` for more than this region has spent and not given back.
        """
        self._run(self._refund(n))

    def move(self, n: int, to: str) -> None:
        """Move the right to spend ``n`` to the replica ``to``, where it is once that pulls.

        One round trip. Raises :class:`Exceeded` where this region has less, and
        :class:`UnknownReplica` for one that was never heard of here. It goes to the incarnation
        that is known here: if that replica's server began anew meanwhile, it is frozen there.
        """
        self._run(self._move(n, to))

    def available(self) -> int:
        """Return how much may be spent here, now. One round trip."""
        return (self._run(self._view())).available

    def remaining(self) -> int:
        """Return what was granted and is neither spent nor held, everywhere, as known here.

        What is :meth:`frozen` is part of it. One round trip.
        """
        return self._run(self._remaining())

    def by_replica(self) -> dict[str, int]:
        """Return how much each replica may spend, as far as is known here. One round trip."""
        return (self._run(self._view())).by_replica()

    def frozen(self) -> dict[str, int]:
        """Return by replica what its past incarnations have left, until it is reclaimed.

        One round trip.
        """
        return (self._run(self._view())).frozen()


class OpensBudget(ReplicaOperations):
    """Replicas have budgets."""

    def budget(self, name: str) -> Budget:
        """Take up a budget."""
        return self._take_up(Budget(self, name))
