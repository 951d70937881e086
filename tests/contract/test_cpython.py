"""CPython's own tests of mappings, on our maps; there are no deviations."""

from __future__ import annotations

import unittest
from itertools import count
from typing import Any

import pytest

from redis_crdt import Replica, memory
from tests.backends import NewClient

mapping_tests: Any = pytest.importorskip("test.mapping_tests")


@pytest.mark.parametrize(
    "name",
    unittest.defaultTestLoader.getTestCaseNames(mapping_tests.BasicTestMappingProtocol),
)
@pytest.mark.parametrize("where", ["memory", "fakeredis", "valkey"])
def test_mappings(where: Any, name: str, new_client: NewClient) -> None:
    replica: Any = (
        memory.Replica(replica_id="a")
        if where == "memory"
        else Replica(new_client(where), replica_id="a")
    )
    numbers = count()

    class Maps(mapping_tests.BasicTestMappingProtocol):  # type: ignore[misc]
        def type2test(self, *args: Any, **items: Any) -> Any:
            map_ = replica.lww_map(f"m{next(numbers)}")
            map_.update(*args, **items)
            return map_

        def _reference(self) -> dict[str, Any]:
            return {"1": "2", "key1": "value1", "key2": [1, 2, 3]}

    result = unittest.TestResult()
    Maps(name).run(result)
    assert result.testsRun == 1
    assert not result.errors
    assert not result.failures
