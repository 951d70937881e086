"""Batches: operations on several collections that are carried out as one, or not at all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from redis_crdt.core.totals import check_amount
from redis_crdt.errors import InvalidBatch
from redis_crdt.operations.operation import Script
from redis_crdt.operations.requests import BATCH

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_PENDING: Any = object()


class Recordable(Protocol[R_co]):
    """A collection whose operations a batch can record."""

    def _recorder(self, batch: Batch) -> R_co:
        """Return what records them."""


@dataclass(slots=True)
class Result(Generic[R]):
    """What an operation of a batch will have returned once the batch is carried out."""

    _value: R = _PENDING

    @property
    def value(self) -> R:
        """The result. Raises :class:`InvalidBatch` before the batch is carried out."""
        if self._value is _PENDING:
            raise InvalidBatch("the batch has not been carried out: results come after it")
        return self._value


@dataclass(slots=True)
class Recorded:
    """One operation of a batch."""

    collection: Any
    method: str
    args: tuple[Any, ...]
    required: bool = False
    """Whether the whole batch is dropped where this would have no effect."""
    tells: bool = False
    """Whether its result tells if it took effect; otherwise it has none."""
    options: dict[str, Any] = field(default_factory=dict)
    """What its method is to be told beside the arguments."""
    result: Result[Any] = field(default_factory=Result)
    script: Script[Any] | None = None

    def settle(self, took_effect: bool) -> None:
        """Give the result."""
        self.result._value = took_effect if self.tells else None


class Batch(ABC):
    """Operations that are collected, and carried out together at the end of a ``with``.

    All of them or none, in one round trip; other clients see either none or all of it, and so do
    other replicas once a pull has ended. An exception inside the ``with`` drops the batch. At most
    500 operations on collections of one shard of one replica, none of them in partitions;
    :class:`InvalidBatch` otherwise.
    """

    def __init__(self, replica: Any) -> None:
        self._replica = replica
        self._recorded: list[Recorded] = []
        self._counts: dict[tuple[str, str], Recorded] = {}

    def on(self, collection: Recordable[R]) -> R:
        """Return what records the operations on a collection: its writes, by the same names."""
        taken: Any = collection
        if taken._members:
            raise InvalidBatch(f"{collection!r} is in partitions, and so in no one shard")
        first = self._recorded[0].collection if self._recorded else taken
        if not self._owns(taken) or taken._shard != first._shard:
            raise InvalidBatch(
                f"{collection!r} cannot go into this batch of {self._replica!r}: a batch is of "
                "one replica, and of collections in one shard"
            )
        return collection._recorder(self)

    @abstractmethod
    def _owns(self, collection: Any) -> bool:
        """Whether the collection is one of the batch's replica."""

    def _record(self, recorded: Recorded) -> Result[Any]:
        if len(self._recorded) >= BATCH:
            raise InvalidBatch(f"a batch takes at most {BATCH} operations")
        self._recorded.append(recorded)
        return recorded.result

    def _record_count(self, recorded: Recorded) -> Result[Any]:
        """Record what a counter is to count: it is added up, for its limit holds for the whole."""
        key = (recorded.collection.name, recorded.method)
        earlier = self._counts.setdefault(key, recorded)
        if earlier is recorded:
            return self._record(recorded)
        earlier.args = (check_amount(earlier.args[0] + check_amount(recorded.args[0])),)
        earlier.script = None
        return earlier.result

    def _record_reset(self, recorded: Recorded) -> Result[Any]:
        """Record that what was counted before is taken away; what is counted after it is not."""
        name = recorded.collection.name
        self._counts = {key: count for key, count in self._counts.items() if key[0] != name}
        return self._record(recorded)


class Recorder:
    """Records operations on one collection."""

    def __init__(self, batch: Batch, collection: Any) -> None:
        self._batch = batch
        self._collection = collection

    def _record(
        self,
        method: str,
        *args: Any,
        required: bool = False,
        tells: bool = False,
        **options: Any,
    ) -> Result[Any]:
        given = {name: option for name, option in options.items() if option is not None}
        recorded = Recorded(self._collection, method, args, required, tells, given)
        return self._batch._record(recorded)

    def _count(self, method: str, n: int) -> Result[None]:
        return self._batch._record_count(Recorded(self._collection, method, (n,)))

    def _reset(self) -> Result[None]:
        return self._batch._record_reset(Recorded(self._collection, "reset", ()))
