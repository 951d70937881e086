"""The G-Set: a set that only grows.

What was added is there for good, so an element costs one byte beside itself, and no tombstone is
ever needed (Shapiro et al., "A study of CRDTs", 2011, spec. 11). Joined as ``max``. To be able to
remove, take an OR-Set; a G-Set as a whole goes by ``drop``.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``s.add("x")`` | ``s.add("y")`` |
| t2 | ``set(s)`` is {"x"} | ``set(s)`` is {"y"} |
| t3 | sync | sync |
| t4 | ``set(s)`` is {"x", "y"} | ``set(s)`` is {"x", "y"} |
"""
