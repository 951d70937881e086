"""The EW flag: a flag in which enabling wins.

Each switch replaces those that its writer has seen. Of those that were made without knowing of each
other all are kept, until a later one has seen them; while any of them enables it, it is enabled
(Baquero et al., "Pure operation-based replicated data types", 2017). One that nobody has switched
is disabled. Joined as ``dots``. For what must not be overlooked, such as a request to stop.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``f.enable()`` | |
| t2 | sync | sync |
| t3 | ``f.disable()`` | ``f.enable()`` |
| t4 | ``f.value()`` is False | ``f.value()`` is True |
| t5 | sync | sync |
| t6 | ``f.value()`` is True | ``f.value()`` is True |
"""
