"""Batches: operations on several collections that are carried out as one, or not at all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Generic, TypeVar, overload

from redis_crdt.core.contexts import Context
from redis_crdt.core.totals import check_amount
from redis_crdt.errors import InvalidBatch
from redis_crdt.operations.operation import Script
from redis_crdt.operations.requests import BATCH
from redis_crdt.types.base.collection.memory import Collection as MemoryCollection
from redis_crdt.types.base.collection.operations import CollectionOperations
from redis_crdt.types.base.counter.operations import GCounterOperations, PNCounterOperations
from redis_crdt.types.g_counter.memory import GCounter
from redis_crdt.types.lww_map.memory import LWWMap
from redis_crdt.types.lww_map.operations import LWWMapOperations, LWWRegisterOperations
from redis_crdt.types.lww_register.memory import LWWRegister
from redis_crdt.types.mv_register.memory import MVRegister
from redis_crdt.types.mv_register.operations import MVRegisterOperations
from redis_crdt.types.or_set.memory import ORSet
from redis_crdt.types.or_set.operations import ORSetOperations
from redis_crdt.types.pn_counter.memory import PNCounter

T = TypeVar("T")
R = TypeVar("R")

AnyCollection = CollectionOperations[Any] | MemoryCollection[Any, Any]
_PENDING: Any = object()


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
    required: bool
    result: Result[Any] = field(default_factory=Result)
    script: Script[Any] | None = None

    def settle(self, took_effect: bool) -> None:
        """Give the result: whether a removal took effect; other writes have none."""
        self.result._value = took_effect if self.method in ("remove", "delete") else None


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

    @overload
    def on(self, collection: ORSetOperations[T] | ORSet[T]) -> ORSetRecorder[T]: ...
    @overload
    def on(self, collection: PNCounterOperations | PNCounter) -> PNCounterRecorder: ...
    @overload
    def on(self, collection: GCounterOperations | GCounter) -> GCounterRecorder: ...
    @overload
    def on(self, collection: LWWMapOperations[T] | LWWMap[T]) -> LWWMapRecorder[T]: ...
    @overload
    def on(
        self, collection: LWWRegisterOperations[T] | LWWRegister[T]
    ) -> LWWRegisterRecorder[T]: ...
    @overload
    def on(self, collection: MVRegisterOperations[T] | MVRegister[T]) -> MVRegisterRecorder[T]: ...
    def on(self, collection: AnyCollection) -> Any:
        """Return what records the operations on a collection: its writes, by the same names."""
        if collection._members:
            raise InvalidBatch(f"{collection!r} is in partitions, and so in no one shard")
        first = self._recorded[0].collection if self._recorded else collection
        if not self._owns(collection) or collection._shard != first._shard:
            raise InvalidBatch(
                f"{collection!r} cannot go into this batch of {self._replica!r}: a batch is of "
                "one replica, and of collections in one shard"
            )
        return _RECORDERS[collection.kind](self, collection)

    @abstractmethod
    def _owns(self, collection: AnyCollection) -> bool:
        """Whether the collection is one of the batch's replica."""

    def _record(self, recorded: Recorded) -> Result[Any]:
        if recorded.method in ("increment", "decrement"):
            # What a counter is to count is added up: its limit holds for the batch as a whole.
            key = (recorded.collection.name, recorded.method)
            earlier = self._counts.setdefault(key, recorded)
            if earlier is not recorded:
                earlier.args = (check_amount(earlier.args[0] + check_amount(recorded.args[0])),)
                earlier.script = None
                return earlier.result
        if len(self._recorded) >= BATCH:
            raise InvalidBatch(f"a batch takes at most {BATCH} operations")
        self._recorded.append(recorded)
        return recorded.result


class ServerBatch(Batch):
    """A batch for a server: one script that carries out all of it."""

    def _owns(self, collection: AnyCollection) -> bool:
        return getattr(collection, "_replica", None) is self._replica

    def _record(self, recorded: Recorded) -> Result[Any]:
        _script_of(recorded)  # what is wrong with the arguments is told at once
        return super()._record(recorded)

    def _operation(self) -> Script[None]:
        numbered = enumerate(self._recorded, 1)
        groups = [list(group) for _, group in groupby(numbered, lambda item: _joinable(*item))]
        first = _script_of(self._recorded[0])
        keys, args, abouts = list(first.keys[:3]), [], []
        for group in groups:
            number, recorded = group[0]
            scripts = [_script_of(recorded) for _, recorded in group]
            script = scripts[0]
            last = {script.args[2]: script.args[2:] for script in scripts}
            rest = [part for written in last.values() for part in written]
            keys += script.keys[3:]
            args += [script.name, number if recorded.required else 0, *script.args[:2]]
            args += [len(rest), *rest]
            abouts.append(script.about)

        def settle(replies: list[int]) -> None:
            for group, reply in zip(groups, replies, strict=True):
                for _, recorded in group:
                    recorded.settle(bool(reply))

        about = "batch on " + ", ".join(dict.fromkeys(abouts))
        return Script("replica/batch", first.shard, tuple(keys), tuple(args), settle, about, None)


def _script_of(recorded: Recorded) -> Script[Any]:
    if recorded.script is None:
        method = getattr(recorded.collection, f"_{recorded.method}")
        recorded.script = method(*recorded.args)
    return recorded.script


def _joinable(number: int, recorded: Recorded) -> tuple[object, ...]:
    """Return what is equal for operations in a row that one script can do as one.

    They are those that reply nothing of their own, and of which a later one on the same field
    leaves nothing of an earlier one.
    """
    script = _script_of(recorded)
    if script.name in ("or_set/add", "lww_map/set", "lww_register/set"):
        return script.name, script.keys
    return (number,)


# What can be recorded on each type ----------------------------------------------------------


class Recorder:
    """Records operations on one collection."""

    def __init__(self, batch: Batch, collection: AnyCollection) -> None:
        self._batch = batch
        self._collection = collection

    def _record(self, method: str, *args: Any, required: bool = False) -> Result[Any]:
        return self._batch._record(Recorded(self._collection, method, args, required))


class ORSetRecorder(Recorder, Generic[T]):
    """Records operations on an OR-Set."""

    def add(self, element: T) -> Result[None]:
        """Record an add."""
        return self._record("add", element)

    def remove(self, element: T, *, required: bool = False) -> Result[bool]:
        """Record a removal; its result tells whether the element was there.

        If it is ``required`` and the element is not there, the whole batch is dropped, with
        :class:`BatchAborted`.
        """
        return self._record("remove", element, required=required)


class GCounterRecorder(Recorder):
    """Records operations on a G-Counter."""

    def increment(self, n: int = 1) -> Result[None]:
        """Record an increment."""
        return self._record("increment", n)


class PNCounterRecorder(GCounterRecorder):
    """Records operations on a PN-Counter."""

    def decrement(self, n: int = 1) -> Result[None]:
        """Record a decrement."""
        return self._record("decrement", n)


class LWWRegisterRecorder(Recorder, Generic[T]):
    """Records operations on an LWW register."""

    def set(self, value: T) -> Result[None]:
        """Record a write."""
        return self._record("set", value)


class MVRegisterRecorder(Recorder, Generic[T]):
    """Records operations on an MV register."""

    def set(self, value: T, context: Context | None = None) -> Result[None]:
        """Record a write."""
        return self._record("set", value, context)


class LWWMapRecorder(Recorder, Generic[T]):
    """Records operations on an LWW map."""

    def set(self, key: str, value: T) -> Result[None]:
        """Record a write."""
        return self._record("set", key, value)

    def delete(self, key: str, *, required: bool = False) -> Result[bool]:
        """Record a deletion; its result tells whether the key was there.

        If it is ``required`` and the key is not there, the whole batch is dropped, with
        :class:`BatchAborted`.
        """
        return self._record("delete", key, required=required)


_RECORDERS: dict[str, type[Recorder]] = {
    "or_set": ORSetRecorder,
    "g_counter": GCounterRecorder,
    "pn_counter": PNCounterRecorder,
    "lww_register": LWWRegisterRecorder,
    "mv_register": MVRegisterRecorder,
    "lww_map": LWWMapRecorder,
}
