"""The counter map: many counters in one collection, in order of what they stand at.

Each key is a PN-Counter: what each writer has counted up and down, joined as ``max``. Removing a
key takes away what was seen of each total, so what is counted elsewhere meanwhile counts in full,
and the key is there again with that alone. The keys are kept in order by the same scripts that
count, and that join what other regions have counted: so ``top``, ``bottom`` and ``rank`` are
native commands, right across regions. Of a key that was removed its totals stay, some 30 bytes for
each writer, or the count of another region that comes late would count again. A writer is an
incarnation of a replica, and what past ones counted is not counted in with the present one's: a
key has up to 4096.

It takes no partitions: how many keys of others stand above one would have to be asked of each.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``c.increment("ann", 5)`` | ``c.increment("bob", 4)`` |
| t2 | sync | sync |
| t3 | ``c.top(2)`` is ann 5, bob 4 | ``c.top(2)`` is ann 5, bob 4 |
| t4 | ``c.remove("ann")`` | ``c.increment("ann", 1)`` |
| t5 | sync | sync |
| t6 | ``c.top(2)`` is bob 4, ann 1 | ``c.top(2)`` is bob 4, ann 1 |
"""
