"""What the entries of a work queue are: tasks, and regions that ask for some."""

from __future__ import annotations

from functools import partial

from redis_crdt.core.dots import Dots
from redis_crdt.core.joins import join_dots
from redis_crdt.core.kinds import Kind
from redis_crdt.types.work_queue.tasks import check_field, key_of, value_in

KIND = Kind(
    name="work_queue",
    letter="q",
    join=join_dots,
    parse_entry=partial(Dots.parse, valued=True),
    check_field=check_field,
    key_of=key_of,
    has_dots=True,
    is_packed=True,
    value_in=value_in,
    shared_by="work_queue/share",
)
