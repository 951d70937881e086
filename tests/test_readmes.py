"""What ``lua/README.md`` and this folder's say is there, and is so."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from redis_crdt import errors
from redis_crdt.core import formats
from redis_crdt.core.kinds import KINDS
from redis_crdt.operations.operation import Command
from redis_crdt.operations.packed import Aliases
from redis_crdt.operations.refusals import explain
from redis_crdt.servers import Server
from tests.backends import require_binary
from tests.faults.nemesis import FAULTS
from tests.golden import PRESENT, Golden

ROOT = Path(__file__).parents[1]

LUA, TESTS, PACKAGE = (
    (ROOT / name / "README.md").read_text(encoding="utf-8")
    for name in ("lua", "tests", "redis_crdt")
)

SCRIPTS = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "lua").rglob("*.lua"))


def rows(section: str, table: int = 0) -> list[list[str]]:
    """The cells of one of a section's tables, without its head."""
    body = re.split(r"^##+ ", re.split(rf"^##+ {section}$", LUA, flags=re.M)[1], flags=re.M)[0]
    lines = re.findall(r"(?:^\|.*\|\n)+", body, re.M)[table].splitlines()[2:]
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]


def quoted(cell: str) -> list[str]:
    return [text.replace(r"\|", "|") for text in re.findall("`([^`]+)`", cell)]


@pytest.mark.parametrize("page", [LUA, TESTS, PACKAGE], ids=["lua", "tests", "package"])
def test_files_that_are_named_exist(page: str) -> None:
    page = page.replace("NAME/", "g_set/")
    for path in re.findall(r"`((?:lua|redis_crdt|tests)/[\w/.]*)`", page):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"`(lib/[\w.]+)`", page):
        assert (ROOT / "lua" / path).exists(), path
    for path in re.findall(r"\b((?:engine|sync|transport|types)/[\w/.]+\w)", page):
        assert (ROOT / "redis_crdt" / path).exists(), path


def test_each_folder_is_named() -> None:
    for path in (ROOT / "lua").iterdir():
        assert not path.is_dir() or f"`{path.name}`" in LUA
    for path in (ROOT / "tests").iterdir():
        assert not (path / "__init__.py").exists() or f"`tests/{path.name}`" in TESTS, path


def test_commands_and_their_options_exist() -> None:
    (block,) = re.findall(r"^```sh\n(.*?)^```", TESTS, re.M | re.S)
    for line in block.splitlines():
        words = line.partition("#")[0].split()
        if words[0] == "pytest":
            assert words[1:] == ["-m", "soak"] or (ROOT / words[1]).is_dir()
            continue
        path = ROOT / words[2].replace(".", "/")
        source = next(p for p in (path / "__main__.py", path.with_suffix(".py")) if p.exists())
        for option in (word for word in words if word.startswith("--")):
            assert f'"{option}"' in source.read_text(encoding="utf-8"), line


def test_there_are_as_many_faults_as_is_said() -> None:
    assert re.findall(r"with (\d+) faults", TESTS) == [str(len(FAULTS))]


def test_every_error_is_told() -> None:
    told = {quoted(code)[0]: quoted(exception) for code, _, exception in rows("Errors")}
    raised = set(re.findall(r"\bfail\('([A-Z]+)'", SCRIPTS))
    assert told.keys() == {f"CRDT{code}" for code in raised}
    for code, names in told.items():
        detail = "1 2" if code in ("CRDTDRIFT", "CRDTEXCEEDED") else "1"
        error = explain(redis.ResponseError(f"{code} {detail}"), Command((), about="x"))
        assert not names or type(error) is getattr(errors, names[0]), code


# What is stored -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored() -> Iterator[redis.Redis]:
    """A server on a golden RDB of the present format."""
    with Server(require_binary("redis62")) as server:
        server.kill()
        shutil.copyfile(Golden(PRESENT, "redis62").rdb, server.directory / "dump.rdb")
        server.restart()
        with server.client() as client:
            yield client


def test_the_format_is_the_one_that_is_told() -> None:
    assert f"This is format {formats.STORED}, and dumps are of format {formats.DUMPED}:" in LUA


def test_the_keys_of_a_shard_are_those_that_are_told(stored: redis.Redis) -> None:
    told = {
        key: type_.strip() for keys, type_, _ in rows("Keys of a shard") for key in quoted(keys)
    }
    forms = {
        key: key.replace("KIND", f"(?:{'|'.join(KINDS)})")
        .replace("NAME", ".+")
        .replace("TOKEN", ".+")
        for key in told
    }
    found = set()
    for key in map(bytes.decode, stored.scan_iter("crdt:*")):
        name = key.partition("}:")[2]
        (form,) = [form for form, pattern in forms.items() if re.fullmatch(pattern, name)]
        kind: Any = stored.type(key)
        assert kind.decode() == told[form]
        found.add(form)
    # One is gone after a minute; and when the golden files were made there were no logs, no
    # cardinalities, and nothing that could expire.
    later = {"KIND-order:NAME", "KIND-sketch:NAME", "KIND-left:NAME", "KIND-live:NAME", "expiring"}
    assert found == told.keys() - {"reading:TOKEN"} - later
    assert "'reading:'" in SCRIPTS


def test_the_fields_of_meta_are_those_that_are_told(stored: redis.Redis) -> None:
    told = {field for fields, _ in rows("Fields of meta") for field in quoted(fields)}
    meta: Any = stored.hgetall("crdt:{one:0}:meta")
    for field in map(bytes.decode, meta):
        is_writer = re.fullmatch(r"[\w.-]+#\w+", field)
        assert is_writer or re.sub("^([#~]).*", r"\1ALIAS", field) in told, field
    for names in re.findall(r"'H(?:MGET|GET|INCRBY)', META, ('[\w', ]+')", SCRIPTS):
        assert set(re.findall(r"'(\w+)'", names)) <= told
    for field in told:
        assert f"'{field.removesuffix('ALIAS')}'" in SCRIPTS, field


def test_kinds_and_letters_are_those_that_are_told() -> None:
    of_kinds = (row for row in rows("Entries") if row[0].strip())
    told = {quoted(kind)[0]: quoted(letter)[0] for kind, letter, *_ in of_kinds}
    assert told == {kind.name: kind.letter for kind in KINDS.values()}


def test_the_examples_of_packed_entries_are_right() -> None:
    (line,) = re.findall(r"^unless that is zero\. So (.*)$", LUA, re.M)
    aliases = quoted(line)
    for plain, packed in rows("Entries", 1):
        text = Aliases(" ".join(aliases).encode()).unpack(quoted(packed)[0].encode())
        assert text.decode() == quoted(plain)[0]
