"""Models change in one region first: what each region then reads of what the other writes.

A value is stored as JSON, by the names of fields, and read by the model of who reads it.

| the newer model | reads what the older one wrote | the older one reads what it wrote |
| --- | --- | --- |
| gains a field with a default | with the default | without the field |
| gains a field without a default | an InvalidValue | without the field |
| loses a field that had a default | without it | with the default |
| loses a field that had none | without it | an InvalidValue |
| renames a field | as one that gains and loses one | as one that gains and loses one |

To rename a field, first have all regions read either name, and then have them write the new one.

Whoever reads a value and writes it back writes what its own model has of it: what an older model
does not know is gone from there on. So give the newer model to all regions, before any of them
writes what only it knows. What cannot be read is never lost: it stays as it is, also where it is
synchronised by regions that cannot read it, and whoever has the model reads it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel, model_validator

from redis_crdt import Replica, memory
from redis_crdt.errors import InvalidValue
from tests.backends import NewClient


class Agent(BaseModel):
    name: str


class Gained(BaseModel):
    name: str
    team: str = "none"


class Demanding(BaseModel):
    name: str
    team: str


class Lost(BaseModel):
    pass


class Renamed(BaseModel):
    title: str


class ReadsBoth(BaseModel):
    """The first step of a renaming: reads either name, and writes the old one."""

    name: str

    @model_validator(mode="before")
    @classmethod
    def _newer(cls, data: Any) -> Any:
        return {"name": data["title"]} if isinstance(data, dict) and "title" in data else data


class WritesNew(BaseModel):
    """The second step, once all regions have the first: reads either name, and writes the new."""

    title: str

    @model_validator(mode="before")
    @classmethod
    def _older(cls, data: Any) -> Any:
        return {"title": data["name"]} if isinstance(data, dict) and "name" in data else data


@pytest.fixture(params=["memory", "redis62", "valkey"])
def regions(request: pytest.FixtureRequest, new_client: NewClient) -> tuple[Any, Any]:
    """Two replicas, on each backend in turn."""
    if request.param == "memory":
        return memory.Replica(replica_id="eu"), memory.Replica(replica_id="us")
    eu, us = (Replica(new_client(request.param), replica_id=name) for name in ("eu", "us"))
    return eu, us


CASES = [
    (Agent(name="ann"), Gained, Gained(name="ann", team="none")),
    (Gained(name="ann", team="red"), Agent, Agent(name="ann")),
    (Agent(name="ann"), Demanding, None),
    (Demanding(name="ann", team="red"), Agent, Agent(name="ann")),
    (Demanding(name="ann", team="red"), Gained, Gained(name="ann", team="red")),
    (Agent(name="ann"), Lost, Lost()),
    (Lost(), Agent, None),
    (Agent(name="ann"), Renamed, None),
    (Renamed(title="ann"), Agent, None),
    (Agent(name="ann"), ReadsBoth, ReadsBoth(name="ann")),
    (WritesNew(title="ann"), ReadsBoth, ReadsBoth(name="ann")),
    (ReadsBoth(name="ann"), WritesNew, WritesNew(title="ann")),
    (ReadsBoth(name="ann"), Agent, Agent(name="ann")),
]


@pytest.mark.parametrize(
    ("written", "reader", "expected"),
    CASES,
    ids=[f"{type(written).__name__}-{reader.__name__}" for written, reader, _ in CASES],
)
def test_what_one_region_reads_of_what_another_has_written(
    regions: tuple[Any, Any], written: BaseModel, reader: type[BaseModel], expected: Any
) -> None:
    eu, us = regions
    eu.lww_map("agents", type(written)).set("a", written)
    eu.lww_register("leader", type(written)).set(written)
    us.sync(eu)
    for read in (
        partial(us.lww_map("agents", reader).get, "a"),
        us.lww_register("leader", reader).get,
    ):
        if expected is None:
            with pytest.raises(InvalidValue, match="is not of type"):
                read()
        else:
            assert read() == expected
    # Whatever the reader makes of it, it is there, as it was written.
    assert us.lww_map("agents", type(written)).get("a") == written


def test_what_an_older_model_writes_back_lacks_what_it_does_not_know(
    regions: tuple[Any, Any],
) -> None:
    eu, us = regions
    eu.lww_map("agents", Gained).set("a", Gained(name="ann", team="red"))
    us.sync(eu)
    older = us.lww_map("agents", Agent)
    older.set("a", older.get("a"))
    us.sync(eu)
    assert eu.lww_map("agents", Gained).get("a") == Gained(name="ann", team="none")


def test_elements_of_sets_are_found_by_newer_models_with_defaults(
    regions: tuple[Any, Any],
) -> None:
    eu, us = regions
    eu.or_set("agents", Agent).add(Agent(name="ann"))
    us.sync(eu)
    newer = us.or_set("agents", Gained)
    assert newer.contains(Gained(name="ann"))
    assert newer.remove(Gained(name="ann"))
    # But an older model takes no element for another that has more to it.
    newer.add(Gained(name="ben", team="red"))
    us.sync(eu)
    with pytest.raises(InvalidValue, match="open the set by the type that wrote it"):
        eu.or_set("agents", Agent).get_elements()
