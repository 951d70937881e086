"""The DW flag: a flag in which disabling wins.

Each switch replaces those that its writer has seen. Of those that were made without knowing of each
other all are kept, until a later one has seen them; while any of them disables it, it is disabled
(Baquero et al., "Pure operation-based replicated data types", 2017). One that nobody has switched
is disabled. Joined as ``dots``. For what may only be where nobody objects, such as a permission.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``f.enable()`` | |
| t2 | sync | sync |
| t3 | ``f.disable()`` | ``f.enable()`` |
| t4 | ``f.value()`` is False | ``f.value()`` is True |
| t5 | sync | sync |
| t6 | ``f.value()`` is False | ``f.value()`` is False |
"""
