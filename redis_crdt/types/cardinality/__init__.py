"""The cardinality: about how many different values were ever added, in 30 KB whatever their number.

A HyperLogLog (Flajolet et al., 2007; Heule et al., 2013) has 16384 registers, each of which keeps
the largest of what the values that fall to it come to. That is a ``max`` for each. So what all
regions have added is counted as if it had been added in one place, nothing twice; the count is
within 0.81 % of the true number as a rule. Hash, registers and count are those of Redis.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``c.add("x", "y")`` | ``c.add("y", "z")`` |
| t2 | ``c.count()`` is 2 | ``c.count()`` is 2 |
| t3 | sync | sync |
| t4 | ``c.count()`` is 3 | ``c.count()`` is 3 |
"""
