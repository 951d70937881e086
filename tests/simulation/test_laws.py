"""By which laws things grow with regions, writes and restarts; ``README.md`` here has them."""

from __future__ import annotations

import pytest

from tests.simulation.regions import links_of
from tests.simulation.traffic import flow, joined
from tests.simulation.years import days

SHAPES = ("mesh", "star", "tree")


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_known_goes_with_regions_and_not_with_restarts(shape: str) -> None:
    for count in (2, 5):
        early, late = days(shape, count, 16, 8)
        assert early.known == late.known <= 5 * count
        assert early.known_bytes == late.known_bytes
        assert late.scans == 0


def test_histories_counters_and_what_entries_have_seen_are_bounded() -> None:
    *_, last = days("star", 2, 80, 40, hot=1)
    assert last.history == 64
    assert last.seen < 16
    assert last.fields < 2 * 16
    assert last.scans == 0


@pytest.mark.parametrize("shape", ["star", "tree"])
def test_a_write_crosses_each_way_between_two_regions_once(shape: str) -> None:
    for count, writes in ((4, 1), (8, 1), (8, 4)):
        seen = flow(shape, count, writes, 1000)
        assert seen.links == 2 * (count - 1)
        assert seen.entries * seen.links == pytest.approx(count * writes * seen.links / 2)


def test_in_a_mesh_a_write_crosses_all_links_but_those_back() -> None:
    seen = flow("mesh", 5, 2, 1000)
    assert seen.entries <= (5 - 1) * 2


@pytest.mark.parametrize(("shape", "hops"), [("mesh", 1), ("star", 2), ("tree", 4)])
def test_a_change_is_everywhere_after_its_hops(shape: str, hops: int) -> None:
    assert flow(shape, 9, 1, 1000, delay_ms=30).most_ms <= hops * 30


def test_pulls_of_a_link_are_bounded_by_its_delay() -> None:
    few, many = (flow("star", 3, writes, 500, delay_ms=50) for writes in (20, 200))
    assert few.pulls <= many.pulls <= 1.2 * 1000 / 50
    assert many.about_state <= few.about_state * many.pulls / few.pulls * 1.1


def test_what_is_said_of_state_goes_by_whose_clocks_move_and_not_by_who_is_known() -> None:
    fresh, restarted = (flow("star", 5, 1, 1000, restarts=n) for n in (0, 3))
    assert (fresh.known, restarted.known) == (5, 15)
    assert restarted.about_state == pytest.approx(fresh.about_state, rel=0.02)


def test_a_new_region_reads_all_entries_once_and_is_read_once_by_each_peer() -> None:
    for count in (3, 6):
        found = joined("mesh", count, 600)
        assert (found.scans, found.others_scans) == (1, count)


def test_links_are_those_of_the_shapes() -> None:
    assert {shape: len(links_of(shape, 9)) for shape in SHAPES} == {
        "mesh": 72,
        "star": 16,
        "tree": 16,
    }
    assert {(0, 3), (3, 4)} <= set(links_of("tree", 9))
    assert (0, 4) not in links_of("tree", 9)
