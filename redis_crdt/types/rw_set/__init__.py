"""The RW-Set: a set in which a removal wins over a concurrent add.

Each removal gives the element a new dot, in place of those it had, and an add takes away the dots
that it has seen. An element is there that was added and has no dot, so a removal that an add had
not seen survives it (Baquero et al., "Pure operation-based replicated data types", 2017). Joined as
``dots``: it is an OR-Set of removals, and those that are there are what that keeps as tombstones.
For what must not come back by mistake, such as rights that were taken away.

A removal counts whether or not the element is known to be there. It is kept for ever, for nobody
can tell how long ago an add was made that it is to win over. So each element that was ever added or
removed costs what one of an OR-Set does.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``s.add("x")`` | |
| t2 | sync | sync |
| t3 | ``s.add("x")`` | ``s.remove("x")`` |
| t4 | ``"x" in s`` | ``"x" not in s`` |
| t5 | sync | sync |
| t6 | ``"x" not in s`` | ``"x" not in s`` |
| t7 | ``s.add("x")`` | |
| t8 | sync | sync |
| t9 | ``"x" in s`` | ``"x" in s`` |
"""
