"""Workers of Celery, with a broker in each region: what there is to do is shared by all regions.

An order is a task of a work queue, so one worker has it at a time, in all regions, for as long as
its lease lasts. A message of Celery only says that there is something to do. So it may be given
out twice, as brokers do, or be lost: whoever asks next is given what is next, and ``celery beat``
has somebody ask every ten seconds. A syncer beside the workers, ``redis-crdt sync``, keeps the
regions in step, and hands orders over to one that has none.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown

from redis_crdt import Log, Replica, WorkQueue
from redis_crdt.errors import Fenced

app = Celery("orders", broker=os.environ.get("BROKER_URL", "memory://"))
app.conf.task_ignore_result = True
app.conf.task_acks_late = True  # a message is there until its task has ended
app.conf.worker_prefetch_multiplier = 1  # and no worker keeps others for itself
app.conf.beat_schedule = {"look": {"task": "orders.fulfil_next", "schedule": 10.0}}


@cache
def replica() -> Replica:
    """Return the replica of this process; ``REDIS_URL`` names the server of its region.

    One that was opened before Celery forked would do as well: no connection is shared.
    """
    return Replica.from_url(os.environ["REDIS_URL"], replica_id=os.environ["REGION"])


@worker_process_init.connect
def open_replica(**_: Any) -> None:
    replica()


@worker_process_shutdown.connect
def close_replica(**_: Any) -> None:
    replica().close()


def to_fulfil() -> WorkQueue[str]:
    return replica().work_queue("{orders}:to-fulfil", str, max_attempts=5)


def fulfilled() -> Log[str]:
    return replica().log("{orders}:fulfilled", str, max_len=100_000)


def place(order: str) -> None:
    to_fulfil().put(order)
    fulfil_next.delay()


@app.task(name="orders.fulfil_next")
def fulfil_next() -> None:
    """Do what is to be done about the next order, and say that it was done, in one step."""
    claim = to_fulfil().claim(f"{os.environ['REGION']}-{os.getpid()}", lease=60)
    if claim is None:
        return
    # Here it is packed and sent; tell other systems claim.fence, so that they refuse lower ones.
    with suppress(Fenced), replica().batch() as batch:  # or else another worker has it by now
        batch.on(to_fulfil()).done(claim)
        batch.on(fulfilled()).append(claim.value)
