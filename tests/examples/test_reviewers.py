"""The example runs on every kind of backend, through a partition."""

from __future__ import annotations

from redis_crdt import Backend, Replica, memory
from tests.backends import Flavour, NewClient
from tests.examples.reviewers import Reviewer


def review(eu: Backend, us: Backend) -> None:
    ann, ben, cem = Reviewer("ann", eu), Reviewer("ben", eu), Reviewer("cem", us)
    ann.documents.update(["a", "b"])
    cem.documents.add("c")
    ann.budget.increment(10)
    for reviewer in (ann, ben, cem):
        reviewer.work()
    ben.judge("good")
    cem.judge("fair")
    eu.sync(us)
    for reviewer in (ann, ben, cem):
        assert len(reviewer.documents) == 0
        assert reviewer.findings.get_elements() == {
            ("a", "read by ann"),
            ("b", "read by ann"),
            ("c", "read by cem"),
        }
        assert reviewer.reviewed.value() == 3
        assert reviewer.budget.value() == 7
        assert sorted(reviewer.verdict.get()) == ["fair", "good"]
        assert dict(reviewer.doing) == {"ann": "idle", "ben": "idle", "cem": "idle"}
    cem.judge("good, after all")
    us.sync(eu)
    assert ann.verdict.get() == ["good, after all"]


def test_in_memory() -> None:
    review(memory.Replica(replica_id="eu"), memory.Replica(replica_id="us"))


def test_on_servers(flavour: Flavour, new_client: NewClient) -> None:
    review(
        Replica(new_client(flavour), replica_id="eu"), Replica(new_client(flavour), replica_id="us")
    )
