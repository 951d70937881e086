"""The LWW register: one value, that of the last write.

Of two writes the later wins, by the clocks of their servers; at equal times that of the larger
replica id (Shapiro et al., "A study of CRDTs", 2011, spec. 8). Joined as ``last``. Of concurrent
values all but one are gone; where each counts, take an MV register. Where the last has a deadline
and it has passed, the register is unset, and earlier values stay gone.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``r.set("a")`` | |
| t2 | | ``r.set("b")`` |
| t3 | sync | sync |
| t4 | ``r.get()`` is "b" | ``r.get()`` is "b" |
"""
