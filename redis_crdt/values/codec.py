"""Values to canonical JSON bytes and back.

Merging compares values as bytes, in Lua and in other languages too, so equal values must be
equal bytes. The form is in the spirit of RFC 8785 (JSON Canonicalization Scheme): keys sorted,
no white space, nothing escaped that need not be, a float with an integral value written as that
integer, so that 1 and 1.0 are one element. It departs from the RFC where integers are exact at
any size, other floats are as Python writes them (``1e-07``), and keys sort by code point.

Strings are not normalised. What JSON holds as a string is equal where it is written alike:
``Decimal("1.5")`` and ``Decimal("1.50")`` are two elements, as are equal times of two zones.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import datetime, time
from enum import Enum
from functools import lru_cache, partial
from json.encoder import encode_basestring
from types import NoneType
from typing import Any, Generic, NewType, TypeVar, cast, overload

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

from redis_crdt.errors import InvalidValue, problems_of

T = TypeVar("T")


# Canonical JSON -----------------------------------------------------------------------------


def _float(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError("JSON has no NaN or infinity; use None or a string in its place")
    return repr(int(value)) if value.is_integer() else repr(value)


_SCALARS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: repr,
    float: _float,
    bool: lambda value: "true" if value else "false",
    NoneType: lambda _: "null",
}


def _canonical(value: Any) -> str:
    kind = type(value)
    if write := _SCALARS.get(kind):
        return write(value)
    if kind is list:
        return f"[{','.join(map(_canonical, value))}]"
    if kind is not dict:
        raise ValueError(f"JSON has no {kind.__name__}; name the element type")
    for key in value:
        if type(key) is not str:
            raise ValueError(f"JSON has no {type(key).__name__} keys; name the element type")
    pairs = [f"{encode_basestring(key)}:{_canonical(value[key])}" for key in sorted(value)]
    return f"{{{','.join(pairs)}}}"


def _write_json(value: object) -> str:
    text = _canonical(value)
    from_json(text.encode())  # its limits on depth and digits are every reader's
    return text


# Types, through pydantic --------------------------------------------------------------------

_CONFIG = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", allow_inf_nan=False)
_QUALIFIER = r"(?:[^\W\d]\w*|<locals>)\."
# A class, a member of an Enum, a text, a function, or what qualifies a name.
_SPELLING = re.compile(
    rf"<\w+ '([^']+)'>|<(\w+\.\w+): (?:[^<>]|<[^<>]*>)*>|('(?:[^'\\]|\\.)*')"
    rf"|<function ([\w.<>]+) at 0x[0-9a-f]+>|{_QUALIFIER}"
)
_FUNCTIONS = ("function-before", "function-wrap", "function-after")
_LEFT_OUT = ("exclude_unset", "exclude_defaults")
_WAYS: tuple[dict[str, bool], ...] = ({}, *({left_out: True} for left_out in _LEFT_OUT))
_BYTES_HINT = "; for bytes in a model, set its ser_json_bytes and val_json_bytes to 'base64'"


class Codec(Generic[T]):
    """Turns values of one type into canonical JSON bytes and back.

    ``type_`` is anything that pydantic can validate. The default, ``Any``, stands for JSON
    values (None, bool, int, float, str, list, dict with str keys) and refuses all that would
    come back as something else. Models are written by field name, not by alias. A validator may
    change a value: what it makes of it is stored, if it leaves that as it is. ``name`` is the type
    as messages show it. Raises :class:`InvalidValue` where pydantic cannot handle it.
    """

    @overload
    def __init__(self, type_: type[T]) -> None: ...
    @overload
    def __init__(self: Codec[Any], type_: Any = ...) -> None: ...
    def __init__(self, type_: Any = Any) -> None:
        self._type = type_
        self.name = "JSON" if type_ is Any else _SPELLING.sub(_spelt, repr(type_))
        self.has_defaults = False
        """Whether values may be stored in other forms, too; see :meth:`forms`."""
        # What is of exactly these types needs no pydantic, whose call alone takes longer.
        self._scalars = {kind: write for kind, write in _SCALARS.items() if type_ in (Any, kind)}
        self._write: Callable[[Any], str] = _write_json
        self._parse: Callable[[bytes], Any] = lambda data: from_json(data, allow_inf_nan=False)
        if type_ is not Any:
            self._adapter = _adapter(type_, self.name)
            self._has_sets = _mentions(self._adapter.core_schema, "set", "frozenset")
            self._has_functions = _mentions(self._adapter.core_schema, *_FUNCTIONS)
            self.has_defaults = _mentions(self._adapter.core_schema, "default")
            self._write = self._write_typed
            self._parse_strictly = partial(
                self._adapter.validator.validate_json, strict=True, by_alias=False, by_name=True
            )
            self._parse = self._parse_laxly if self._has_functions else self._parse_strictly
            _check_literals(self._adapter.core_schema, self.name)

    def __reduce__(self) -> tuple[Callable[[Any], Codec[Any]], tuple[Any]]:
        return codec_for, (self._type,)

    def encode(self, value: T) -> bytes:
        """The canonical bytes of ``value``; none of them is a control character.

        Raises :class:`InvalidValue` where it is not of the type (nothing is coerced), where it
        holds NaN, an infinity or a lone surrogate, and where it would not be read back equal.
        """
        try:
            return self._scalars.get(type(value), self._write)(value).encode()
        except (ValueError, TypeError, RecursionError) as error:
            told = f"{_shown(value)} cannot be stored as {self.name}: {_reason(error)}"
            raise InvalidValue(told) from error

    def decode(self, data: bytes) -> T:
        """The value that ``data`` holds; :class:`InvalidValue` where it is not of the type."""
        try:
            value: T = self._parse(data)
            return value
        except (ValueError, TypeError) as error:
            told = f"the stored value {_shown(data)} is not of type {self.name}: {_reason(error)}"
            raise InvalidValue(told) from error

    def decode_element(self, data: bytes) -> T:
        """As :meth:`decode`, of what is found by its value alone, as elements are.

        Raises :class:`InvalidValue`, too, where the type reads what it would never write, as a
        model does that lost a field: of that there is more, which nobody should take for this.
        """
        if self._scalars:
            return self.decode(data)
        if not self._has_functions:
            try:  # whether it has anything that is not read; a model may allow that, too
                whole: T = self._parse_strictly(data, extra="forbid")
                return whole
            except ValueError:
                pass
        value = self.decode(data)
        if not self._is_form(data, value):
            told = f"the stored element {_shown(data)} is not of type {self.name}, which would read"
            raise InvalidValue(
                f"{told} {_shown(value)} of it; open the set by the type that wrote it"
            )
        return value

    def forms(self, value: T) -> tuple[bytes, ...]:
        """What may be stored of a value: as it is written now, and as it was written before.

        A model that gained fields with defaults reads what was written without them. Which fields
        it read it remembers; of dataclasses all that have their defaults are taken for new. Where a
        default differs from time to time, nothing was written before that is equal.
        """
        written = self.encode(value)
        if not self.has_defaults:
            return (written,)
        checked = self._adapter.validator.validate_python(value, strict=True)
        older = {self._dump(checked, **{left_out: True}).encode() for left_out in _LEFT_OUT}
        return (written, *sorted(form for form in older - {written} if self._reads(form, checked)))

    def canonical(self, data: bytes) -> bytes:
        """How what ``data`` holds is written now; as it is, if only a part of it would be."""
        if not self.has_defaults:
            return data
        value = self.decode(data)
        return self.encode(value) if self._is_form(data, value) else data

    def _is_form(self, data: bytes, value: T) -> bool:
        """Whether ``data``, which was read as this value, is one of the :meth:`forms` of it."""
        return data == self._dump(value).encode() or data in self.forms(value)

    def _reads(self, data: bytes, value: object) -> bool:
        try:
            return bool(self._parse(data) == value)
        except ValueError:
            return False

    # Reading is strict, as writing is, or a stored "5" would be read as an int that is no element.

    def _parse_laxly(self, data: bytes) -> Any:
        """Read what validators of their own pass on as plain JSON, such as a text for a time.

        Reading strictly refuses that. What is read so is right if it is written so.
        """
        try:
            return self._parse_strictly(data)
        except ValidationError:
            value = self._parse_strictly(data, strict=False)
            if data not in {self._dump(value, **how).encode() for how in _WAYS}:
                raise
            return value

    def _dump(self, value: object, **how: Any) -> str:
        dumped = self._adapter.serializer.to_python(
            value, mode="json", by_alias=False, round_trip=True, warnings=False, **how
        )
        return _canonical(_sort_sets(value, dumped) if self._has_sets else dumped)

    def _write_typed(self, given: object) -> str:
        value = self._adapter.validator.validate_python(given, strict=True)
        text = self._dump(value)
        # pydantic writes some values as others without a word: NaN in an untyped field as null,
        # a tuple there as a list, a secret as asterisks, a subclass without its own fields.
        read = self._parse(text.encode())
        if read != value and _written(read) != _written(value):
            hint = _BYTES_HINT if _mentions(self._adapter.core_schema, "bytes") else ""
            raise ValueError(f"it would be read back as {_shown(read)}{hint}")
        if value is not given and value != given and self._has_functions:
            # What is read is to be found again.
            again = self._adapter.validator.validate_python(value, strict=True)
            if self._dump(again) != text:
                raise ValueError(f"it would become {_shown(value)}, and that {_shown(again)}")
        return text


@overload
def codec_for(type_: type[T]) -> Codec[T]: ...
@overload
def codec_for(type_: Any = ...) -> Codec[Any]: ...
def codec_for(type_: Any = Any) -> Codec[Any]:
    """The codec of a type, made once, since opening a collection should be cheap."""
    try:
        return _cached(type_, repr(type_))
    except TypeError:  # not hashable, such as Annotated with a list in it
        return Codec(type_)


@lru_cache(maxsize=256)
def _cached(type_: Any, spelling: str) -> Codec[Any]:
    # By spelling too: ``bytes | str`` equals ``str | bytes``, but not to pydantic.
    return Codec(type_)


def _adapter(type_: Any, name: str) -> TypeAdapter[Any]:
    try:
        # A NewType, since TypeAdapter takes no config for a bare dataclass, TypedDict or model,
        # though the first two follow the config of what they are part of.
        adapter = TypeAdapter[Any](cast(Any, NewType("Value", type_)), config=_CONFIG)
        adapter.rebuild(raise_errors=True)
    except Exception as error:  # building a schema runs hooks of the type's own
        raise InvalidValue(f"pydantic cannot handle the type {name}: {error}") from error
    return adapter


def _mentions(schema: object, *kinds: str) -> bool:
    """Whether a core schema has a part of one of these kinds, at any depth."""
    if isinstance(schema, dict):
        return schema.get("type") in kinds or _mentions([*schema.values()], *kinds)
    return isinstance(schema, list | tuple) and any(_mentions(part, *kinds) for part in schema)


def _literals(schema: object) -> Iterator[object]:
    """Yield the values that literals in a core schema stand for."""
    if isinstance(schema, dict):
        if schema.get("type") == "literal":
            yield from schema["expected"]
        for part in schema.values():
            yield from _literals(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from _literals(part)


def _check_literals(schema: object, name: str) -> None:
    """Refuse a literal that pydantic writes, but does not read."""
    for literal in _literals(schema):
        if isinstance(literal, Enum) and not isinstance(literal, str | int):
            raise InvalidValue(
                f"the type {name} cannot be read back: a Literal of {literal} is written as "
                f"{_shown(literal.value)}; name that, or the whole Enum"
            )


def _spelt(match: re.Match[str]) -> str:
    """Return a part of a type's name less what qualifies it."""
    named, member, text, function = match.groups()
    return re.sub(_QUALIFIER, "", named or function) if named or function else member or text or ""


def _fields(value: object) -> dict[str, Any] | None:
    """The fields that are written of a model or dataclass; None for anything else."""
    if isinstance(value, BaseModel):
        declared = type(value).model_fields.items()
        written = {name: getattr(value, name) for name, info in declared if not info.exclude}
        return written | (value.model_extra or {})
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return None


def _sort_sets(value: object, dumped: Any) -> Any:
    """``dumped``, the JSON of ``value``, with the items of every set in it sorted.

    Only ``value`` tells which arrays are sets. Both iterate in the same order.
    """
    if isinstance(value, BaseModel) and value.__pydantic_root_model__:
        return _sort_sets(getattr(value, "root"), dumped)  # noqa: B009 - a RootModel has one
    if isinstance(dumped, dict):
        if isinstance(value, Mapping):  # whose keys need not be str, as the dumped ones are
            inner = dict(zip(dumped, value.values(), strict=False))
        else:
            inner = _fields(value) or {}
        return {key: _sort_sets(inner.get(key), part) for key, part in dumped.items()}
    if isinstance(dumped, list) and isinstance(value, Collection) and len(value) == len(dumped):
        items = [_sort_sets(item, part) for item, part in zip(value, dumped, strict=True)]
        return sorted(items, key=_canonical) if isinstance(value, Set) else items
    return dumped


def _written(value: Any) -> object:
    """What to compare where ``==`` refuses too much.

    Models may differ in private attributes, some classes define no ``==``, and a time in the
    hour that a zone repeats in autumn equals no time with a plain offset (PEP 495).
    """
    if isinstance(value, datetime | time):
        return type(value), value.isoformat()
    if isinstance(value, list | tuple):
        return type(value), [*map(_written, value)]
    if type(value) is dict:  # not an OrderedDict, whose order is not kept
        return {key: _written(part) for key, part in value.items()}
    named = _fields(value)
    return value if named is None else (type(value), _written(named))


def _shown(value: object) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # an int of more digits than Python writes
        return f"<{type(value).__name__}>"


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply, or holds itself"
    if isinstance(error, UnicodeEncodeError):
        return "it holds a lone surrogate, which is not valid Unicode"
    if isinstance(error, UnicodeDecodeError):
        return f"its bytes are not UTF-8{_BYTES_HINT}"
    if not isinstance(error, ValidationError):
        return str(error)
    undecodable = any(p["type"] == "bytes_invalid_encoding" for p in error.errors())
    return problems_of(error) + (_BYTES_HINT if undecodable else "")
