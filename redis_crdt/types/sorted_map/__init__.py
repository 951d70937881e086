"""The sorted map: keys with scores, in order of them.

Each key is as one of an LWW map: a write replaces the scores that it has seen, a deletion removes
them, and of concurrent scores the latest by time is read. The keys are kept in order by the same
scripts that write, and that join what other regions have written: so ranges and ranks are native
commands. To count what stands at a key up or down, in several regions at once, is what a counter
map does; here the later of two writes wins.

It takes no partitions: how many keys of others stand above one would have to be asked of each.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``m.set("ann", 5)`` | ``m.set("bob", 4)`` |
| t2 | sync | sync |
| t3 | ``m.set("ann", 1)`` | |
| t4 | | ``m.set("ann", 9)`` |
| t5 | ``m.delete("bob")`` | ``m.set("bob", 6)`` |
| t6 | sync | sync |
| t7 | ``m.top(2)`` is ann 9, bob 6 | ``m.top(2)`` is ann 9, bob 6 |
"""
