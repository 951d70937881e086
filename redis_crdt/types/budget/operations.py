"""The operations of a budget on a server."""

from __future__ import annotations

from typing import Any, NamedTuple

from redis_crdt.core import rights
from redis_crdt.core.totals import check_amount
from redis_crdt.errors import InvalidAmount
from redis_crdt.operations.operation import Command, Script, reading
from redis_crdt.operations.requests import LOOK
from redis_crdt.transport.server import ReplicaOperations
from redis_crdt.types.base.collection.operations import CollectionOperations
from redis_crdt.types.budget.batch import Recordable


class View(NamedTuple):
    """What a budget comes to, as its server says."""

    available: int
    newest: dict[str, str]
    """Of each replica the writer that began last."""
    left: dict[str, int]
    """By writer what it may spend, as far as is known here."""
    writer: str

    @classmethod
    def of(cls, writer: bytes, available: bytes, newest: list[bytes], flat: list[bytes]) -> View:
        """Read the reply of ``lua/budget/look.lua``."""
        totals = dict(zip(map(bytes.decode, flat[::2]), map(int, flat[1::2]), strict=True))
        names = rights.newest_in(by.decode() for by in newest)
        return cls(int(available), names, rights.rights_in(totals), writer.decode())

    def by_replica(self) -> dict[str, int]:
        """Return how much each replica may spend."""
        shown = {replica: max(0, self.left.get(by, 0)) for replica, by in self.newest.items()}
        return {**shown, self.writer.partition("#")[0]: self.available}

    def frozen(self) -> dict[str, int]:
        """Return what the past writers of each replica have left."""
        return rights.frozen_in(self.left, self.newest)


@reading
def _read_view(reply: Any) -> View:
    return View.of(*reply)


@reading
def _read_remaining(reply: dict[bytes, bytes]) -> int:
    totals = {field.decode(): int(total) for field, total in reply.items()}
    return sum(rights.rights_in(totals).values())


def check_hold(n: int, seconds: float) -> int:
    """Return for how many milliseconds something is held; else raise :class:`InvalidAmount`."""
    if not check_amount(n):
        raise InvalidAmount("a hold is of 1 at least")
    if type(seconds) not in (int, float) or not 0 < seconds < 1e9:
        raise InvalidAmount(f"a hold lasts for a number of seconds above 0, not {seconds!r}")
    return max(1, round(seconds * 1000))


class BudgetOperations(Recordable, CollectionOperations[int]):
    """The operations of a budget: a few totals of each writer."""

    kind = "budget"

    def __init__(self, replica: ReplicaOperations, name: str) -> None:
        super().__init__(replica, name, int)

    def _act(self, script: str, *args: Any) -> Script[Any]:
        mode = "past" if self._replica.durable else "own"
        return self._script(f"budget/{script}", mode, *args)

    def _grant(self, n: int) -> Script[None]:
        return self._act("change", "g:", check_amount(n))

    def _refund(self, n: int) -> Script[None]:
        return self._act("change", "r:", check_amount(n))

    def _spend(self, n: int) -> Script[None]:
        return self._act("spend", check_amount(n), 0)

    def _hold(self, n: int, seconds: float) -> Script[bytes]:
        return self._act("spend", n, check_hold(n, seconds))

    def _settle(self, hold: bytes, held: int, actual: int) -> Script[None]:
        return self._act("settle", hold, held, check_amount(actual))

    def _move(self, n: int, to: str) -> Script[None]:
        return self._act("move", to, check_amount(n))

    def _view(self) -> Script[View]:
        return self._act("look")._replace(read=_read_view, witness=LOOK)

    def _remaining(self) -> Command[int]:
        return self._command("HGETALL", self._live, read=_read_remaining)
