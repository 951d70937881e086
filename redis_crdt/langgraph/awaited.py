"""The items of a store, by their namespaces, on a replica that is awaited."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from heapq import nlargest
from itertools import chain
from typing import Any, Final

from langgraph.store.base import (
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    validate_op_namespace,
)
from pydantic import BaseModel

from redis_crdt.errors import UnknownOperation
from redis_crdt.langgraph.abreast.awaited import all_of
from redis_crdt.langgraph.matching import Namespace, Place, beginning_of, is_named, is_wanted
from redis_crdt.replica.backend.awaited import AnyReplica

_OPENED: Final = 1000
"""How many collections of each kind are remembered, so that they need not be opened again."""

_TOGETHER: Final = 100
"""How many namespaces are read together, so that not all of their items are held at once."""

_BELOW: Final = "."
"""What ends the mark of a label below which there are namespaces; labels have no periods."""


class Stored(BaseModel):
    """What is stored under a key."""

    value: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    ttl: float | None = None
    """For how many seconds it is there from when it was put, or refreshed; None for ever."""


class Shelves:
    """The items of a store: a map for each namespace, and what tells where there are some.

    For that there is a set for each label path below which there are namespaces, with marks of the
    labels that come next: ``a`` where items are in that namespace, ``a.`` where there is more below
    it. A put writes its item and the marks at once. Nothing takes a mark away: another region may
    be putting an item there, and a pull may bring its mark before the item. So who lists
    namespaces asks each how many items it has.
    """

    def __init__(self, replica: AnyReplica, name: str) -> None:
        self._replica = replica

        def named(what: str, namespace: Namespace) -> str:
            return f"{{{name}}}:{what}:{_BELOW.join(namespace)}"

        @lru_cache(_OPENED)
        def items_in(namespace: Namespace) -> Any:
            return replica.lww_map(named("items", namespace), Stored)

        @lru_cache(_OPENED)
        def marks_of(namespace: Namespace) -> Any:
            return replica.g_set(named("below", namespace), str)

        self._items_in, self._marks_of = items_in, marks_of

    async def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Carry out operations: what reads finds what was there before what writes."""
        ops = [_checked(op) for op in ops]
        items = await self._get_all([op for op in ops if isinstance(op, GetOp)])
        others = [op for op in ops if isinstance(op, SearchOp | ListNamespacesOp)]
        found = iter(await all_of(self._look(op) for op in others))
        await self._put_all({(op.namespace, op.key): op for op in ops if isinstance(op, PutOp)})
        return [
            items.get((op.namespace, op.key))
            if isinstance(op, GetOp)
            else None
            if isinstance(op, PutOp)
            else next(found)
            for op in ops
        ]

    # Reading ----------------------------------------------------------------------------------

    async def _stored(self, places: Iterable[Place]) -> dict[Place, Stored]:
        """Return what is stored in those of the places where there is anything."""
        by_namespace = defaultdict[Namespace, list[str]](list)
        for namespace, key in places:
            by_namespace[namespace].append(key)
        maps = [self._items_in(namespace) for namespace in by_namespace]
        asked = zip(maps, by_namespace.values(), strict=True)
        parts = await all_of(items.get_many(keys) for items, keys in asked)
        return {
            (namespace, key): stored
            for namespace, part in zip(by_namespace, parts, strict=True)
            for key, stored in part.items()
        }

    async def _get_all(self, ops: list[GetOp]) -> dict[Place, Item]:
        found = await self._stored((op.namespace, op.key) for op in ops)
        asked = {(op.namespace, op.key) for op in ops if op.refresh_ttl}
        await self._refresh([place for place in found if place in asked], found)
        return {place: Item(**_told(place, stored)) for place, stored in found.items()}

    async def _look(self, op: SearchOp | ListNamespacesOp) -> Result:
        if isinstance(op, SearchOp):
            return await self._search(op)
        return await self._list(op)

    async def _search(self, op: SearchOp) -> list[SearchItem]:
        found: list[tuple[Place, Stored]] = []
        async for namespaces in self._at_or_below(op.namespace_prefix):
            parts = await all_of(self._items_in(each).to_dict() for each in namespaces)
            fresh = (
                ((namespace, key), stored)
                for namespace, part in zip(namespaces, parts, strict=True)
                for key, stored in part.items()
                if is_wanted(stored.value, op.filter)
            )
            found = nlargest(op.offset + op.limit, chain(found, fresh), key=_newness)
        shown = dict(found[op.offset :])
        if op.refresh_ttl:
            await self._refresh([*shown], shown)
        return [SearchItem(**_told(place, stored)) for place, stored in shown.items()]

    async def _list(self, op: ListNamespacesOp) -> list[Namespace]:
        conditions = op.match_conditions or ()
        found = set[Namespace]()
        async for namespaces in self._at_or_below(beginning_of(conditions)):
            named = [each for each in namespaces if is_named(each, conditions)]
            sizes = await all_of(self._items_in(each).size() for each in named)
            found |= {each[: op.max_depth] for each, size in zip(named, sizes, strict=True) if size}
        return sorted(found)[op.offset : op.offset + op.limit]

    async def _at_or_below(self, prefix: Namespace) -> AsyncIterator[list[Namespace]]:
        """Yield the namespaces that were ever written to, from the prefix on; some at a time."""
        yield [prefix]
        above = [prefix]
        while above:
            next_ones = []
            for some in _slices(above):
                marks = await all_of(self._marks_of(each).get_elements() for each in some)
                pairs = zip(some, marks, strict=True)
                below = [(*each, mark) for each, its in pairs for mark in its]
                for part in _slices([each for each in below if not each[-1].endswith(_BELOW)]):
                    yield part
                ways = (each for each in below if each[-1].endswith(_BELOW))
                next_ones += [(*each[:-1], each[-1].removesuffix(_BELOW)) for each in ways]
            above = next_ones

    # Writing ----------------------------------------------------------------------------------

    async def _refresh(self, places: list[Place], found: dict[Place, Stored]) -> None:
        """Have those of the items that expire be there for as long as they were put for."""
        passing = {place: found[place].ttl for place in places if found[place].ttl is not None}
        await all_of(self._keep(place, ttl) for place, ttl in passing.items())
        # What was put meanwhile, for another time, was given this one.
        since = await self._stored(passing)
        others = {place: new.ttl for place, new in since.items() if new.ttl != passing[place]}
        await all_of(self._keep(place, ttl) for place, ttl in others.items())

    async def _keep(self, place: Place, ttl: float | None) -> bool:
        namespace, key = place
        items = self._items_in(namespace)
        kept: bool = await items.persist(key) if ttl is None else await items.expire(key, ttl)
        return kept

    async def _put_all(self, ops: dict[Place, PutOp]) -> None:
        """Write or delete each item in one atomic step."""
        before = await self._stored(place for place, op in ops.items() if op.value is not None)
        # What cannot be stored is found while all are recorded, before anything is written.
        batches = [self._recorded(op, before.get(place)) for place, op in ops.items()]
        await all_of(_carried_out(batch) for batch in batches)

    def _recorded(self, op: PutOp, before: Stored | None) -> Any:
        batch = self._replica.batch()
        items = batch.on(self._items_in(op.namespace))
        if op.value is None:
            items.delete(op.key)
            return batch
        now = datetime.now(UTC)
        created = before.created_at if before else now
        # Unchecked, for it is checked as it is written: what is wrong is then an error of ours.
        seconds = None if op.ttl is None else op.ttl * 60
        stored = Stored.model_construct(
            value=dict(op.value), created_at=created, updated_at=now, ttl=seconds
        )
        items.set(op.key, stored, ttl=seconds)
        for depth, label in enumerate(op.namespace, 1):
            mark = label if depth == len(op.namespace) else label + _BELOW
            batch.on(self._marks_of(op.namespace[: depth - 1])).add(mark)
        return batch


async def _carried_out(batch: Any) -> Any:
    async with batch:
        return batch


def _slices(namespaces: list[Namespace]) -> Iterator[list[Namespace]]:
    for start in range(0, len(namespaces), _TOGETHER):
        yield namespaces[start : start + _TOGETHER]


def _checked(op: Op) -> Op:
    """Return an operation; raise what tells that it cannot be carried out."""
    if isinstance(op, SearchOp):
        op = op._replace(namespace_prefix=tuple(op.namespace_prefix))
    elif isinstance(op, GetOp | PutOp):
        op = op._replace(namespace=tuple(op.namespace))
    elif not isinstance(op, ListNamespacesOp):
        raise UnknownOperation(f"a store has no operation {type(op).__name__}")
    validate_op_namespace(op)
    return op


def _told(place: Place, stored: Stored) -> dict[str, Any]:
    """Return what items tell."""
    namespace, key = place
    times = {"created_at": stored.created_at, "updated_at": stored.updated_at}
    return {"namespace": namespace, "key": key, "value": stored.value, **times}


def _newness(item: tuple[Place, Stored]) -> tuple[datetime, Place]:
    place, stored = item
    return stored.updated_at, place
