"""What Lua makes of a script: how much of its limits for one function each of its functions takes.

Lua 5.1 compiles no function with more than 200 locals, 60 upvalues (what it uses of the functions
around it) or 250 registers, and a script that includes much is one function around all the others.
What stands in a compiled chunk is told by ``lundump.c`` of Lua 5.1.
"""

from __future__ import annotations

from typing import NamedTuple

from lupa.lua51 import LuaError, LuaRuntime  # type: ignore[import-untyped]

LIMITS = {"locals": 200, "upvalues": 60, "registers": 250}

_COMPILE = "function(text) return string.dump(assert(loadstring(text))) end"
_SIGNATURE = b"\x1bLua\x51\x00\x01"  # its version, and that numbers begin with their lowest byte


class Function(NamedTuple):
    """One function of a script: the line where it begins, 0 for the whole; and what it takes."""

    line: int
    locals: int
    upvalues: int
    registers: int


def functions_of(script: str) -> list[Function]:
    """Return what each function of a script takes; a ``ValueError`` tells why Lua refuses it."""
    try:
        compiled: bytes = LuaRuntime(encoding=None).eval(_COMPILE)(script.encode())
    except LuaError as error:
        raise ValueError(str(error)) from None
    assert compiled.startswith(_SIGNATURE)
    return _Chunk(compiled).functions()


class _Chunk:
    """A compiled chunk, read from its beginning to its end."""

    def __init__(self, compiled: bytes) -> None:
        self._rest = memoryview(compiled)[len(_SIGNATURE) :]
        self._int, self._size, self._instruction, self._number, _ = self._take(5)

    def functions(self) -> list[Function]:
        self._text()  # where it comes from
        line = self._integer()
        self._integer()  # where it ends
        upvalues, _, _, registers = self._take(4)  # between them its parameters
        self._take(self._integer() * self._instruction)
        for _ in range(self._integer()):
            self._constant()
        inner = [each for _ in range(self._integer()) for each in self.functions()]
        self._take(self._integer() * self._int)  # the lines of its instructions
        lives = [self._life() for _ in range(self._integer())]
        for _ in range(self._integer()):
            self._text()  # the names of its upvalues
        most = max((sum(a <= at < b for a, b in lives) for at, _ in lives), default=0)
        return [Function(line, most, upvalues, registers), *inner]

    def _life(self) -> tuple[int, int]:
        """From which instruction to which a local is there."""
        self._text()
        return self._integer(), self._integer()

    def _constant(self) -> None:
        match self._take(1)[0]:
            case 0:  # nil
                pass
            case 1:
                self._take(1)
            case 3:
                self._take(self._number)
            case 4:
                self._text()
            case other:
                raise AssertionError(f"no constant is of type {other}")

    def _integer(self) -> int:
        return int.from_bytes(self._take(self._int), "little")

    def _text(self) -> None:
        self._take(int.from_bytes(self._take(self._size), "little"))

    def _take(self, count: int) -> memoryview:
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken
