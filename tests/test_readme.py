"""What the README says is true: its Python runs, on real servers, and its commands exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis_crdt import Replica, servers
from redis_crdt.testing import Regions, regions  # noqa: F401

README = Path(__file__).parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.M | re.S)


def test_the_python_of_the_readme_runs(
    server_flavour: servers.Flavour,
    new_url: Callable[[servers.Flavour], str],
    regions: Regions,  # noqa: F811
) -> None:
    urls = {f"redis://localhost:{port}": new_url(server_flavour) for port in (6381, 6382)}
    namespace: dict[str, Any] = {"__name__": "readme"}
    code = blocks("python")
    assert len(code) >= 5
    for block in code:
        for url, real in urls.items():
            block = block.replace(url, real)
        exec(compile(block, "README.md", "exec"), namespace)
    namespace["test_work_goes_on_while_cut_off"](regions)
    for replica in (namespace["eu"], namespace["us"]):
        assert isinstance(replica, Replica)
        replica.close()


def test_the_modules_and_files_that_the_readme_names_exist() -> None:
    root = README.parent
    text = README.read_text()
    for module in set(re.findall(r"python -m (tests[\w.]+)", text)):
        path = module.replace(".", "/")
        assert any((root / f).is_file() for f in (f"{path}.py", f"{path}/__main__.py")), module
    for path in set(re.findall(r"`((?:lua|redis_crdt|tests)/[\w/.]+)`", text)):
        assert (root / path).exists(), path
