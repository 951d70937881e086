"""What commands print, on any terminal, into pipes and files, and for programs."""

from __future__ import annotations

import json
import sys
from io import TextIOWrapper
from typing import Any

import typer
from rich.console import Console

WIDE = 10_000
"""How many columns there are where nobody looks: nothing is folded there."""


def encode_anything() -> None:
    """Have what a terminal's encoding does not have printed as an escape, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def console() -> Console:
    """Return a console that prints text as it is, which is others' and no markup."""
    made = Console(markup=False, emoji=False, highlight=False)
    if not made.is_terminal:
        made.width = WIDE
    return made


def print_json(value: Any, *, err: bool = False) -> None:
    """Print JSON, of ASCII alone, so that it stays JSON whatever the encoding.

    On standard error, if ``err``: where standard output is a dump, say.
    """
    typer.echo(json.dumps(value, indent=2), err=err)
