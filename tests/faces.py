"""Makes the blocking faces of collections and replicas from the awaited ones.

``python -m tests.faces`` writes a ``blocking.py`` beside each ``awaited.py``, and
``tests/test_faces.py`` holds what is committed equal to what this would write. So each method, its
signature and what is said of it, is written and read once. What only one face has is in pairs of
modules that are written by hand: how calls are carried out, and Python's protocols. It also writes
the registers of all types, from the list in ``redis_crdt/types/__init__.py``.

No formatter is run on the result. Where a line of a source has to be broken, and would not have to
be without ``await``, a comma at its end keeps it broken in both.
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from textwrap import indent
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent

BY_HAND: Final = {
    f"redis_crdt/{package}/awaited.py"
    for package in (
        "langgraph/abreast",
        "replica/backend",
        "replica/syncing",
        "transport",
        "transport/connections",
        "transport/flight",
        "types/base/driving",
        "types/base/set/protocol",
        "types/base/set/removal",
        "types/log/sized",
        "types/lww_map/mapping",
    )
}
"""What differs too much from its blocking twin for that to be made from it."""

REGISTERS: Final = {
    "awaited": "All types, for asyncio",
    "blocking": "All types",
    "memory": "All types, in memory",
    "protocol": "What programs may take, whichever replica has it",
}
"""What is made of the list of types, for each side."""

MADE: Final = {
    source.replace("awaited.py", "blocking.py"): source
    for source in sorted(
        path.relative_to(ROOT).as_posix() for path in (ROOT / "redis_crdt").rglob("awaited.py")
    )
    if source not in BY_HAND | {"redis_crdt/types/awaited.py"}
}
"""The files that are made, each with what it is made from."""

NAMES: Final = {
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncIterator": "Iterator",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "awaited": "blocking",
}

WORDS: Final = (
    (re.compile(r"\bawait |\basync (?=for\b|with\b)|, for asyncio\b"), ""),
    (re.compile(r"\b(redis|redis_crdt)\.asyncio\b"), r"\1"),
    (re.compile(r"\b__aiter__\b"), "__iter__"),
)
"""What is put otherwise in docstrings and comments."""

WIDTH: Final = 100


def blocking(source: str) -> str:
    """Return the blocking face that is made from the text of an awaited one."""
    source = re.sub("^# Made from .*\n", "", source)
    return _head("awaited.py") + _with_imports(_unawaited(source))


def _head(source: str) -> str:
    return f"# Made from {source}: change that, and run `python -m tests.faces`.\n"


def _unawaited(source: str) -> str:
    """Return the code without ``async`` and ``await``, and with the names that go with that."""
    starts = [0, *accumulate(map(len, source.splitlines(keepends=True)))]

    def offset(place: tuple[int, int]) -> int:
        return starts[place[0] - 1] + place[1]

    made: list[str] = []
    brackets: list[bool] = []
    """Of each bracket that is open, whether it is left out."""
    done = 0
    for token, following in pairwise(tokenize.generate_tokens(StringIO(source).readline)):
        begin, end = offset(token.start), offset(token.end)
        text = source[begin:end]
        if token.type == tokenize.NAME and text in ("async", "await"):
            text, end = "", offset(following.start)
        elif token.type == tokenize.NAME and text == "Awaitable" and following.string == "[":
            text = ""
        elif token.type == tokenize.NAME:
            text = NAMES.get(text, text)
        elif token.type in (tokenize.STRING, tokenize.COMMENT):
            for pattern, instead in WORDS:
                text = pattern.sub(instead, text)
        elif text == "[":
            brackets.append(source[:begin].endswith("Awaitable"))
            text = "" if brackets[-1] else text
        elif text == "]":
            text = "" if brackets.pop() else text
        made += source[done:begin], text
        done = end
    return "".join(made) + source[done:]


# Imports ------------------------------------------------------------------------------------


def _with_imports(code: str) -> str:
    """Return the code with the imports that it needs, in the order that linters want them in.

    A name may be needed because ``__all__`` has it.
    """
    tree = ast.parse(code)
    there = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    begin, end = there[0].lineno - 1, there[-1].end_lineno
    lines = code.splitlines(keepends=True)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return "".join([*lines[:begin], *_imports(there, used | {"annotations"}), *lines[end:]])


def _imports(nodes: Iterable[ast.Import | ast.ImportFrom], used: set[str]) -> Iterator[str]:
    """Yield the import statements: sections, plain imports first, modules and names sorted."""
    found: dict[tuple[int, bool, str, str], set[str]] = {}
    for node in nodes:
        for alias in node.names:
            if (alias.asname or alias.name.partition(".")[0]) not in used:
                continue
            name = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
            module = _module(node.module or "") if isinstance(node, ast.ImportFrom) else ""
            key = (_section(module or name), bool(module), module or name, alias.asname or "")
            found.setdefault(key, set()).add(name)
    for number, (_, section) in enumerate(groupby(sorted(found), lambda key: key[0])):
        if number:
            yield "\n"
        for key in section:
            _, is_from, module, _ = key
            yield _from(module, sorted(found[key], key=_rank)) if is_from else f"import {module}\n"


def _from(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}\n"
    if len(line) <= WIDTH + 1:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")\n"


def _module(name: str) -> str:
    """Return what stands for a module, or for one of another package."""
    if name.startswith("redis.asyncio"):
        return name.replace(".asyncio", "")
    return name.removesuffix("awaited") + "blocking" if name.endswith(".awaited") else name


def _section(module: str) -> int:
    package = module.partition(".")[0]
    if package == "__future__":
        return 0
    if package in sys.stdlib_module_names:
        return 1
    return 3 if package in ("redis_crdt", "tests") else 2


def _rank(name: str) -> tuple[int, str]:
    """Constants come first, then classes, then what else there is."""
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return rank, name.lower()


# Registers ----------------------------------------------------------------------------------


def register(side: str) -> str:
    """Return the module that brings together what the folders of all types have for one side."""
    openers = {folder: _opener_of(folder, side) for folder in _listed("TYPES")}
    head = f'{_head("__init__.py")}"""{REGISTERS[side]}."""\n\n'
    return head + (_protocols(openers) if side == "protocol" else _late(openers, side))


def _protocols(openers: dict[str, str]) -> str:
    imports = "".join(
        _from(f"redis_crdt.types.{folder}.protocol", [opener]) for folder, opener in openers.items()
    )
    bases = [*openers.values(), "Protocol"]
    return f"from typing import Protocol\n\n{imports}\n\n{_class(bases)}"


def _late(openers: dict[str, str], side: str) -> str:
    """Return a register of types that are imported where they are first asked for."""
    classes = {folder: opener.removeprefix("Opens") for folder, opener in openers.items()}
    places = {folder: f"redis_crdt.types.{folder}.{side}" for folder in openers}
    public = (*classes.items(), *_listed("BESIDE").items())
    named = {name: places[folder] for folder, name in public}
    listed = "".join(f'    "{name}",\n' for name in sorted(named))
    checked = "".join(
        _from(place, sorted([opener, *(n for n in named if named[n] == place)], key=_rank))
        for opener, place in zip(openers.values(), places.values(), strict=True)
    )
    checked += f"\n{_class(openers.values())}"
    methods = "".join(
        f'    {folder} = LateMethod("{places[folder]}", "{opener}")\n'
        for folder, opener in openers.items()
    )
    found = "".join(f'    "{name}": "{place}",\n' for name, place in named.items())
    return (
        "from typing import TYPE_CHECKING, Final\n\n"
        "from redis_crdt.core.late import LateMethod, late\n\n"
        f"__all__ = [\n{listed}]\n\n"
        f'PLACES: Final = {{\n{found}}}\n"""Where each class is."""\n\n'
        "if TYPE_CHECKING:\n"
        f"{_indented(checked)}"
        "else:\n"
        "    __getattr__ = late(__name__, PLACES)\n\n"
        f"{_indented(_class([]) + chr(10) + methods)}"
    )


def _class(bases: Iterable[str]) -> str:
    listed = "".join(f"    {base},\n" for base in bases)
    taken = f"(\n{listed})" if listed else ""
    return (
        f'class Types{taken}:\n    """Replicas, as far as they have collections of all types."""\n'
    )


def _indented(code: str) -> str:
    return indent(code, "    ")


def _listed(name: str) -> Any:
    """Return what is listed; read and not imported, for that takes what is to be made."""
    module = ROOT / "redis_crdt" / "types" / "__init__.py"
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
            assert node.value is not None
            return ast.literal_eval(node.value)
    raise AssertionError(f"no {name} in {module}")


def _opener_of(folder: str, side: str) -> str:
    module = ROOT / "redis_crdt" / "types" / folder / f"{side}.py"
    tree = ast.parse(module.read_text(encoding="utf-8"))
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    (opener,) = [name for name in classes if name.startswith("Opens")]
    return opener


def main() -> None:
    for side in REGISTERS:
        path = ROOT / "redis_crdt" / "types" / f"{side}.py"
        path.write_text(register(side), encoding="utf-8")
    for made, source in MADE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        (ROOT / made).write_text(blocking(text), encoding="utf-8")


if __name__ == "__main__":
    main()
