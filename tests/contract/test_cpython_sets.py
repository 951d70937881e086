"""CPython's own tests of sets, on ours: from the library of the Python that runs, none copied.

Each runs twice: with all sets in it ours, and with ours among Python's own. Where ours behave
otherwise on purpose, that is listed with the reason, and what no longer fails so is a failure.
"""

from __future__ import annotations

import unittest
from collections.abc import Iterable
from itertools import count
from typing import Any

import pytest

from tests.contract.cpython import Deviation, check, failures, found_in

test_set: Any = pytest.importorskip("test.test_set")
PythonsOwn = set


OPERANDS = Deviation(
    "operators take any iterable, as those of collections.abc do",
    r"expected TypeError|did not screen-out general iterables|TypeError not raised by <lambda>",
)
UNHASHABLE = Deviation(
    "what cannot be hashed may be an element, and what is of no element's type is only not there",
    r"TypeError not raised by (?!<)",
)
ABSENT = Deviation(
    "removing what is absent does nothing: another region may just have removed it",
    r"KeyError not raised by remove|should have raised LookupError|AssertionError: None$",
)
TYPED = Deviation(
    "not any object can be stored: writing what is not of the element's type raises",
    r"InvalidValue: .* cannot be stored as",
)
COERCED = Deviation(
    "nothing is coerced: a set is not taken for a frozenset that is an element",
    r"<Ours .*> not found in <Ours",
)
IDENTITY = Deviation(
    "elements are equal to what was added, and not the same objects",
    r"False is not true",
)
ITERATION = Deviation(
    "iterating yields what is there as it is read, and does not say beforehand how many that are",
    r"no exception when changing size|object has no attribute '__length_hint__'",
)
SHOWN = Deviation(
    "repr names the set and its replica; to show the elements would take round trips",
    r"\+ set\(\)|\+ {|False is not true",
)
PICKLED = Deviation(
    "a set is a part of its replica; what is to be elsewhere is its dump",
    r"[Cc]an('t|not) (pickle|get local object)",
)
COPIED = Deviation(
    "the copy() made for these tests is another set of ours", r"Ours'> != <class 'set'>"
)

DEVIATIONS = {
    "TestSet.test_add": {UNHASHABLE},
    "TestSet.test_and": {OPERANDS},
    "TestSet.test_badcmp": {TYPED},
    "TestSet.test_contains": {UNHASHABLE, COERCED},
    "TestSet.test_copy": {COPIED},
    "TestSet.test_cyclical_repr": {TYPED},
    "TestSet.test_deepcopy": {TYPED},
    "TestSet.test_difference": {UNHASHABLE},
    "TestSet.test_difference_update": {UNHASHABLE},
    "TestSet.test_discard": {TYPED, COERCED},
    "TestSet.test_do_not_rehash_dict_keys": {TYPED},
    "TestSet.test_intersection_update": {UNHASHABLE},
    "TestSet.test_or": {OPERANDS},
    "TestSet.test_pickling": {PICKLED},
    "TestSet.test_remove": {ABSENT, TYPED, COERCED},
    "TestSet.test_remove_keyerror_set": {TYPED},
    "TestSet.test_remove_keyerror_unpacking": {ABSENT},
    "TestSet.test_sub": {OPERANDS},
    "TestSet.test_symmetric_difference": {UNHASHABLE},
    "TestSet.test_symmetric_difference_update": {UNHASHABLE},
    "TestSet.test_union": {UNHASHABLE},
    "TestSet.test_uniquification": {UNHASHABLE},
    "TestSet.test_update": {UNHASHABLE},
    "TestSet.test_xor": {OPERANDS},
    "TestBasicOpsMixedStringBytes.*": {TYPED},  # in JSON bytes are a text, too
    "TestBasicOpsTriple.*": {TYPED},
    "TestBasicOps*.test_iteration": {ITERATION},
    "TestBasicOps*.test_pickling": {PICKLED},
    "TestBasicOps*.test_repr": {SHOWN},
    "TestExceptionPropagation.test_changingSizeWhileIterating": {ITERATION},
    "TestMutate.test_remove_absent": {ABSENT},
    "TestOnlySets[DGST]*.test_difference": {OPERANDS},
    "TestOnlySets[DGST]*.test_intersection": {OPERANDS},
    "TestOnlySets[DGST]*.test_sym_difference": {OPERANDS},
    "TestOnlySets[DGST]*.test_union": {OPERANDS},
    "TestOnlySets[DGST]*.test_*update_operator": {OPERANDS},
    "TestCopying*ed.test_copy": {IDENTITY},
    "TestCopyingTuple.test_copy": {IDENTITY},
}
OF_OURS = {  # where all sets are ours
    "TestSet.test_container_iterator": {TYPED},
    "TestSet.test_gc": {TYPED},
    "TestSet.test_subclass_with_custom_hash": {TYPED},
}
ON_SERVERS = {
    "TestSet.test_iterator_pickling": {PICKLED},
    "TestCopying*.test_deep_copy": {PICKLED},
}

LEFT_OUT = {
    "Test*Frozen*": "our sets change",
    "Test*Mutating*": "no code of an element runs, so none changes a set that is compared",
    "TestWeirdBugs": "the same",
    "TestGraphs": "of sets of frozensets of frozensets, in which ours would only be counted",
    "TestSetSubclass*": "ours as they are made here are subclasses already",
    "TestSet.test_free_after_iterating": "what Python frees when is no matter of ours",
}
# Those that make their sets themselves, and have not ours among Python's.
ALL_OURS = {"TestExceptionPropagation", "TestSetOfSets", "TestVariousIteratorArgs"}

# Of which type the elements are; else they are JSON.
TYPES: dict[str, Any] = {
    "TestBasicOpsTuple.*": tuple[int, str],
    "TestBasicOpsBytes.*": bytes,
    "TestBasicOpsMixedStringBytes.*": str | bytes,
    "TestCopyingTuple.*": tuple[int, int],
    "TestCopyingNested.*": tuple[tuple[int, int], tuple[int, int]],
    "TestSetOfSets.*": frozenset[int],
    "TestSet.test_setOfFrozensets": frozenset[str],
    "TestSet.test_contains": str | frozenset[str],
    "TestSet.test_discard": str | frozenset[str],
    "TestSet.test_remove": str | frozenset[str],
}


CASES = [
    name
    for name, case in vars(test_set).items()
    if isinstance(case, type) and issubclass(case, unittest.TestCase)
    if not found_in(LEFT_OUT, name)
]


def sets_of(replica: Any) -> Any:
    """Make the class of sets that tests make as they do Python's: of another name each time."""
    numbers = count()

    class Ours(type(replica.or_set("made"))):  # type: ignore[misc]
        element_type: Any = Any
        made = 0

        def __init__(self, elements: Iterable[Any] = ()) -> None:
            opened = replica.or_set(f"s{next(numbers)}", Ours.element_type)
            self.__dict__.update(opened.__dict__)
            self.update(elements)
            Ours.made += 1

        def copy(self) -> Any:
            return type(self)(self)

    return Ours


def adapted(case: Any, ours: Any) -> Any:
    """Return a case whose sets under test are ours, and which goes on after most failures."""

    class Adapted(case):  # type: ignore[misc]
        def setUp(self) -> None:
            if hasattr(case, "thetype"):
                self.thetype = ours
            super().setUp()
            for attribute in ("set", "left", "a"):
                if isinstance(elements := getattr(self, attribute, None), PythonsOwn):
                    setattr(self, attribute, ours(elements))

        def assertRaises(self, error: Any, *call: Any, **options: Any) -> Any:
            if not call:
                return super().assertRaises(error)  # noqa: PT027
            with self.subTest():
                super().assertRaises(error, *call, **options)  # noqa: PT027
            return None

        def assertIn(self, element: Any, elements: Any) -> None:
            with self.subTest():
                super().assertIn(element, elements)  # noqa: PT009

    return Adapted


@pytest.mark.parametrize(
    ("operands", "name"),
    [("ours", name) for name in CASES]
    + [("Python's", name) for name in CASES if name not in ALL_OURS],
)
@pytest.mark.parametrize("where", ["memory", "fakeredis", "valkey"])
def test_sets(
    where: str, operands: str, name: str, replica: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = sets_of(replica)
    deviations = DEVIATIONS | ({} if where == "memory" else ON_SERVERS)
    if operands == "ours":
        deviations |= OF_OURS
        monkeypatch.setattr(test_set, "set", ours, raising=False)
        monkeypatch.setattr(test_set, "empty_set", ours())
    case = adapted(getattr(test_set, name), ours)
    ran = 0
    for test in unittest.defaultTestLoader.getTestCaseNames(case):
        whole_name = f"{name}.{test}"
        if found_in(LEFT_OUT, whole_name):
            continue
        ours.element_type, made = found_in(TYPES, whole_name, Any), ours.made
        failed = failures(case, test)
        if not failed and ours.made == made:
            continue  # it is about Python's own sets alone
        ran += 1
        check(whole_name, failed, deviations)
    assert ran
