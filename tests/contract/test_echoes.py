"""What a replica wrote is not sent back to it, also where it wrote after it was asked."""

from __future__ import annotations

from redis_crdt import Replica, memory
from redis_crdt.operations.operation import drive
from redis_crdt.sync.pull import Pull
from tests.backends import Flavour, NewClient


def test_a_peer_does_not_send_back_what_it_pulled(flavour: Flavour, new_client: NewClient) -> None:
    replica = Replica(new_client(flavour), replica_id="here")
    elements = replica.or_set("s", str)
    for other in (
        memory.Replica(replica_id="inside"),
        Replica(new_client(flavour), replica_id="there"),
    ):
        there, back = Pull(other, replica), Pull(replica, other)
        drive(back.run())  # it asks the replica what it knows, for the time being
        elements.add(other.replica_id)
        assert drive(there.run()).changed
        report = drive(back.run())
        assert (report.entries, report.batches) == (0, 1)
        other.or_set("s", str).remove(other.replica_id)
        assert drive(back.run()).changed == 1
        assert other.replica_id not in elements
    inside = memory.Replica(replica_id="m")
    back = Pull(inside, replica)
    drive(back.run())
    inside.or_set("s", str).add("x")
    replica.pull(inside)
    assert drive(back.run()).entries == 0
