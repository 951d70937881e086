"""The max register: the largest value that was ever written.

What does not go beyond the value that is there is without effect, so whatever came when, all come
to the same one (the join of a total order: Baquero et al., "Composition in state-based replicated
data types", 2017). Joined as ``max``. Of ints, floats, strings and times, which servers
compare as programs do: see :mod:`redis_crdt.values.ranks`.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``r.set(3)`` | ``r.set(5)`` |
| t2 | ``r.get()`` is 3 | ``r.get()`` is 5 |
| t3 | ``r.set(4)`` | |
| t4 | sync | sync |
| t5 | ``r.get()`` is 5 | ``r.get()`` is 5 |
"""
