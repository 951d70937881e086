"""The nemesis itself: what waits holds up nobody else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from redis_crdt.errors import ServerFull
from tests.faults import nemesis
from tests.faults.nemesis import Fault, Full, Scene, Strike, unleash


def test_a_fault_that_waits_for_another_region_does_not_keep_that_one_struck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []

    class Struck(Fault):
        def begin(self) -> None:
            told.append(f"{self.region} struck")

        def end(self) -> None:
            told.append(f"{self.region} healed")

    class Waits(Struck):
        def may_end(self) -> bool:
            return "us healed" in told

    monkeypatch.setattr(nemesis, "FAULTS", {"struck": Struck, "waits": Waits})
    names: Any = {name: name for name in ("eu", "us")}
    strikes = [
        Strike(0.0, 0.01, "waits", "eu", 0),
        Strike(0.005, 0.05, "struck", "us", 1),
        Strike(0.02, 0.01, "struck", "eu", 2),
    ]
    unleash(Scene(names, "seed"), strikes, 0.0)
    assert told == [
        "eu struck",
        "us struck",
        "us healed",
        "eu healed",
        "eu struck",
        "eu healed",
    ]


def test_a_full_server_that_cannot_even_be_opened_has_shown_it() -> None:
    def refused() -> Any:
        raise ServerFull("no room")

    region: Any = SimpleNamespace(name="eu", replica=refused)
    assert Full(Scene({}, "seed"), region, 0).may_end()  # type: ignore[arg-type]
