"""Dumps as files: compressed, private, and of the namespace that is meant."""

from __future__ import annotations

import gzip
import io
import os
import stat
from pathlib import Path

import pytest

from redis_crdt import Replica, memory
from redis_crdt.errors import InvalidDump, ReplicaMismatch

ENTRIES = 2000


@pytest.fixture
def eu() -> memory.Replica:
    replica = memory.Replica(replica_id="eu", namespace="agents")
    replica.or_set("tasks", str).update(f"task {i}" for i in range(ENTRIES))
    return replica


@pytest.fixture
def us() -> memory.Replica:
    return memory.Replica(replica_id="us", namespace="agents")


def test_by_its_name_a_dump_is_compressed(
    eu: memory.Replica, us: memory.Replica, tmp_path: Path
) -> None:
    plain, packed = tmp_path / "dump.ndjson", tmp_path / "dump.ndjson.gz"
    assert eu.dump(plain) == eu.dump(packed) == ENTRIES
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert packed.stat().st_size * 4 < plain.stat().st_size
    assert us.load(packed) == ENTRIES
    assert us.load(plain) == 0


@pytest.mark.parametrize("behind", [b"", b"what was read before"])
def test_compressed_is_found_out_by_the_content(
    eu: memory.Replica, us: memory.Replica, behind: bytes
) -> None:
    whole = io.BytesIO()
    eu.dump(whole)
    stream = io.BytesIO(behind + gzip.compress(whole.getvalue()))
    stream.seek(len(behind))
    assert us.load(stream) == ENTRIES


@pytest.mark.parametrize("what", ["truncated", "garbled", "only begun", "followed"])
def test_a_compressed_file_that_is_not_whole_changes_nothing(
    eu: memory.Replica, us: memory.Replica, tmp_path: Path, what: str
) -> None:
    file = tmp_path / "dump.gz"
    eu.dump(file)
    whole = file.read_bytes()
    bad = {
        "truncated": whole[:-100],
        "garbled": whole[:100] + bytes(50) + whole[150:],
        "only begun": whole[:2],
        "followed": whole + b"by other things",
    }[what]
    with pytest.raises(InvalidDump):
        us.load(io.BytesIO(bad))
    assert us.collections() == []


@pytest.mark.parametrize("name", ["dump.ndjson", "dump.ndjson.gz"])
def test_a_dump_is_private_whatever_was_there_before(
    eu: memory.Replica, tmp_path: Path, name: str
) -> None:
    file, link = tmp_path / name, tmp_path / "link"
    file.write_text("older, and for all to read")
    file.chmod(0o644)
    link.symlink_to(file)
    before = os.umask(0)
    try:
        eu.dump(tmp_path / name)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        (tmp_path / "other").touch(0o666)
        eu.dump(link)
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "link", "other"])


def test_a_dump_into_a_pipe(eu: memory.Replica, us: memory.Replica) -> None:
    # As with `redis-crdt dump URL >(...)`.
    reader, writer = os.pipe()
    small = memory.Replica(replica_id="eu", namespace="agents")
    small.g_counter("done").increment(3)
    small.dump(f"/dev/fd/{writer}")
    os.close(writer)
    with open(reader, "rb") as pipe:
        assert us.load(pipe) == 1
    assert us.g_counter("done").value() == 3


def test_a_file_of_another_namespace_is_refused_unless_it_is_meant(
    eu: memory.Replica, server_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "dump"
    eu.dump(file)
    with Replica.from_url(server_url, replica_id="us", namespace="staging") as staging:
        with pytest.raises(ReplicaMismatch, match="of namespace 'agents', not of 'staging'"):
            staging.load(file)
        with pytest.raises(ReplicaMismatch, match="of namespace 'agents', not of 'agent'"):
            staging.load(file, from_namespace="agent")
        assert staging.collections() == []
        assert staging.load(file, from_namespace="agents") == ENTRIES
        assert len(staging.or_set("tasks", str)) == ENTRIES
