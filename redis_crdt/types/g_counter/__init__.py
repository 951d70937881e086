"""The G-Counter: a counter that only grows.

Each writer counts in a total of its own, and the value is their sum (Shapiro et al., "A study of
CRDTs", 2011, spec. 6). Joined as ``max``, so nothing is counted twice and nothing is lost.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``c.increment(2)`` | ``c.increment(3)`` |
| t2 | ``c.value()`` is 2 | ``c.value()`` is 3 |
| t3 | sync | sync |
| t4 | ``c.value()`` is 5 | ``c.value()`` is 5 |
"""
