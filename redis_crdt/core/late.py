"""What is imported where it is first asked for: names of a module, methods of a class.

Most programs use few of the types, and of a replica little but its collections. Importing the rest
takes longer than all that they do at first. Type checkers are told of these names by imports under
``TYPE_CHECKING``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def late(module: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a module's ``__getattr__`` (PEP 562): ``places`` says where each of its names is."""

    def __getattr__(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value = getattr(import_module(places[name]), name)
        setattr(sys.modules[module], name, value)  # which is found without this from now on
        return value

    return __getattr__


class LateMethod:
    """Stands for a method of another class until it is first asked for, and then gives way to it.

    So a call costs what it would without this, but for the first.
    """

    def __init__(self, module: str, cls: str) -> None:
        self._module = module
        self._cls = cls

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:
        method = vars(getattr(import_module(self._module), self._cls))[self._name]
        setattr(self._owner, self._name, method)
        return method.__get__(instance, owner)
