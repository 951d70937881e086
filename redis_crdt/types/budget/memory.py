"""The budget in memory."""

from __future__ import annotations

from typing import ClassVar, overload

from redis_crdt.core import rights
from redis_crdt.core.entries import MAX_TOTAL, Total
from redis_crdt.core.totals import check_amount, overflow
from redis_crdt.errors import Exceeded, HoldLapsed, InvalidAmount, UnknownReplica
from redis_crdt.types.base.collection.memory import OfOneType
from redis_crdt.types.base.opener import Opener
from redis_crdt.types.budget.batch import Recordable
from redis_crdt.types.budget.operations import check_hold


class Hold:
    """What is held of a budget until it is settled or released, or lapses at its deadline."""

    def __init__(self, budget: Budget, name: str, amount: int) -> None:
        self._budget = budget
        self._name = name
        self.amount = amount
        """How much is held."""

    def __repr__(self) -> str:
        return f"<Hold of {self.amount} of {self._budget!r}>"

    def settle(self, actual: int) -> None:
        """Say that ``actual`` was spent of it: the rest comes back.

        It may be more than was held, if that is there: else :class:`Exceeded`, and it is held on.
        Raises :class:`HoldLapsed` where it is held no more, as after its deadline, and
        :class:`InvalidAmount` for what is no amount.
        """
        self._budget._settle(self._name, self.amount, actual)

    def release(self) -> None:
        """Give all of it back; raises :class:`HoldLapsed` as :meth:`settle` does."""
        self.settle(0)


class Budget(Recordable, OfOneType[int, Total]):
    """What all regions together may spend, and never more, also while they are cut apart.

    Each spends what it has the rights to. Of two objects that go on from one state, as a copy
    does, one has those: the one that writes first.
    """

    kind: ClassVar = "budget"
    _type: ClassVar = int

    def grant(self, n: int) -> None:
        """Add ``n`` to what may be spent; the rights are this replica's.

        Raises :class:`InvalidAmount` if ``n`` is negative or no int, :class:`CounterOverflow`
        if what was granted here would pass 2**63 - 1.
        """
        self._add({f"g:{self._shard.writer}": check_amount(n)})

    @overload
    def spend(self, n: int) -> None: ...
    @overload
    def spend(self, n: int, *, hold: float) -> Hold: ...
    def spend(self, n: int, *, hold: float | None = None) -> Hold | None:
        """Spend ``n``, or hold it for ``hold`` seconds until it is known what is spent of it.

        Raises :class:`Exceeded`, with nothing changed, where this replica may spend less than
        that now; :class:`InvalidAmount` if ``n`` is negative or no int, or ``hold`` not above 0.
        """
        lasts = 0 if hold is None else check_hold(n, hold)
        if not check_amount(n):
            return None
        added = self._with_room(n)
        writer = self._shard.writer
        sign = "s" if hold is None else "h"
        self._add({**added, f"{sign}:{writer}": n})
        if hold is None:
            return None
        name = f"{self._shard.clock.last}@{writer}"
        self._store.holds[name] = (self._shard.clock.wall() + lasts, n)
        return Hold(self, name, n)

    def refund(self, n: int) -> None:
        """Give back ``n`` of what this replica has spent: it may be spent again.

        Raises :class:`InvalidAmount` for more than it has spent and not given back.
        """
        spent = rights.spent_by(self.replica_id, self._totals())
        if check_amount(n) > spent:
            raise InvalidAmount(f"{self._about}: {spent} was spent here, and no more is refunded")
        self._add({f"r:{self._shard.writer}": n})

    def move(self, n: int, to: str) -> None:
        """Move the right to spend ``n`` to the replica ``to``, where it is once that pulls.

        Raises :class:`Exceeded` where this one has less, and :class:`UnknownReplica` for one that
        was never heard of here.
        """
        if not check_amount(n):
            return
        taker = self._newest().get(to)
        if taker is None or taker == self._shard.writer:
            raise UnknownReplica(f"{self._about}: no other replica {to!r} was heard of here")
        added = self._with_room(n)
        self._add({**added, f"m:{self._shard.writer}>{taker}": n})

    def available(self) -> int:
        """Return how much may be spent here, now."""
        return max(0, self._left().get(self._writer, 0) + sum(self._lapsed().values()))

    def remaining(self) -> int:
        """Return what was granted and is neither spent nor held, everywhere, as known here.

        What is :meth:`frozen` is part of it.
        """
        return sum(self._left().values())

    def by_replica(self) -> dict[str, int]:
        """Return how much each replica may spend, as far as is known here."""
        left, newest = self._left(), self._newest()
        shown = {replica: max(0, left.get(writer, 0)) for replica, writer in newest.items()}
        return {**shown, self.replica_id: self.available()}

    def frozen(self) -> dict[str, int]:
        """Return by replica what its past incarnations have left."""
        return rights.frozen_in(self._left(), self._newest())

    @property
    def _about(self) -> str:
        return f"{self.kind} {self.name!r}"

    @property
    def _writer(self) -> str:
        """Under which name it would write now; none where another object took that over."""
        return self._shard.present_writer or ""

    def _totals(self) -> dict[str, int]:
        return {field.decode(): total.amount for field, total in self._store.live.items()}

    def _left(self) -> dict[str, int]:
        return rights.rights_in(self._totals())

    def _newest(self) -> dict[str, str]:
        known = [*self._shard.knowledge(), *self._left()]
        newest = rights.newest_in(known)
        return {**newest, self.replica_id: self._writer or newest[self.replica_id]}

    def _lapsed(self) -> dict[str, int]:
        """Return the holds of this writer whose deadline has passed."""
        now, mine = self._shard.clock.wall(), f"@{self._writer}"
        return {
            name: amount
            for name, (deadline, amount) in self._store.holds.items()
            if deadline <= now and name.endswith(mine)
        }

    def _with_room(self, n: int) -> dict[str, int]:
        """Return what is to be added to totals before ``n`` is spent; raises :class:`Exceeded`."""
        writer, left = self._shard.writer, self._left()
        mine = left.get(writer, 0)
        if n <= mine:
            return {}
        lapsed = self._lapsed()
        back = sum(lapsed.values())
        if n > mine + back:
            others = rights.elsewhere(left, self._newest(), writer)
            raise Exceeded.of(self._about, n, max(0, mine + back), others)
        for name in lapsed:
            del self._store.holds[name]
        return {f"u:{writer}": back} if back else {}

    def _settle(self, name: str, held: int, actual: int) -> None:
        check_amount(actual)
        writer = self._shard.writer
        if name not in self._store.holds or not name.endswith(f"@{writer}"):
            raise HoldLapsed(
                f"{self._about}: hold {name} was given back, or ended, or is a past one"
            )
        deadline, _ = self._store.holds.pop(name)
        try:
            added = self._with_room(actual - held)
        except Exceeded as error:
            self._store.holds[name] = (deadline, held)
            available = error.available + held
            raise Exceeded.of(self._about, actual, available, error.elsewhere) from None
        added[f"u:{writer}"] = added.get(f"u:{writer}", 0) + held
        self._add({**added, f"s:{writer}": actual})

    def _add(self, amounts: dict[str, int]) -> None:
        """Add to totals, all or none."""
        totals = self._totals()
        for field, n in amounts.items():
            if totals.get(field, 0) + n > MAX_TOTAL:
                raise overflow(self.name, totals[field], n)
        changed = {f: Total(totals.get(f, 0) + n) for f, n in amounts.items() if n}
        if not changed:
            return
        time = self._write(map(str.encode, changed)).time
        for field, total in changed.items():
            self._store.put(field.encode(), total, time)


class OpensBudget(Opener):
    """Replicas have budgets."""

    def budget(self, name: str) -> Budget:
        """Open a budget."""
        return self._open(Budget, name, int)
