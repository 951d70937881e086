"""The log: values that were appended, in one order in all regions.

What was appended never changes, and stands where its id says: by the time at which it was written,
then by the writer. So what a region wrote while it was cut off takes its place among what the
others wrote meanwhile, and :meth:`read` gives it to those who had read past that.

``max_len`` and ``max_age`` have a region's own appends take out the oldest, there and so in all
regions: of each writer is kept the time up to which its entries are gone, and that only grows. So
trimming leaves no tombstones, and what is trimmed neither comes back nor counts. What is appended
out of reach of that region is not trimmed by it until it has come there.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``log.append("a")`` | |
| t2 | | ``log.append("b")`` |
| t3 | ``log.append("c")`` | |
| t4 | ``list(log)`` is ["a", "c"] | ``list(log)`` is ["b"] |
| t5 | sync | sync |
| t6 | ``list(log)`` is ["a", "b", "c"] | ``list(log)`` is ["a", "b", "c"] |
| t7 | ``log.read(cursor)`` of t4 is "b" | ``log.read(cursor)`` of t4 is "a", "c" |
"""
