"""The page on examples is true: its Python runs, and it names every recipe."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from redis_crdt import servers

HERE = Path(__file__).parent

PAGE = (HERE / "README.md").read_text(encoding="utf-8")


def test_its_python_runs(
    server_flavour: servers.Flavour, new_url: Callable[[servers.Flavour], str]
) -> None:
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S))
    for port in (6381, 6382):
        code = code.replace(f"redis://localhost:{port}", new_url(server_flavour))
    exec(compile(code, "README.md", "exec"), {"__name__": "page"})


def test_each_recipe_is_named() -> None:
    there = {path.name for path in (HERE / "recipes").glob("[!_]*.py")} - {"test_recipes.py"}
    assert there == set(re.findall(r"recipes/(\w+\.py)", PAGE))
