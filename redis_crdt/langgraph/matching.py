"""Which items a filter lets through, and which namespaces conditions name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from operator import ge, gt, le, lt
from typing import Any, Final

from langgraph.store.base import MatchCondition

from redis_crdt.errors import UnknownOperation

Namespace = tuple[str, ...]

Place = tuple[Namespace, str]
"""The namespace and the key of an item."""

ANY: Final = "*"
"""Stands for any label in a condition."""

_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$gt": gt,
    "$gte": ge,
    "$lt": lt,
    "$lte": le,
}


def is_wanted(value: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    """Whether a value passes a filter; :class:`UnknownOperation` for an operator that is none."""
    return all(_fits(value.get(key), part) for key, part in (wanted or {}).items())


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        if any(key.startswith("$") for key in wanted):
            return all(_passes(value, operator, than) for operator, than in wanted.items())
        return isinstance(value, Mapping) and is_wanted(value, wanted)
    if isinstance(wanted, list | tuple):
        is_as_long = isinstance(value, list | tuple) and len(value) == len(wanted)
        return is_as_long and all(map(_fits, value, wanted))
    return bool(value == wanted)


def _passes(value: Any, operator: str, than: Any) -> bool:
    if operator == "$eq":
        return bool(value == than)
    if operator == "$ne":
        return bool(value != than)
    if operator not in _ORDERS:
        known = ", ".join(["$eq", "$ne", *_ORDERS])
        raise UnknownOperation(f"a filter has no operator {operator!r}; there are {known}")
    # What is not there, or of another kind than what it is compared with, is in no order with it.
    alike = any(isinstance(value, kind) and isinstance(than, kind) for kind in (Real, str))
    return alike and _ORDERS[operator](value, than)


def is_named(namespace: Namespace, conditions: Iterable[MatchCondition]) -> bool:
    """Whether a namespace meets all of the conditions."""
    return all(_meets(namespace, condition) for condition in conditions)


def _meets(namespace: Namespace, condition: MatchCondition) -> bool:
    length = len(condition.path)
    if len(namespace) < length:
        return False
    if condition.match_type == "prefix":
        labels = namespace[:length]
    elif condition.match_type == "suffix":
        labels = namespace[len(namespace) - length :]
    else:
        raise UnknownOperation(
            f"a namespace is matched by prefix or suffix, not {condition.match_type!r}"
        )
    return all(name in (ANY, label) for label, name in zip(labels, condition.path, strict=True))


def beginning_of(conditions: Iterable[MatchCondition]) -> Namespace:
    """Return labels that all namespaces begin with which meet the conditions: as many as can be."""
    longest: Namespace = ()
    for condition in conditions:
        if condition.match_type == "prefix":
            path = tuple(condition.path)
            known = path[: path.index(ANY)] if ANY in path else path
            longest = max(longest, known, key=len)
    return longest
