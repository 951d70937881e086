"""The PN-Counter: a counter that goes up and down.

Each writer has one total for what it counted up and one for down, and the value is the difference
of their sums (Shapiro et al., "A study of CRDTs", 2011, spec. 7). Joined as ``max``. No bound holds
in all regions at once: each may count down to zero what all have.

A reset takes away what it has seen: of each total the baseline becomes what the total is, and only
what is more than that counts. Baselines are joined as ``max``, too, so what is counted elsewhere
meanwhile counts in full, and resets at the same time take nothing away twice.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``c.increment(5)`` | |
| t2 | sync | sync |
| t3 | ``c.decrement(4)`` | ``c.decrement(3)`` |
| t4 | ``c.value()`` is 1 | ``c.value()`` is 2 |
| t5 | sync | sync |
| t6 | ``c.value()`` is -2 | ``c.value()`` is -2 |
| t7 | ``c.reset()`` | ``c.increment(3)`` |
| t8 | ``c.value()`` is 0 | ``c.value()`` is 1 |
| t9 | sync | sync |
| t10 | ``c.value()`` is 3 | ``c.value()`` is 3 |
"""
