"""The command line, run as its users run it: in a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from redis_crdt import Replica, __version__, memory, servers
from redis_crdt.errors import InvalidDump
from redis_crdt.sync import files
from tests.backends import NewServer

NewUrl = Callable[[servers.Flavour], str]
Run = subprocess.CompletedProcess[bytes]


def redis_crdt(*args: str | Path, stdin: bytes = b"") -> Run:
    command = [sys.executable, "-m", "redis_crdt", *map(str, args)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)


def one_line(run: Run, status: int = 1) -> str:
    """The error that a failed command told, which must be one line and no traceback."""
    assert run.returncode == status, run
    text = run.stderr.decode()
    assert text.startswith("redis-crdt: ")
    assert text.count("\n") == 1, text
    return text


@pytest.fixture
def urls(
    server_flavour: servers.Flavour, new_url: Callable[[servers.Flavour], str]
) -> tuple[str, str]:
    return new_url(server_flavour), new_url(server_flavour)


@pytest.fixture
def some_state(urls: tuple[str, str]) -> str:
    with Replica.from_url(urls[0], replica_id="eu", namespace="ns") as eu:
        eu.or_set("tasks", str).update(["a", "b"])
        eu.or_set("tasks", str).remove("b")
        eu.g_counter("done").increment(5)
    return urls[0]


def test_dump_and_load_carry_a_namespace_through_a_file(
    urls: tuple[str, str], some_state: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup.ndjson"
    dumped = redis_crdt("dump", some_state, file, "--namespace", "ns")
    assert (dumped.returncode, dumped.stderr) == (0, b"3 entries written\n")
    options = ("--namespace", "ns", "--replica-id", "us")
    assert redis_crdt("load", urls[1], file, *options).stderr == b"3 entries changed\n"
    assert redis_crdt("load", urls[1], file, *options).stderr == b"0 entries changed\n"
    with Replica.from_url(urls[1], namespace="ns") as us:
        assert us.replica_id == "us"
        assert us.or_set("tasks", str).get_elements() == {"a"}
        assert us.g_counter("done").value() == 5


def test_dump_and_load_carry_a_namespace_through_a_pipe(
    urls: tuple[str, str], some_state: str
) -> None:
    dumped = redis_crdt("dump", some_state, "--namespace", "ns")
    assert dumped.stdout.count(b"\n") == 5
    loaded = redis_crdt("load", urls[1], "-n", "ns", "--replica-id", "us", stdin=dumped.stdout)
    assert loaded.stderr == b"3 entries changed\n"


def test_a_failed_dump_leaves_an_older_one_alone(
    some_state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "backup.ndjson"
    file.write_text("older")

    def fail(**_: object) -> None:
        raise InvalidDump("in the middle")

    with Replica.from_url(some_state, namespace="ns") as eu:
        monkeypatch.setattr(files, "Trailer", fail)
        with pytest.raises(InvalidDump):
            eu.dump(file)
    assert [path.name for path in tmp_path.iterdir()] == ["backup.ndjson"]
    assert file.read_text() == "older"


def test_errors_are_one_line(some_state: str, tmp_path: Path) -> None:
    assert "namespace" in one_line(redis_crdt("dump", some_state))
    assert "no-such" in one_line(redis_crdt("load", some_state, tmp_path / "no-such", "-n", "ns"))
    assert "not a whole dump" in one_line(redis_crdt("load", some_state, "-n", "ns", stdin=b"{}"))
    assert "nobody" in one_line(redis_crdt("dump", f"unix://{tmp_path}/nobody"))
    assert "URL" in one_line(redis_crdt("status", "nonsense"), 2)
    assert "REDIS_CRDT_URL" in one_line(redis_crdt("dump"), 2)


def test_a_password_is_not_told(tmp_path: Path) -> None:
    assert "hunter2" not in one_line(redis_crdt("dump", f"unix://:hunter2@{tmp_path}/nobody"))


def test_help_and_version() -> None:
    assert redis_crdt("--version").stdout.startswith(b"redis-crdt ")
    for command in ("demo", "dump", "load"):
        assert command.encode() in redis_crdt("--help").stdout
        assert redis_crdt(command, "--help").returncode == 0


def test_short_help_version_and_completion() -> None:
    assert redis_crdt("-h").stdout == redis_crdt("--help").stdout
    assert redis_crdt("--version").stdout.decode() == f"redis-crdt {__version__}\n"
    # It is for the shell that asks, which is not always there where tests run.
    asking = ["bash", "-c", '"$0" -m redis_crdt --show-completion; exit $?', sys.executable]
    completion = subprocess.run(asking, capture_output=True, timeout=60, check=False)
    assert (completion.returncode, b"complete " in completion.stdout) == (0, True)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_terminal_of_ascii_is_enough(new_url: NewUrl, as_json: bool) -> None:
    url = new_url("valkey")
    with Replica.from_url(url, replica_id="eu") as eu:
        eu.lww_map("käse", str).set("schlüssel", "\N{SNOWMAN}")
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C"}
    for args in (["status", url], ["inspect", url, "käse"], ["inspect", url, "brötchen"], ["-h"]):
        command = [sys.executable, "-m", "redis_crdt", *args, *(["--json"] if as_json else [])]
        run = subprocess.run(command, capture_output=True, env=env, check=False)
        assert b"Traceback" not in run.stderr, run
        if as_json and run.returncode == 0 and args != ["-h"]:
            assert "käse" in json.dumps(json.loads(run.stdout), ensure_ascii=False)
        assert (run.stdout + run.stderr).isascii()


def test_inspect_shows_what_was_counted_and_taken_away(new_url: NewUrl) -> None:
    url = new_url("valkey")
    with Replica.from_url(url, replica_id="eu") as eu:
        eu.pn_counter("pool").increment(71)
        eu.pn_counter("pool").reset()
        eu.pn_counter("pool").increment(2)
        eu.counter_map("scores").increment("ann", 64)
        eu.sorted_map("ranks").set("bob", 2.5)
        eu.work_queue("jobs", str).put("a job")
    names = ("pool", "scores", "ranks", "jobs")
    shown = {name: redis_crdt("inspect", url, name).stdout for name in names}
    assert b"73" in shown["pool"]
    assert b"71" in shown["pool"]
    assert b"+64" in shown["scores"]
    assert b"2.5" in shown["ranks"]
    assert b"a job" in shown["jobs"]


def test_a_compressed_dump_goes_through_a_pipe(new_url: NewUrl) -> None:
    url = new_url("valkey")
    with Replica.from_url(url, replica_id="eu") as eu:
        eu.or_set("tasks", str).update(["a", "b"])
    dumped = redis_crdt("dump", url, "--gzip")
    assert gzip.decompress(dumped.stdout).count(b"\n") == 4
    options = ("--replica-id", "us", "--json")
    loaded = redis_crdt("load", new_url("valkey"), *options, stdin=dumped.stdout)
    assert json.loads(loaded.stdout) == {"changed": 2}


def test_messages_offer_options(new_server: NewServer, tmp_path: Path) -> None:
    source = memory.Replica(replica_id="eu", namespace="ns")
    source.or_set("tasks", str).add("a")
    file = tmp_path / "backup.gz"
    source.dump(file)
    evicting = new_server("valkey", {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"})
    command = ("load", evicting.url, file, "-n", "other", "--replica-id", "us")
    assert "or pass --allow-eviction to" in one_line(redis_crdt(*command))
    told = redis_crdt(*command, "--allow-eviction").stderr.decode().splitlines()
    assert told[0].startswith("warning: ")
    assert "--from-namespace='ns'" in told[1]
    run = redis_crdt(*command, "--allow-eviction", "--from-namespace", "ns")
    assert (run.returncode, run.stderr.splitlines()[1:]) == (0, [b"1 entries changed"])


def test_a_wrong_use_is_explained() -> None:
    run = redis_crdt("inspect")
    assert run.returncode == 2
    assert b"inspect --help" in run.stderr


@pytest.mark.parametrize("missing", ["typer", "rich", "pydantic_settings"])
def test_without_its_packages_it_says_what_to_install(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import redis_crdt.cli as c; c.main()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert run.returncode == 1
    assert b"pip install 'redis-crdt[cli]'" in run.stderr
