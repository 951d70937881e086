"""Tools: what agents may be told to do, each declared once, by a method.

The method's name, its parameters with their types, and the first paragraph of its docstring are
what a language model is told; what the model asks for is checked by the same types. Programs find
the tools by :meth:`StateManagerAgent.tools`, and MCP clients by ``redis-crdt mcp``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import to_jsonable_python

from redis_crdt.errors import InvalidValue, MissingArgument, UnknownOperation, problems_of

Effect: TypeAlias = Literal["reads", "adds", "changes"]
"""What a tool does: it only reads; it adds, and takes nothing away; it may replace or take away."""

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V")

_MARK = "_declares_a_tool"


class Declared(NamedTuple):
    """A method that is a tool, and what was said of it."""

    method: Callable[..., Any]
    effect: Effect
    resource: str | None

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """What it takes, beside the agent itself."""
        _, *parameters = inspect.signature(self.method).parameters.values()
        return {parameter.name: parameter for parameter in parameters}

    def check_names(self, given: Mapping[str, Any]) -> None:
        """Raise :class:`MissingArgument` where it takes other arguments than are given."""
        name, taken = self.method.__name__, self.parameters
        missing = [each for each, p in taken.items() if p.default is p.empty and each not in given]
        if missing:
            raise MissingArgument(f"{name} needs {', '.join(missing)}")
        if unknown := [each for each in given if each not in taken]:
            takes = ", ".join(taken) or "no arguments"
            raise MissingArgument(f"{name} takes {takes}, not {', '.join(unknown)}")


def tool(effect: Effect, *, resource: str | None = None) -> Callable[[F], F]:
    """Declare a method of an agent's class to be a tool, also of a class of your own.

    ``effect`` is what it does: ``reads`` if no more than that, ``adds`` if it takes nothing away,
    else ``changes``. ``resource`` is a path by which what it replies can be read as well, such as
    ``notes/{key}``, with an argument in braces.
    """

    def declare(method: F) -> F:
        setattr(method, _MARK, (effect, resource))
        return method

    return declare


def declared(cls: type) -> dict[str, Declared]:
    """Return the tools of a class by their names, its own first, then those of its bases."""
    marks: dict[str, tuple[Effect, str | None]] = {}
    for each in cls.__mro__:
        for name, method in vars(each).items():
            if hasattr(method, _MARK):
                marks.setdefault(name, getattr(method, _MARK))
    return {name: Declared(getattr(cls, name), *mark) for name, mark in marks.items()}


def named(name: str, tools: Mapping[str, V]) -> V:
    """Return the tool of a name; :class:`UnknownOperation` if there is none."""
    if name not in tools:
        raise UnknownOperation(f"no operation {name!r}; there are {', '.join(tools)}")
    return tools[name]


class Tool:
    """Something that an agent may be told to do, as language models are told of it."""

    def __init__(self, declared: Declared, task_type: Any) -> None:
        """Make it of a declaration, whose type variable stands for ``task_type``."""
        self.name: str = declared.method.__name__
        said = inspect.getdoc(declared.method) or ""
        self.description = " ".join(said.partition("\n\n")[0].split())
        """What it does, in a sentence or two."""
        self.effect = declared.effect
        self.resource = declared.resource
        self._declared = declared
        self._task_type = task_type

    def __repr__(self) -> str:
        return f"<Tool {self.name}({', '.join(self._declared.parameters)})>"

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The JSON schema of its arguments, which are an object."""
        return self._arguments.model_json_schema(schema_generator=_Untitled)

    @cached_property
    def returns(self) -> dict[str, Any]:
        """The JSON schema of what it replies, as :meth:`to_json` has it."""
        reply = TypeAdapter[Any](self._hints["return"])
        return reply.json_schema(mode="serialization", schema_generator=_Untitled)

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as its method takes them.

        Raises :class:`MissingArgument` or :class:`InvalidValue`, naming what is wrong.
        """
        self._declared.check_names(given)
        try:
            arguments = self._arguments.model_validate(dict(given))
        except ValidationError as error:
            raise InvalidValue(f"{self.name}: {problems_of(error)}") from None
        return {name: getattr(arguments, name) for name in self._declared.parameters}

    def to_json(self, reply: Any) -> Any:
        """Return what its method replied as JSON has it: dicts, lists, text, numbers, None."""
        return to_jsonable_python(reply)

    @cached_property
    def _hints(self) -> dict[str, Any]:
        hints = get_type_hints(self._declared.method, include_extras=True)
        return {name: _bound(hint, self._task_type) for name, hint in hints.items()}

    @cached_property
    def _arguments(self) -> type[BaseModel]:
        fields: dict[str, Any] = {
            name: (
                self._hints[name],
                ... if parameter.default is parameter.empty else parameter.default,
            )
            for name, parameter in self._declared.parameters.items()
        }
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)


class _Untitled(GenerateJsonSchema):
    """Schemas whose fields have no titles: those would say their names once more."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _bound(hint: Any, task_type: Any) -> Any:
    """Return a type with what its type variable stands for."""
    if isinstance(hint, TypeVar):
        return task_type
    free = getattr(hint, "__parameters__", ())
    # A model that was given a type variable of another module keeps it in its fields.
    if model := getattr(hint, "__pydantic_generic_metadata__", None):
        hint, free = model["origin"] or hint, model["parameters"]
    return hint[(task_type,) * len(free)] if free else hint
