"""The scripts of ``lua/``: reading them, and putting each together with what it includes.

A script names the pieces it needs in lines ``-- @include PATH``, constants in lines ``-- @define
NAME VALUE``, and what it runs in a line ``-- @run FUNCTION, ARGUMENT``. ``-- @include */FILE`` is
for that file of all folders, and ``-- @traits NAME TRAIT`` for a table of what they say of their
kinds in lines ``-- @trait TRAIT VALUE``; so no script names all types. With ``as NAME`` each of the
files is a function in a table of that name, by its folder. The text that results is
plain Lua, which any client may load. Servers define all functions of a script anew at each call,
and that costs more than many of them do, above all for each local that functions share. So
constants are put in as they are, and what is rarely needed is included inside of the function that
needs it: defined only when that one runs. What a script mostly does may stand between a line
``-- @first`` and its ``-- @run``: that is done before any other function is made, and the rest only
if it does not return.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import NamedTuple

_INCLUDE = re.compile(r"^( *)-- @include (\S+)(?: as (\w+))?\n", re.MULTILINE)
_DEFINE = re.compile(r"^-- @define (\w+) (.+)\n", re.MULTILINE)
_TRAITS = re.compile(r"^-- @traits (\w+) (\w+)\n", re.MULTILINE)
_TRAIT = re.compile(r"^-- @trait (\w+) (.+)\n", re.MULTILINE)
_RUN = re.compile(r"^(?:-- @first\n((?:.*\n)*?))?-- @run (\w+)(?:, (.+))?\n", re.MULTILINE)

# Ours come as tables, the server's own errors in whatever form it uses: those are passed on.
_MAIN = """do
{first}end
local ok, reply = pcall(function()
{rest}return {call}
end)
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
    """Return a script, or a piece of one, with all that it includes and its constants put in."""
    text = _read(path)
    if run := _RUN.search(text):
        first, function, arguments = run.groups("")
        text = _MAIN.format(
            first=_expand(first, {path}),
            rest=_expand(text[: run.start()], {path}),
            call=f"{function}({arguments})",
        )
    else:
        text = _expand(text, {path})
    constants = dict(_DEFINE.findall(text))
    names = re.compile(rf"\b(?:{'|'.join(constants)})\b")
    return names.sub(lambda match: constants[match[0]], _DEFINE.sub("", text))


def _expand(text: str, included: set[str]) -> str:
    """Put in what a text includes, each once, and tables of traits."""

    def include(match: re.Match[str]) -> str:
        paths = named_by(match[2])
        if match[3]:
            parts = (
                f"{path.partition('/')[0]} = function()\n{_piece(path, set(included))}end"
                for path in paths
            )
            return f"local {match[3]} = {{{', '.join(parts)}}}\n"
        # What a function includes is seen by that function alone.
        seen = set(included) if match[1] else included
        return "".join(_piece(path, seen) for path in paths)

    return _INCLUDE.sub(include, _TRAIT.sub("", _TRAITS.sub(_traits, text)))


def _piece(path: str, included: set[str]) -> str:
    if path in included:
        return ""
    included.add(path)
    # What is included only defines; one script runs.
    return _expand(_RUN.sub("", _read(path)), included)


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
    text = assemble(name).encode()
    return Source(text, sha1(text, usedforsecurity=False).hexdigest().encode())
