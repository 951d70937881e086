"""Values to canonical bytes and back: what round-trips, what is equal, what is refused."""

from __future__ import annotations

import enum
import json
import math
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    Base64Str,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    RootModel,
    SecretStr,
    ValidationError,
    computed_field,
    field_validator,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass
from typing_extensions import TypedDict

from redis_crdt.errors import InvalidValue
from redis_crdt.values.codec import Codec, codec_for

# Types --------------------------------------------------------------------------------------


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Status(enum.StrEnum):
    OPEN = "open"


class Rank(enum.IntEnum):
    LOW = 0


class Weight(enum.Enum):
    HALF = 0.5
    WHOLE = 1.0


@dataclass
class Blob:
    data: bytes
    weight: float = 0.0


@dataclass(eq=False)
class Unequal:
    items: list[int]


@pydantic_dataclass
class Checked:
    number: int


class Options(TypedDict, total=False):
    data: bytes
    tags: set[str]


class Point(NamedTuple):
    x: int
    data: bytes


class Owner(BaseModel, frozen=True):
    name: str
    age: int | None = None


class Task(BaseModel):
    id: UUID
    owner: Owner
    due: datetime | None = None
    cost: Decimal = Decimal("1.50")
    weight: float = 1.0
    colour: Colour = Colour.RED
    parts: list[Owner] = []


class Anything(BaseModel):
    value: Any = None


class Floating(BaseModel):
    value: float


class Utf8(BaseModel):
    data: bytes


class Base64(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    data: bytes


class HalfBase64(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64")
    data: bytes


class Aliased(BaseModel):
    both: int = Field(alias="bothAlias")
    reading: int = Field(validation_alias="readingAlias")
    writing: int = Field(serialization_alias="writingAlias")


class Cat(BaseModel):
    kind: Literal["cat"] = Field("cat", alias="animalKind")


class Dog(BaseModel):
    kind: Literal["dog"] = Field("dog", alias="animalKind")


class Computed(BaseModel, extra="forbid"):
    side: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def area(self) -> int:
        return self.side**2


class Guarded(BaseModel):
    number: int
    handle: object = Field(None, exclude=True)
    _lock: Any = PrivateAttr(default_factory=threading.Lock)


class Open(BaseModel, extra="allow"):
    pass


class Senior(Owner, frozen=True):
    title: str


class Tree(BaseModel):
    children: list[Tree] = []
    tags: set[str] = set()


class Tags(RootModel[set[str]]):
    pass


X = TypeVar("X")


class Box(BaseModel, Generic[X]):
    content: X


JobId = NewType("JobId", str)
TASK = Task(id=UUID(int=7), owner=Owner(name="zoë"), parts=[Owner(name="b", age=0)])
# The hour that Berlin has twice. A time in it equals no time of another zone (PEP 495).
REPEATED = datetime(2025, 10, 26, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin"))


# Round trips --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "value", "written"),
    [
        (str, "", '""'),
        (str, 'a"\\/\n\x00\x7f\u2028é😀', '"a\\"\\\\/\\n\\u0000\x7f\u2028é😀"'),
        (str, Status.OPEN, '"open"'),
        (JobId, "job-1", '"job-1"'),
        (int, 0, "0"),
        (int, -(2**64) - 1, "-18446744073709551617"),
        (int, Rank.LOW, "0"),
        (float, 0.1, "0.1"),
        (float, 1.0, "1"),
        (float, 1, "1"),
        (float, -0.0, "0"),
        (float, 1e16, "10000000000000000"),
        (float, 1e23, str(int(1e23))),
        (float, sys.float_info.max, str(int(sys.float_info.max))),
        (float, 5e-324, "5e-324"),
        (float, 2.225073858507201e-308, "2.225073858507201e-308"),
        (float, 1e-7, "1e-07"),
        (bool, False, "false"),
        (bool, True, "true"),
        (None, None, "null"),
        (type(None), None, "null"),
        (bytes, b"", '""'),
        (bytes, bytes(range(250, 256)), '"-vv8_f7_"'),
        (tuple[int, ...], (), "[]"),
        (tuple[bytes, float], (b"\xff", 2.0), '["_w==",2]'),
        (int | None, None, "null"),
        (int | None, 0, "0"),
        (int | str, "5", '"5"'),
        (float | int, 1.0, "1"),
        (bool | int, 1, "1"),
        (list[Any], [None, {"b": 1.0, "a": []}], '[null,{"a":[],"b":1}]'),
        (dict[str, bytes], {"b": b"\xff", "a": b""}, '{"a":"","b":"_w=="}'),
        (dict[bytes, int], {b"\xff": 1}, '{"_w==":1}'),
        (dict[int, str], {10: "a", 9: "b"}, '{"10":"a","9":"b"}'),
        (dict[UUID, int], {UUID(int=0): 1}, '{"00000000-0000-0000-0000-000000000000":1}'),
        (Literal["a", 1], 1, "1"),
        (Colour, Colour.BLUE, '"blue"'),
        (Weight, Weight.WHOLE, "1"),
        (Status, Status.OPEN, '"open"'),
        (dict[Colour, Rank], {Colour.RED: Rank.LOW}, '{"red":0}'),
        (date, date(1, 1, 1), '"0001-01-01"'),
        (time, time(1, 2, 3, 4), '"01:02:03.000004"'),
        (timedelta, timedelta(microseconds=-1), '"-PT0.000001S"'),
        (datetime, datetime(2025, 1, 2, 3, 4, 5, 6), '"2025-01-02T03:04:05.000006"'),
        (datetime, datetime(2025, 1, 2, tzinfo=UTC), '"2025-01-02T00:00:00Z"'),
        (datetime, datetime(2025, 1, 2, tzinfo=timezone(timedelta(hours=2))), None),
        (UUID, UUID(int=255), '"00000000-0000-0000-0000-0000000000ff"'),
        (Decimal, Decimal("1.50"), '"1.50"'),
        (PurePosixPath, PurePosixPath("/a/b"), '"/a/b"'),
        (Point, Point(1, b"\xff"), '[1,"_w=="]'),
        (Blob, Blob(b"\xff"), '{"data":"_w==","weight":0}'),
        (Blob | None, Blob(b"\xff", 0.5), '{"data":"_w==","weight":0.5}'),
        (Annotated[Blob, "note"], Blob(b"\xff"), '{"data":"_w==","weight":0}'),
        (Checked, Checked(3), '{"number":3}'),
        (Options, {}, "{}"),
        (Options, {"data": b"\xff"}, '{"data":"_w=="}'),
        (dict[str, Options], {"a": {"data": b"\xff"}}, '{"a":{"data":"_w=="}}'),
        (Base64, Base64(data=b"\xff"), '{"data":"_w=="}'),
        (Utf8, Utf8(data="é".encode()), '{"data":"é"}'),
        (Owner, Owner(name="x"), '{"age":null,"name":"x"}'),
        (Task, TASK, None),
        (list[Task], [TASK, TASK.model_copy(update={"due": datetime.now(UTC)})], None),
        (dict[str, Task | Owner], {"t": TASK, "o": Owner(name="x")}, None),
        (tuple[Owner, Blob], (Owner(name="x"), Blob(b"\xff")), None),
        (Box[int], Box[int](content=0), '{"content":0}'),
        (Box[Owner], Box[Owner](content=Owner(name="")), None),
        (Computed, Computed(side=2), '{"side":2}'),
        (Open, Open.model_validate({"b": 1, "a": [1.0]}), '{"a":[1],"b":1}'),
        (Tree, Tree(children=[Tree(children=[Tree()])]), None),
        (
            Annotated[Cat | Dog, Field(discriminator="kind")],
            Dog(animalKind="dog"),
            '{"kind":"dog"}',
        ),
        (
            Aliased,
            Aliased.model_validate({"bothAlias": 1, "readingAlias": 2, "writing": 3}),
            '{"both":1,"reading":2,"writing":3}',
        ),
        (Annotated[str, AfterValidator(str.strip)], "a", '"a"'),
    ],
)
def test_round_trip(type_: Any, value: Any, written: str | None) -> None:
    codec = codec_for(type_)
    data = codec.encode(value)
    if written is not None:
        assert data.decode() == written
    read = codec.decode(data)
    assert read == value
    assert codec.encode(read) == data
    assert min(data) >= 0x20
    json.loads(data)


def test_float_comes_back_as_float() -> None:
    assert type(Codec(float).decode(b"1")) is float
    assert type(Codec(list[float]).decode(b"[1]")[0]) is float


def test_bool_and_int_are_apart() -> None:
    assert Codec().encode(True) != Codec().encode(1)
    assert Codec().decode(b"true") is True


def test_normalisation_is_left_alone() -> None:
    assert Codec(str).encode("é") != Codec(str).encode("e\u0301")


def test_private_and_excluded_attributes_do_not_count() -> None:
    codec = Codec(list[Guarded])
    assert codec.decode(codec.encode([Guarded(number=1, handle=len)]))[0].number == 1


def test_a_class_without_equality_round_trips() -> None:
    codec = Codec(Unequal)
    assert codec.decode(codec.encode(Unequal([1]))).items == [1]


@pytest.mark.parametrize(
    ("type_", "value"), [(datetime, REPEATED), (list[datetime], [REPEATED]), (Anything, None)]
)
def test_a_time_in_the_repeated_hour(type_: Any, value: Any) -> None:
    if type_ is Anything:
        type_, value = Task, TASK.model_copy(update={"due": REPEATED})
    codec = codec_for(type_)
    assert b"2025-10-26T02:30:00+01:00" in codec.encode(value)


# Canonical form -----------------------------------------------------------------------------

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=20,
)


def shuffled(value: Any) -> Any:
    """An equal value with other types of numbers and another order of keys."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [shuffled(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is int and abs(value) < 2**53:
        return float(value)
    return value


@given(json_values)
def test_any_json_value(value: Any) -> None:
    codec = codec_for()
    data = codec.encode(value)
    assert codec.decode(data) == value
    assert json.loads(data) == value
    assert codec.encode(codec.decode(data)) == data
    assert codec.encode(shuffled(value)) == data
    assert min(data) >= 0x20


@given(json_values, json_values)
def test_equal_bytes_are_equal_values(a: Any, b: Any) -> None:
    codec = codec_for()
    if codec.encode(a) == codec.encode(b):
        assert a == b


@given(json_values)
def test_json_means_the_same_inside_another_type(value: Any) -> None:
    inner = codec_for().encode(value)
    assert codec_for(list[Any]).encode([value]) == b"[" + inner + b"]"
    assert codec_for(Anything).encode(Anything(value=value)) == b'{"value":' + inner + b"}"


@given(st.binary(), st.floats(allow_nan=False, allow_infinity=False))
def test_bytes_and_floats(data: bytes, number: float) -> None:
    pairs: list[tuple[Any, Any]] = [(bytes, data), (float, number), (Blob, Blob(data, number))]
    for type_, value in pairs:
        assert codec_for(type_).decode(codec_for(type_).encode(value)) == value


@given(
    # Before 1972 zones had offsets with seconds, which ISO 8601 cannot write: refused.
    st.datetimes(min_value=datetime(1973, 1, 1), timezones=st.one_of(st.none(), st.timezones())),
    st.timedeltas(),
    st.decimals(allow_nan=False, allow_infinity=False),
)
def test_what_json_holds_as_a_string(when: datetime, span: timedelta, amount: Decimal) -> None:
    codec = codec_for(tuple[datetime, timedelta, Decimal])
    read = codec.decode(codec.encode((when, span, amount)))
    assert read[0].replace(tzinfo=None) == when.replace(tzinfo=None)
    assert read[0].utcoffset() == when.utcoffset()
    assert read[1:] == (span, amount)


# Sets ---------------------------------------------------------------------------------------


class Grouped(BaseModel):
    model_config = ConfigDict(alias_generator=str.upper)
    groups: dict[int, set[str]]
    blobs: list[frozenset[tuple[str, frozenset[int]]]]
    root: Tags
    tree: Tree
    plain: list[str]


@given(st.permutations(["a", "é", "\U0001f600", "\uffff", "b", "aa", ""]))
def test_sets_are_sorted(items: list[str]) -> None:
    codec = codec_for(set[str])
    assert codec.encode(set(items)).decode() == '["","a","aa","b","é","\uffff","\U0001f600"]'
    assert codec.decode(codec.encode(set(items))) == set(items)


def test_sets_are_sorted_wherever_they_are() -> None:
    names = {"c", "b", "a"}
    value = Grouped.model_construct(
        groups={2: names, 1: {"z", "y"}},
        blobs=[frozenset({("b", frozenset({10, 9})), ("a", frozenset())})],
        root=Tags(names),
        tree=Tree(children=[Tree(tags=names)], tags=names),
        plain=["c", "b", "a"],
    )
    data = codec_for(Grouped).encode(value)
    assert json.loads(data) == {
        "groups": {"2": ["a", "b", "c"], "1": ["y", "z"]},
        "blobs": [[["a", []], ["b", [10, 9]]]],
        "root": ["a", "b", "c"],
        "tree": {
            "children": [{"children": [], "tags": ["a", "b", "c"]}],
            "tags": ["a", "b", "c"],
        },
        "plain": ["c", "b", "a"],
    }
    assert codec_for(Grouped).decode(data) == value


def test_sets_of_models() -> None:
    codec = codec_for(set[Owner])
    owners = {Owner(name="b"), Owner(name="a", age=1)}
    assert codec.encode(owners) == b'[{"age":1,"name":"a"},{"age":null,"name":"b"}]'
    assert codec.decode(codec.encode(owners)) == owners


def test_sets_in_other_containers() -> None:
    value: Options = {"tags": {"c", "a", "b"}}
    assert codec_for(Options).encode(value) == b'{"tags":["a","b","c"]}'
    assert codec_for(set[str] | None).encode(None) == b"null"
    assert codec_for(tuple[set[str], int]).encode(({"b", "a"}, 1)) == b'[["a","b"],1]'


@pytest.mark.parametrize("type_", [set[str], Tree])
def test_sets_are_equal_bytes_in_every_process(type_: Any) -> None:
    program = (
        "from tests.test_codec import *\n"
        "names = {str(n) for n in range(50)}\n"
        "value = names if TYPE == 'set' else Tree(children=[Tree(tags=names)])\n"
        "print(codec_for(set[str] if TYPE == 'set' else Tree).encode(value))"
    ).replace("TYPE", repr("set" if type_ == set[str] else "tree"))
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


# Refusals -----------------------------------------------------------------------------------

looped: list[Any] = []
looped.append(looped)
deep: list[Any] = []
for _ in range(210):
    deep = [deep]
mutated = Floating(value=1.0)
mutated.value = "x"  # type: ignore[assignment]


class Shout(str):
    pass


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (str, 5, "5 cannot be stored as str: Input should be a valid string"),
        (str, b"a", "valid string"),
        (str, None, "valid string"),
        (int, "5", "valid integer"),
        (int, True, "valid integer"),
        (int, 1.0, "valid integer"),
        (float, "1", "valid number"),
        (float, True, "valid number"),
        (float, math.nan, "nan cannot be stored as float: JSON has no NaN or infinity"),
        (float, -math.inf, "no NaN or infinity"),
        (bool, 1, "valid boolean"),
        (bool, 0, "valid boolean"),
        (None, 0, "should be None"),
        (bytes, "a", "valid bytes"),
        (str, "\ud800", "lone surrogate"),
        (list[str], ["a", "\udfff"], "lone surrogate"),
        (dict[str, int], {"\ud800": 1}, "would be read back as {'\ufffd"),
        (Owner, Owner(name="\ud800"), "lone surrogate"),
        (Any, ["\ud800"], "lone surrogate"),
        (Any, {"\ud800": 1}, "lone surrogate"),
        (list[float], [math.inf], "finite number"),
        (Blob, Blob(b"", math.nan), "NaN|finite"),
        (Decimal, Decimal("NaN"), "finite number"),
        (Floating, Floating(value=math.nan), "no NaN or infinity"),
        (list[Floating], [Floating(value=math.inf)], "no NaN or infinity"),
        (Anything, Anything(value=math.nan), "would be read back as Anything"),
        (Anything, Anything(value={"a": [math.inf]}), "would be read back as Anything"),
        (dict[str, Any], {"a": math.nan}, "would be read back as {'a': None}"),
        (dict[float, int], {math.nan: 1}, "finite number"),
        (Any, math.nan, "nan cannot be stored as JSON: JSON has no NaN"),
        (Any, {"a": [math.inf]}, "JSON has no NaN or infinity"),
        (Any, (1, 2), "JSON has no tuple; name the element type"),
        (Any, {1}, "JSON has no set"),
        (Any, frozenset(), "JSON has no frozenset"),
        (Any, b"a", "JSON has no bytes"),
        (Any, bytearray(), "JSON has no bytearray"),
        (Any, datetime(2025, 1, 1), "JSON has no datetime"),
        (Any, Decimal(1), "JSON has no Decimal"),
        (Any, UUID(int=1), "JSON has no UUID"),
        (Any, TASK, "JSON has no Task"),
        (Any, Blob(b""), "JSON has no Blob"),
        (Any, Status.OPEN, "JSON has no Status"),
        (Any, Rank.LOW, "JSON has no Rank"),
        (Any, Shout("a"), "JSON has no Shout"),
        (Any, OrderedDict(a=1), "JSON has no OrderedDict"),
        (Any, Point(1, b""), "JSON has no Point"),
        (Any, object(), "JSON has no object"),
        (Any, [1, (2,)], "JSON has no tuple"),
        (Any, {1: 2}, "JSON has no int keys"),
        (Any, {None: 2}, "JSON has no NoneType keys"),
        (Any, {Status.OPEN: 2}, "JSON has no Status keys"),
        (Any, looped, "nested too deeply, or holds itself"),
        (Any, deep, "recursion limit"),
        (list[Any], deep, "recursion limit"),
        (list[Any], looped, "[Cc]ircular|[Rr]ecursion"),
        (list[Any], [(1, 2)], r"would be read back as \[\[1, 2\]\]"),
        (Anything, Anything(value=(1,)), "would be read back"),
        (Anything, Anything(value={1}), "would be read back"),
        (Anything, Anything(value=b"a"), "would be read back"),
        (Anything, Anything(value=datetime(2025, 1, 1)), "would be read back"),
        (Anything, Anything(value=Owner(name="x")), "would be read back"),
        (Anything, Anything(value={1: 2}), "would be read back"),
        (dict[int | str, int], {1: 1, "1": 2}, "would be read back as {'1': 2}"),
        (dict[tuple[int, int], int], {(1, 2): 3}, "valid array"),
        (datetime, datetime(1890, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")), "would be read back"),
        (OrderedDict[str, int], OrderedDict(b=1, a=2), "would be read back"),
        (SecretStr, SecretStr("x"), r"would be read back as SecretStr\('\*+'\)"),
        (Owner, Senior(name="x", title="Dr"), "would be read back as Owner"),
        (list[Owner], [Senior(name="x", title="Dr")], "would be read back"),
        (Floating, mutated, "value: Input should be a valid number"),
        (Annotated[int, AfterValidator(lambda n: n + 1)], 1, "would be read back as 3"),
        (Annotated[int, PlainSerializer(str)], 1, "valid integer"),
        (Utf8, Utf8(data=b"\xff"), "not UTF-8; for bytes in a model, set its ser_json_by"),
        (HalfBase64, HalfBase64(data=b"abc"), "read back .*; for bytes .*val_json_bytes"),
        (bytes | str, "YWJj", r"read back as b'abc'"),
        (list[int], ["x"] * 9, "0: Input .*; 1: Input .*; 2: Input [^;]*$"),
        (list[int], list(map(str, range(10_000))), r"^\['0', '1', .*\.\.\.\] cannot"),
        (str, ["x" * 10_000], "^.{1,200}$"),
    ],
)
def test_encode_refuses(type_: Any, value: Any, message: str) -> None:
    with pytest.raises(InvalidValue, match=message) as raised:
        codec_for(type_).encode(value)
    assert raised.value.__cause__ is not None
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    ("type_", "data", "message"),
    [
        (str, b"5", "the stored value b'5' is not of type str: Input should be a valid string"),
        (str, b"", "is not of type str: Invalid JSON"),
        (str, b'"a', "Invalid JSON"),
        (str, b'"\xff"', "Invalid JSON"),
        (str, b'"\\ud800"', "Invalid JSON"),
        (int, b'"5"', "valid integer"),
        (int, b"1.0", "valid integer"),
        (int, b"true", "valid integer"),
        (int, b"1 2", "Invalid JSON"),
        (float, b"NaN", "finite"),
        (float, b"1e400", "finite"),
        (float, b"1" + b"0" * 400, "finite"),
        (float, b'"NaN"', "valid number"),
        (bool, b"1", "valid boolean"),
        (bytes, b'"\xc3\xa9"', "bytes"),
        (Base64, b'{"data":"!"}', "data: .*; for bytes in a model, set its ser_json_bytes"),
        (list[float], b"[NaN]", "finite"),
        (Any, b"NaN", "is not of type JSON"),
        (Any, b"[Infinity]", "is not of type JSON"),
        (Any, b"\x00", "is not of type JSON"),
        (Any, b"[" * 100_000, "recursion limit"),
        (Owner, b"{}", "is not of type Owner: name: Field required"),
        (Owner, b'{"name":5}', "name: Input should be a valid string"),
        (dict[str, Owner], b'{"a":{}}', r"is not of type dict\[str, Owner\]: a.name: Field"),
    ],
)
def test_decode_refuses(type_: Any, data: bytes, message: str) -> None:
    with pytest.raises(InvalidValue, match=message) as raised:
        codec_for(type_).decode(data)
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize("type_", [int, Any, list[int]])
def test_integers_have_as_many_digits_as_python_writes(type_: Any) -> None:
    codec = codec_for(type_)

    def wrapped(number: int) -> Any:
        return [number] if type_ == list[int] else number

    assert codec.decode(codec.encode(wrapped(10**4299))) == wrapped(10**4299)
    with pytest.raises(InvalidValue, match=r"<int|<list.* cannot be stored"):
        codec.encode(wrapped(10**4300))


class Undefined(BaseModel):
    later: NotThere  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize("type_", [object(), 5, threading.Lock, Undefined, "Nowhere"])
def test_types_that_pydantic_cannot_handle(type_: Any) -> None:
    with pytest.raises(InvalidValue, match="pydantic cannot handle the type"):
        codec_for(type_)


def test_the_pydantic_error_is_the_cause() -> None:
    with pytest.raises(InvalidValue) as raised:
        Codec(Owner).decode(b"{}")
    assert isinstance(raised.value.__cause__, ValidationError)


# Names and the cache ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        (Any, "JSON"),
        (str, "str"),
        (None, "None"),
        (Colour, "Colour"),
        (Owner | None, "Owner | None"),
        (dict[str, list[Task]], "dict[str, list[Task]]"),
        (Box[int], "Box[int]"),
        (Literal["a"], "Literal['a']"),
        (list[Literal["a.b", 1]], "list[Literal['a.b', 1]]"),
        (Literal[Status.OPEN], "Literal[Status.OPEN]"),
        (Annotated[str, AfterValidator(shuffled)], "Annotated[str, AfterValidator(func=shuffled)]"),
        (JobId, "JobId"),
    ],
)
def test_name(type_: Any, name: str) -> None:
    assert codec_for(type_).name == name


def test_codecs_are_made_once() -> None:
    assert codec_for() is codec_for(Any)
    assert codec_for(list[int]) is codec_for(list[int])
    assert codec_for(list[int]) is not codec_for(list[bool])
    # Equal to Python and of equal hash, but pydantic goes by their order.
    assert codec_for(bytes | str) is not codec_for(str | bytes)


def test_types_that_are_not_hashable() -> None:
    type_ = Annotated[int, {"note": []}]
    assert codec_for(type_).encode(1) == b"1"


class Passed(BaseModel, frozen=True):
    """Whose validators see plain JSON, where pydantic is then strict about it."""

    at: datetime
    amount: Decimal
    raw: bytes
    numbers: tuple[int, ...]
    names: frozenset[str]

    @field_validator("*", mode="before")
    @classmethod
    def before(cls, value: Any) -> Any:
        return value

    @field_validator("*", mode="wrap")
    @classmethod
    def around(cls, value: Any, handler: Any) -> Any:
        return handler(value)


def test_validators_that_see_what_was_written() -> None:
    codec = codec_for(Passed)
    value = Passed(
        at=datetime(2026, 1, 1),
        amount=Decimal("1.50"),
        raw=b"x",
        numbers=(1, 2),
        names=frozenset("ab"),
    )
    assert codec.decode(codec.encode(value)) == value
    with pytest.raises(InvalidValue):  # read as a number, it would be written as a text
        codec.decode(codec.encode(value).replace(b'"1.50"', b"1.50"))


def test_what_a_validator_makes_of_a_value_is_found_again() -> None:
    lower = codec_for(Annotated[str, AfterValidator(str.lower)])
    assert lower.encode("ABC") == lower.encode(lower.decode(lower.encode("ABC"))) == b'"abc"'
    with pytest.raises(InvalidValue):
        codec_for(Base64Str).encode("YWJj")


def test_a_literal_that_cannot_be_read_is_refused_at_opening() -> None:
    for type_ in (Literal[Colour.RED], list[Literal[Colour.RED, "x"]]):
        with pytest.raises(InvalidValue, match="name that, or the whole Enum"):
            codec_for(type_)


class Draft(BaseModel, frozen=True):
    name: str
    priority: int = 0
    owner: str = "nobody"


def test_what_was_written_before_fields_were_added() -> None:
    codec = codec_for(Draft)
    first, second = b'{"name":"a"}', b'{"name":"a","priority":0}'
    now = b'{"name":"a","owner":"nobody","priority":0}'
    assert codec.forms(codec.decode(first)) == (now, first)
    assert codec.forms(codec.decode(second)) == (now, second, first)
    assert codec.forms(codec.decode(now)) == (now, first)
    assert codec.forms(Draft(name="a", priority=1)) == (
        b'{"name":"a","owner":"nobody","priority":1}',
        b'{"name":"a","priority":1}',
    )
    assert codec.canonical(first) == codec.canonical(second) == codec.canonical(now) == now
    assert codec_for(int).forms(1) == (b"1",)


class Named(BaseModel, frozen=True):
    name: str


class NamedAtLeast(BaseModel, frozen=True, extra="allow"):
    name: str


class NamedAfterLooking(BaseModel, frozen=True):
    name: Annotated[str, AfterValidator(lambda name: name)]


def test_an_element_is_never_read_as_less_than_it_is() -> None:
    lost = b'{"name":"a","owner":"b"}'
    for type_ in (Named, NamedAfterLooking, Draft, list[Named], Named | int):
        codec = codec_for(type_)
        shown = b"[%b]" % lost if type_ == list[Named] else lost
        shown = shown.replace(b"owner", b"gone")
        codec.decode(shown)
        with pytest.raises(InvalidValue, match="is not of type"):
            codec.decode_element(shown)
        whole = shown.replace(b',"gone":"b"', b"")
        assert codec.decode_element(whole) == codec.decode(whole)
    with pytest.raises(InvalidValue, match="is not of type"):  # of a validator that is new
        codec_for(Annotated[str, AfterValidator(str.lower)]).decode_element(b'"ABC"')
    allowing = codec_for(NamedAtLeast)
    assert allowing.encode(allowing.decode_element(lost)) == lost
