"""CPython's own tests of mappings, on our maps: from the library of the Python that runs."""

from __future__ import annotations

import unittest
from itertools import count
from typing import Any

import pytest

from tests.contract.cpython import Deviation, check, failures

mapping_tests: Any = pytest.importorskip("test.mapping_tests")

KEYS = Deviation("keys are texts", r"InvalidValue: a map's keys are str, not int")
OF_DICTS = Deviation("what makes a dict is no part of a mapping", r"no attribute '(copy|fromkeys)'")
COPIES = Deviation(
    "what is read is a value of its own, which changes nothing where it is changed",
    r"IndexError: list index out of range",
)
ORDER = Deviation("a server shows its items in no order", r"False is not true")

DEVIATIONS = {
    "TestMappingProtocol.test_clear": {KEYS},
    "TestMappingProtocol.test_copy": {KEYS},
    "TestMappingProtocol.test_fromkeys": {OF_DICTS},
    "TestMappingProtocol.test_items": {KEYS},
    "TestMappingProtocol.test_popitem": {OF_DICTS},
    "TestMappingProtocol.test_setdefault": {COPIES},
    "TestMappingProtocol.test_update": {KEYS},
    "TestMappingProtocol.test_values": {KEYS},
}
ON_SERVERS = {"TestMappingProtocol.test_popitem": {ORDER}}


@pytest.mark.parametrize("name", ["BasicTestMappingProtocol", "TestMappingProtocol"])
@pytest.mark.parametrize("where", ["memory", "fakeredis", "valkey"])
def test_mappings(where: str, name: str, replica: Any) -> None:
    numbers = count()

    class Maps(getattr(mapping_tests, name)):  # type: ignore[misc]
        class type2test(type(replica.lww_map("made"))):  # type: ignore[misc]
            def __init__(self, *args: Any, **items: Any) -> None:
                self.__dict__.update(replica.lww_map(f"m{next(numbers)}").__dict__)
                self.update(*args, **items)

        def _reference(self) -> dict[str, Any]:
            return {"1": "2", "key1": "value1", "key2": [1, 2, 3]}

    for test in unittest.defaultTestLoader.getTestCaseNames(Maps):
        deviations = DEVIATIONS | ({} if where == "memory" else ON_SERVERS)
        check(f"{name}.{test}", failures(Maps, test), deviations)
