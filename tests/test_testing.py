"""The fixtures that users import into their own tests."""

from __future__ import annotations

import pytest

from redis_crdt import Replica
from redis_crdt.errors import ServerUnreachable
from redis_crdt.testing import Regions, regions, replica  # noqa: F401


def test_a_replica(replica: Replica) -> None:  # noqa: F811
    replica.or_set("tasks", str).add("t1")
    assert replica.replica_id == "eu"
    assert set(replica.or_set("tasks", str)) == {"t1"}


@pytest.mark.parametrize("_", range(2))
def test_each_test_begins_with_an_empty_one(replica: Replica, _: int) -> None:  # noqa: F811
    done = replica.g_counter("done")
    done.increment()
    assert done.value() == 1


def test_a_partition(regions: Regions) -> None:  # noqa: F811
    eu, us = (r.or_set("tasks", str) for r in (regions.eu, regions.us))
    eu.add("t1")
    regions.sync()
    with regions.partition.opened():
        eu.add("t2")
        us.remove("t1")
        for sync in (
            regions.sync,
            lambda: regions.eu.pull(regions.us_from_eu),
            lambda: regions.us.sync(regions.eu_from_us),
        ):
            with pytest.raises(ServerUnreachable, match="cut apart"):
                sync()
        assert (set(eu), set(us)) == ({"t1", "t2"}, set())
    regions.us.sync(regions.eu_from_us)
    assert set(eu) == set(us) == {"t2"}
