"""Tasks that are cancelled, and programs that are killed: what was acknowledged is there."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys

from redis_crdt import Replica, memory
from redis_crdt.asyncio import Replica as AsyncReplica
from redis_crdt.servers import Flavour as ServerFlavour
from tests.backends import NewServer

CALLS = 400

BATCHES = """
import sys
from redis_crdt import Replica
with Replica.from_url(sys.argv[1]) as replica:
    tasks, done = replica.or_set("tasks", str), replica.g_counter("done")
    i = 0
    for _ in sys.stdin:
        for _ in range(5):
            with replica.batch() as batch:
                for j in range(20):
                    batch.on(tasks).add(f"{sys.argv[2]} {i} {j}")
                    batch.on(done).increment()
            i += 1
            print(i, flush=True)
"""


async def test_cancelling_loses_nothing_that_was_acknowledged(server_url: str) -> None:
    acknowledged = 0

    async with AsyncReplica.from_url(server_url, replica_id="eu") as eu:
        done = eu.g_counter("done")
        await done.increment()

        async def work() -> None:
            nonlocal acknowledged
            await done.increment()
            acknowledged += 1

        async def cancelled_somewhere(seed: int) -> None:
            task = asyncio.create_task(work())
            for _ in range(random.Random(seed).randrange(12)):
                await asyncio.sleep(0)  # one step of the event loop
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        for first in range(0, CALLS, 8):
            await asyncio.gather(*(cancelled_somewhere(first + i) for i in range(8)))
        value = await done.value()
        assert 1 + acknowledged <= value <= 1 + CALLS
        # No reply of a call that was cancelled is read by another.
        counts = await asyncio.gather(*(done.value() for _ in range(50)))
        assert counts == [value] * 50
        assert not eu._shared[None].line.under_way


def test_batches_of_a_killed_program_are_all_or_nothing(
    new_server: NewServer, server_flavour: ServerFlavour
) -> None:
    server, peer = new_server(server_flavour), memory.Replica(replica_id="peer")
    with server.client() as client:
        eu = Replica(client, replica_id="eu")
        acknowledged = 0
        for run in range(5):
            command = [sys.executable, "-c", BATCHES, server.url, str(run)]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                # Some batches for each line that it is given: a pull goes on until there is nothing
                # new, and one who writes faster for ever would never let it end.
                process.stdin.write("\n")
                for line in process.stdout:
                    process.stdin.write("\n")
                    peer.pull(eu)
                    tasks = peer.or_set("tasks", str).get_elements()
                    assert len(tasks) == peer.g_counter("done").value()
                    if int(line) >= 10:
                        break
            finally:
                process.kill()
                rest, _ = process.communicate()
            acknowledged += 20 * int([line, *rest.split()][-1])
            assert len(eu.or_set("tasks", str)) == eu.g_counter("done").value() >= acknowledged
