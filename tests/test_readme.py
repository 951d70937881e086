"""What the README, and the pages on collections and agents, say is true: their Python runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redis_crdt import Replica, errors, servers
from redis_crdt.agents import OPERATIONS
from redis_crdt.core.kinds import KINDS
from redis_crdt.testing import Regions, regions  # noqa: F401

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COLLECTIONS = ROOT / "redis_crdt/types/README.md"
AGENTS = ROOT / "redis_crdt/agents/README.md"
PAGES = [README, *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


def test_the_python_of_the_readme_runs_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    (code,), (printed,) = blocks(README, "python"), blocks(README, "text")
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out == printed


def test_the_python_on_collections_runs(
    server_flavour: servers.Flavour,
    new_url: Callable[[servers.Flavour], str],
    new_cluster: Callable[[], servers.Cluster],
    regions: Regions,  # noqa: F811
) -> None:
    urls = {f"redis://localhost:{port}": new_url(server_flavour) for port in (6381, 6382)}
    urls["redis+cluster://localhost:7001"] = new_cluster().url
    namespace: dict[str, Any] = {"__name__": "readme"}
    code = blocks(COLLECTIONS, "python")
    assert len(code) >= 5
    for block in code:
        for url, real in urls.items():
            block = block.replace(url, real)
        exec(compile(block, COLLECTIONS, "exec"), namespace)
    namespace["test_work_goes_on_while_cut_off"](regions)
    for replica in (namespace["eu"], namespace["us"]):
        assert isinstance(replica, Replica)
        replica.close()


def test_the_python_on_agents_runs(
    server_flavour: servers.Flavour, new_url: Callable[[servers.Flavour], str]
) -> None:
    here = new_url(server_flavour)
    namespace: dict[str, Any] = {"__name__": "agents"}
    for block in blocks(AGENTS, "python"):
        block = block.replace("redis://localhost:6381", here)
        exec(compile(block, AGENTS, "exec"), namespace)
    namespace["eu"].close()


def test_all_tools_are_on_the_page_on_agents() -> None:
    assert first_cells(AGENTS.read_text()) == OPERATIONS.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text().replace("NAME/", "g_set/")
    for module in set(re.findall(r"python -m (tests[\w.]+)", text)):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module
    for path in set(re.findall(r"`((?:lua|redis_crdt|tests)/[\w/.]+)`", text)):
        assert (ROOT / path).exists(), path
    for path, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text):
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), path
        assert not anchor or anchor in anchors_of(linked), anchor


@pytest.mark.parametrize("page", [README, COLLECTIONS], ids=["readme", "collections"])
def test_each_type_is_in_the_table(page: Path) -> None:
    told = first_cells(page.read_text().partition("\n## What holds")[0])
    assert told >= KINDS.keys() - {"dropped", "partitions"}


def test_what_to_do_is_said_of_each_exception() -> None:
    part = COLLECTIONS.read_text().partition("## When something is raised")[2]
    ours = {name for name, value in vars(errors).items() if is_ours(value)}
    assert first_cells(part.partition("\n## ")[0]) == ours - {"CRDTError"}


def first_cells(text: str) -> set[str]:
    """What the rows of a table are of, each in backquotes."""
    cells = re.findall(r"^\| (`.*?) \|", text, re.M)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def anchors_of(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}


def is_ours(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, errors.CRDTError)
