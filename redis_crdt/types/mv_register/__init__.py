"""The MV register: all values that were written concurrently.

A write replaces the values that its writer has seen; those that were written without knowing of
each other stay side by side until a later write has seen them (Shapiro et al., "A study of CRDTs",
2011, spec. 10). Joined as ``dots``.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``r.set("a")`` | ``r.set("b")`` |
| t2 | sync | sync |
| t3 | ``r.get()`` is ["a", "b"] | ``r.get()`` is ["a", "b"] |
| t4 | ``r.set("c")`` | |
| t5 | sync | sync |
| t6 | ``r.get()`` is ["c"] | ``r.get()`` is ["c"] |
"""
