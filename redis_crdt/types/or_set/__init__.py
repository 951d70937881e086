"""The OR-Set: a set in which an add wins over a concurrent remove.

Each add gives its element a new dot, in place of the dots that it had; a remove takes away those
that it has seen. An element is there while it has a dot (Bieniusa et al., "An optimized
conflict-free replicated set", 2012). Joined as ``dots``.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``s.add("x")`` | |
| t2 | sync | sync |
| t3 | ``s.remove("x")`` | ``s.add("x")`` |
| t4 | ``"x" in s`` is False | ``"x" in s`` is True |
| t5 | sync | sync |
| t6 | ``"x" in s`` is True: the removal had not seen that add | ``"x" in s`` is True |
"""
