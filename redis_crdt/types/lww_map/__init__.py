"""The LWW map: text keys, each with the latest of its values.

Keys come and go as the elements of an OR-Set, each with a value: a write replaces what it has
seen, a delete removes what it has seen, and of concurrent values the latest is read. So a delete
never beats a write that it had not seen, whatever the clocks say. Joined as ``dots``.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``m.set("k", 1)`` | |
| t2 | sync | sync |
| t3 | ``m.delete("k")`` | ``m.set("k", 2)`` |
| t4 | ``m.get("k")`` is None | ``m.get("k")`` is 2 |
| t5 | sync | sync |
| t6 | ``m.get("k")`` is 2 | ``m.get("k")`` is 2 |
"""
