"""The scripts of ``lua/``: reading them, and putting each together with what it includes.

A script names the pieces it needs in lines ``-- @include PATH``, constants in lines ``-- @define
NAME VALUE``, and what it runs in a line ``-- @run FUNCTION, ARGUMENT``. The text that results is
plain Lua, which any client may load. Servers define all functions of a script anew at each call,
and that costs more than many of them do, above all for each local that functions share. So
constants are put in as they are, and what is rarely needed is included inside of the function that
needs it: defined only when that one runs.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

_INCLUDE = re.compile(r"^( *)-- @include (\S+)\n", re.MULTILINE)
_DEFINE = re.compile(r"^-- @define (\w+) (.+)\n", re.MULTILINE)
_RUN = re.compile(r"^-- @run (.+)\n", re.MULTILINE)

# Ours come as tables, the server's own errors in whatever form it uses: those are passed on.
_MAIN = """local ok, reply = pcall({call})
if ok then return reply end
if type(reply) == 'table' and reply.crdt then return {{err = reply.crdt}} end
error(reply, 0)
"""


class Source(NamedTuple):
    """A script as it is sent to a server, and the digest by which the server then knows it."""

    text: bytes
    digest: bytes


@cache
def _root() -> Path:
    """Return where the scripts are: in the package when installed, beside it in a checkout."""
    packaged = Path(__file__).parents[1] / "lua"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "lua"


def assemble(path: str) -> str:
    """Return a piece of Lua with all that it includes, each once, and its constants put in."""
    text = _piece(path, set())
    constants = dict(_DEFINE.findall(text))
    names = re.compile(rf"\b(?:{'|'.join(constants)})\b")
    return names.sub(lambda match: constants[match[0]], _DEFINE.sub("", text))


def _piece(path: str, included: set[str]) -> str:
    if path in included:
        return ""
    included.add(path)
    text = (_root() / f"{path}.lua").read_text(encoding="utf-8")

    def include(match: re.Match[str]) -> str:
        # What a function includes is seen by that function alone.
        seen = set(included) if match[1] else included
        # What is included only defines; one script runs.
        return _RUN.sub("", _piece(match[2], seen))

    return _INCLUDE.sub(include, text)


@cache
def load(name: str) -> Source:
    """Return the named script, such as ``or_set/add``, put together."""
    text = _RUN.sub(lambda match: _MAIN.format(call=match[1]), assemble(name)).encode()
    return Source(text, sha1(text, usedforsecurity=False).hexdigest().encode())
