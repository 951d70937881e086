"""The scripts of ``lua/``: reading them, and putting each together with what it includes.

A script names the pieces it needs in lines ``-- @include PATH``, constants in lines ``-- @define
NAME VALUE``, and what it runs in a line ``-- @run FUNCTION, ARGUMENT``. ``-- @include */FILE`` is
for that file of all folders, and ``-- @traits NAME TRAIT`` for a table of what they say of their
kinds in lines ``-- @trait TRAIT VALUE``; so no script names all types. The text that results is
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
_TRAITS = re.compile(r"^-- @traits (\w+) (\w+)\n", re.MULTILINE)
_TRAIT = re.compile(r"^-- @trait (\w+) (.+)\n", re.MULTILINE)
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
    text = _TRAITS.sub(_traits, _read(path))

    def include(match: re.Match[str]) -> str:
        # What a function includes is seen by that function alone.
        seen = set(included) if match[1] else included
        # What is included only defines; one script runs.
        return "".join(_RUN.sub("", _piece(each, seen)) for each in named_by(match[2]))

    return _INCLUDE.sub(include, _TRAIT.sub("", text))


def named_by(path: str) -> list[str]:
    """Return the files that an include line names."""
    if not path.startswith("*/"):
        return [path]
    found = _root().glob(f"{path}.lua")
    return sorted(file.relative_to(_root()).with_suffix("").as_posix() for file in found)


@cache
def _read(path: str) -> str:
    return (_root() / f"{path}.lua").read_text(encoding="utf-8")


def _traits(match: re.Match[str]) -> str:
    """Return the table of a trait: what each kind says of itself."""
    told = {
        path.partition("/")[0]: dict(_TRAIT.findall(_read(path))) for path in named_by("*/kind")
    }
    values = (f"{kind} = {traits[match[2]]}" for kind, traits in told.items() if match[2] in traits)
    return f"local {match[1]} = {{{', '.join(values)}}}\n"


@cache
def load(name: str) -> Source:
    """Return the named script, such as ``or_set/add``, put together."""
    text = _RUN.sub(lambda match: _MAIN.format(call=match[1]), assemble(name)).encode()
    return Source(text, sha1(text, usedforsecurity=False).hexdigest().encode())
