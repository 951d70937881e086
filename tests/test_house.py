"""The house is kept: rooms and floors are those that ``redis_crdt/README.md`` tells."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import redis_crdt
from redis_crdt import errors
from redis_crdt.types import TYPES

ROOT = Path(__file__).parents[1]

PACKAGE = ROOT / "redis_crdt"

PAGE = (PACKAGE / "README.md").read_text(encoding="utf-8")

FLOORS = [
    re.findall("`(\\w+)`", rooms)
    for rooms in re.findall(r"^\| (`.*?) \|", PAGE.partition("\n\nPublic ")[0], re.M)
]
"""The rooms, from the top floor down."""

LONGEST = 400
"""How many lines a module may have, so that it can be read in one go."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


@cache
def imports(module: str) -> frozenset[str]:
    """Which modules of ours a module imports, also in its functions and for types alone."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return frozenset(name for name in found if name in MODULES)


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_every_room_is_on_the_page() -> None:
    there = {room_of(module) for module in MODULES} - {"", "__main__"}
    assert sorted(there) == sorted(room for floor in FLOORS for room in floor)


def test_arrows_go_down() -> None:
    floor_of = {room: number for number, floor in enumerate(FLOORS) for room in floor}
    up = [
        f"{module} imports {other}"
        for module in MODULES
        for other in imports(module)
        if room_of(module) in floor_of
        and room_of(other) in floor_of
        and room_of(module) != room_of(other)
        and floor_of[room_of(other)] <= floor_of[room_of(module)]
    ]
    assert up == []


def test_no_two_modules_import_each_other() -> None:
    # A package's own module imports what it exports; that is no circle.
    graph = {module: imports(module) - {"redis_crdt"} for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_the_core_knows_nothing_else() -> None:
    for module in (module for module in MODULES if room_of(module) == "core"):
        assert {room_of(other) for other in imports(module)} <= {"core", "errors"}, module
        code = MODULES[module].read_text(encoding="utf-8")
        assert not re.search(r"^\s*(?:from|import) (?:hi)?redis\b", code, re.M), module


def test_no_type_knows_another() -> None:
    for module in (module for module in MODULES if room_of(module) == "types"):
        mine = module.split(".")[2:3]
        others = {other.split(".")[2] for other in imports(module) if room_of(other) == "types"}
        if mine in ([], ["awaited"], ["blocking"], ["memory"], ["protocol"]):
            continue  # which bring all types together
        assert others <= {"base", *mine}, module


def test_synchronisation_knows_no_type() -> None:
    for module in (module for module in MODULES if room_of(module) in ("sync", "engine")):
        code = MODULES[module].read_text(encoding="utf-8")
        strings = {
            node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)
        }
        assert not strings & set(TYPES), module


def files() -> Iterator[Path]:
    yield from MODULES.values()
    yield from (ROOT / "lua").rglob("*.lua")


def test_no_module_is_too_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
    assert {path.relative_to(ROOT): n for path, n in lengths.items() if n > LONGEST} == {}


@pytest.mark.parametrize("name", TYPES)
def test_each_type_has_the_same_files(name: str) -> None:
    folder = PACKAGE / "types" / name
    wanted = ("kind", "memory", "operations", "awaited", "blocking", "protocol")
    assert {path.stem for path in folder.glob("*.py")} >= {"__init__", *wanted}
    meaning = importlib.import_module(f"redis_crdt.types.{name}").__doc__ or ""
    assert "| time | region 1 | region 2 |" in meaning


# Errors and public names --------------------------------------------------------------------

EXCEPTIONS = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.CRDTError)
}

BASES = {"CRDTError"}
"""Those that only stand for others."""


@pytest.mark.parametrize("name", sorted(EXCEPTIONS.keys() - BASES))
def test_every_exception_is_raised_and_says_when(name: str) -> None:
    assert EXCEPTIONS[name].__doc__
    made = re.compile(rf"\b(?:errors\.)?{name}(?:\.of)?\(|errors\.{name},")
    code = (path.read_text(encoding="utf-8") for path in MODULES.values() if path.stem != "errors")
    assert any(made.search(text) for text in code)


PUBLIC = re.findall(r"`(redis_crdt[\w.]*)`", PAGE.partition("Public is ")[2].partition("\n\n")[0])


def test_public_modules_are_those_that_name_what_they_export() -> None:
    registers = {f"redis_crdt.types.{side}" for side in ("awaited", "blocking", "memory")}
    naming = {
        module
        for module, path in MODULES.items()
        if re.search("^__all__", path.read_text(encoding="utf-8"), re.M)
    }
    assert naming - registers == set(PUBLIC) - {"redis_crdt.errors", "redis_crdt.servers"}


@pytest.mark.parametrize("module", PUBLIC)
def test_what_is_public_is_documented(module: str) -> None:
    loaded = importlib.import_module(module)
    for name in getattr(loaded, "__all__", ()):
        value = getattr(loaded, name)
        assert not callable(value) or value.__doc__, name


@pytest.mark.parametrize("page", ["README.md", "redis_crdt/types/README.md"])
def test_readmes_import_what_is_public_alone(page: str) -> None:
    readme = (ROOT / page).read_text(encoding="utf-8")
    used = re.findall(r"^(?:from|import) (redis_crdt[\w.]*)", readme, re.M)
    assert set(used) <= set(PUBLIC)
    for name in re.findall(r"^from redis_crdt import (.*)$", readme, re.M):
        for each in name.split(", "):
            assert each in redis_crdt.__all__ or f"redis_crdt.{each}" in PUBLIC
