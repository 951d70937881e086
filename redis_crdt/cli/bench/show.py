"""Figures as a table on the screen, as Markdown, and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version

from rich.table import Table
from rich.text import Text

from redis_crdt.cli.bench.figures import Figure, Spread, amount

_MET = {True: "yes", False: "no", None: ""}


def environment(server: str) -> str:
    """Tell on what was measured."""
    return (
        f"{server}, redis-py {version('redis')}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores"
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    if figure.value is None:
        middle = half = ""
    else:
        middle, half = amount(figure.value.median, figure.unit), _half(figure.value)
    aim = (figure.aim, _MET[figure.met])
    return (figure.work, figure.against, middle, half, *aim, figure.note)


def _half(value: Spread) -> str:
    if value.low == value.high:
        return ""
    return f"{value.low:.3g} to {value.high:.3g}"


_HEAD = ("work", "against", "median", "middle half", "target", "met", "")


def table(figures: Iterable[Figure], title: str) -> Table:
    """Show figures on the screen."""
    shown = Table(*_HEAD, title=title)
    for figure in figures:
        style = "red" if figure.met is False else None
        shown.add_row(*(Text(cell.replace("`", "")) for cell in _cells(figure)), style=style)
    return shown


def line(figure: Figure) -> str:
    """Return a figure in one line."""
    return "  ".join(cell for cell in _cells(figure) if cell)


def markdown(figures: Iterable[Figure]) -> str:
    """Return figures as the rows of a table in Markdown."""
    rows = [_HEAD, ("---",) * len(_HEAD), *map(_cells, figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def as_json(figures: Iterable[Figure], title: str) -> str:
    """Return figures as JSON."""
    told = [{**asdict(figure), "met": figure.met} for figure in figures]
    return json.dumps({"environment": title, "figures": told}, indent=2)
