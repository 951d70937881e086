"""Syncers move rights to where they run out, and leave them alone where they do not."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from itertools import permutations
from random import Random

import pytest

from redis_crdt import Replica
from redis_crdt.errors import Exceeded
from redis_crdt.operations.operation import drive
from redis_crdt.sync.rights import move_rights, with_rights
from tests.backends import NewClient
from tests.integration.test_syncer import NewUrl, until


@pytest.fixture
def regions(new_client: NewClient) -> list[Replica]:
    """Three regions."""
    return [Replica(new_client("valkey"), replica_id=name) for name in ("eu", "us", "ap")]


def pass_round(regions: list[Replica]) -> None:
    """What syncers do again and again."""
    for one, other in permutations(regions, 2):
        one.pull(other)
    for one, other in permutations(regions, 2):
        drive(move_rights(one, other.replica_id, drive(with_rights(one))))


def test_hardly_anything_is_left_where_nobody_asks_for_it(regions: list[Replica]) -> None:
    """Nine tenths of the demand are in one region, which was granted nothing."""
    eu, us, ap = regions
    chance, total, spent = Random(3), 2000, 0
    eu.budget("money").grant(total)
    pass_round(regions)
    pass_round(regions)
    with suppress(Exceeded):
        while spent < total:
            for _ in range(10):
                place = chance.choices([us, eu, ap], [90, 5, 5])[0]
                place.budget("money").spend(1)
                spent += 1
            pass_round(regions)
    assert 0.95 * total <= spent <= total


def test_rights_do_not_travel_to_and_fro(regions: list[Replica]) -> None:
    eu = regions[0]
    eu.budget("money").grant(2**62)
    for _ in range(4):
        pass_round(regions)
    dumped = eu.budget("money").dump()
    assert all(amount * 4 >= 2**60 for amount in eu.budget("money").by_replica().values())
    for _ in range(3):
        pass_round(regions)
        assert eu.budget("money").dump() == dumped
    assert eu.budget("money").remaining() == 2**62


def test_what_a_region_has_that_is_cut_off_stops_nobody(regions: list[Replica]) -> None:
    eu, us, ap = regions
    for each in regions:
        each.budget("money").grant(1)
    pass_round(regions)
    ap.budget("money").grant(1000)
    eu.budget("money").grant(100)
    eu.pull(ap)
    pass_round([eu, us])
    pass_round([eu, us])
    assert us.budget("money").available() >= 25


def test_syncers_move_them(new_url: NewUrl) -> None:
    urls = [new_url("valkey") for _ in range(2)]
    eu, us = (Replica.from_url(urls[i], replica_id=name) for i, name in enumerate(["eu", "us"]))
    with ExitStack() as running:
        for replica, peer in ((eu, urls[1]), (us, urls[0])):
            running.enter_context(replica.keep_in_sync([peer]))
        eu.budget("money").grant(1000)
        until(lambda: us.budget("money").available() > 0)
        spent = 0
        while spent < 900:
            try:
                us.budget("money").spend(10)
                spent += 10
            except Exceeded:
                until(lambda: us.budget("money").available() >= 10)
        assert us.budget("money").remaining() <= 100
