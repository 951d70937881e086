"""Workers: processes that begin as copies of another one, as those of Celery, Django or gunicorn.

A replica that was opened before a process was copied may be used on: no connection is shared. A
syncer beside the workers, ``redis-crdt sync``, does the exchange with other regions.
"""

from __future__ import annotations

import os
from functools import cache

from redis_crdt import Replica
from redis_crdt.errors import BatchAborted


@cache
def replica() -> Replica:
    """Return the replica of this process; ``REDIS_URL`` names the server of its region."""
    return Replica.from_url(os.environ["REDIS_URL"], replica_id=os.environ["REGION"])


def place(order: str) -> None:
    replica().or_set("{orders}:open", str).add(order)


def fulfil(order: str) -> bool:
    """Do what is to be done about an order, and count it: a task that brokers may give out twice.

    Of several workers of a region one takes the order, by removing it, and counts it in the same
    step; the others are told False. Workers of two regions may both, before the regions have heard
    of each other: so have an order fulfilled in the region where it was placed.
    """
    open_orders = replica().or_set("{orders}:open", str)
    fulfilled = replica().g_counter("{orders}:fulfilled")
    try:
        with replica().batch() as batch:
            batch.on(open_orders).remove(order, required=True)
            batch.on(fulfilled).increment()
    except BatchAborted:
        return False
    return True
