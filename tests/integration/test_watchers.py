"""A watcher in another process sees each write exactly once, also across its own death."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from redis_crdt import Replica
from redis_crdt.servers import Flavour as ServerFlavour
from tests.backends import NewServer

WRITES = 10_000

# It notes each change together with its cursor, in one write to the file, as a careful program
# would in one transaction; on its start it goes on from the last that it noted.
WATCHER = """
import sys
from redis_crdt import Replica
url, path = sys.argv[1:]
with open(path, "a+b", buffering=0) as notes:
    notes.seek(0)
    done = notes.read().splitlines()
    cursor = done[-1].split()[1].decode() if done else "0-0"
    with Replica.from_url(url) as replica:
        for change in replica.or_set("numbers", int).watch(cursor):
            notes.write(b"%d %s\\n" % (change.key, change.cursor.encode()))
            print(change.key, flush=True)
"""


def test_each_write_once(
    new_server: NewServer, server_flavour: ServerFlavour, tmp_path: Path
) -> None:
    server, notes = new_server(server_flavour), tmp_path / "notes"

    def watcher() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WATCHER, server.url, str(notes)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def read_up_to(process: subprocess.Popen[str], number: int) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= number:
                return
        raise AssertionError("the watcher ended")

    with server.client() as client:
        numbers = Replica(client, replica_id="eu").or_set("numbers", int)
        first = watcher()
        try:
            for i in range(WRITES // 4):
                numbers.add(i)
            read_up_to(first, WRITES // 8)
        finally:
            first.kill()  # wherever it happens to be
            first.communicate()
        numbers.update(range(WRITES // 4, WRITES // 2))
        second = watcher()
        try:
            for i in range(WRITES // 2, WRITES):
                numbers.add(i)
            read_up_to(second, WRITES - 1)
        finally:
            second.kill()
            second.communicate()
    seen = [int(line.split()[0]) for line in notes.read_bytes().splitlines()]
    assert seen == list(range(WRITES))
