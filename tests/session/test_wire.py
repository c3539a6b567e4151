"""The framing: any cutting of a stream gives the same frames, and what is wrong is said without its values."""

from __future__ import annotations

import enum
import itertools
import json
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from session import wire
from session.wire import FrameReader, WireError

SECRET = "hunter-2-secret"


class _Colour(enum.StrEnum):
    RED = "red"


class _Number(enum.IntEnum):
    ONE = 1


class _Cat(msgspec.Struct, tag=True, forbid_unknown_fields=True):
    lives: int


class _Dog(msgspec.Struct, tag=True, forbid_unknown_fields=True):
    name: str


class _Checked(msgspec.Struct):
    word: str

    def __post_init__(self) -> None:
        raise ValueError(f"Expected nothing of {self.word}")


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    count: int
    colour: _Colour = _Colour.RED
    number: _Number = _Number.ONE
    mode: Literal["full", "bar"] = "bar"
    short: Annotated[str, msgspec.Meta(max_length=3, pattern="^[a-z]*$")] = ""
    few: Annotated[int, msgspec.Meta(ge=0, le=4)] = 0
    data: bytes = b""
    counts: dict[str, int] = {}
    colours: dict[_Colour, int] = {}
    animals: tuple[_Cat | _Dog, ...] = ()
    checked: _Checked | None = None


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


@given(
    st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\0", b"")), max_size=12),
    st.binary(max_size=10).map(lambda data: data.replace(b"\0", b"")),
    st.lists(st.integers(0, 1000), max_size=30),
)
def test_any_cutting_gives_the_same_frames(frames: list[bytes], rest: bytes, places: list[int]) -> None:
    stream = b"".join(frame + b"\0" for frame in frames) + rest
    reader = FrameReader()
    found = [frame for piece in cut(stream, places) for frame in reader.feed(piece)]
    assert found == frames
    assert list(reader.feed(b"\0")) == [rest]


@given(st.lists(st.integers(0, 60), max_size=10), st.lists(st.integers(0, 1000), max_size=20))
def test_any_cutting_finds_the_same_overlong_frame(lengths: list[int], places: list[int]) -> None:
    limit = 50
    good = next((index for index, length in enumerate(lengths) if length > limit), len(lengths))
    stream = b"".join(b"x" * length + b"\0" for length in lengths)
    reader, found, broke = FrameReader(limit), [], False
    try:
        for piece in cut(stream, places):
            for frame in reader.feed(piece):
                found.append(len(frame))
    except WireError:
        broke = True
    assert found == lengths[:good]
    assert broke == (good < len(lengths))


def test_a_frame_of_exactly_the_limit_passes_and_one_byte_more_does_not_wait_for_its_end() -> None:
    reader = FrameReader(limit=10)
    assert list(reader.feed(b"x" * 10)) == []
    assert list(reader.feed(b"\0")) == [b"x" * 10]
    with pytest.raises(WireError, match="longer than 10 bytes"):
        list(reader.feed(b"x" * 11))
    assert list(reader.feed(b"y\0")) == [b"y"]


def test_byte_by_byte_is_not_quadratic() -> None:
    reader = FrameReader(limit=1 << 20)
    for _ in range(1 << 18):
        assert list(reader.feed(b"x")) == []
    assert [len(frame) for frame in reader.feed(b"\0\0")] == [1 << 18, 0]


def test_frames_that_were_not_taken_are_not_lost() -> None:
    reader = FrameReader()
    assert next(reader.feed(b"a\0b\0c")) == b"a"
    assert list(reader.feed(b"\0")) == [b"b", b"c"]


def test_encode_is_what_decode_reads() -> None:
    message = _Message(3, animals=(_Cat(9),))
    [frame] = FrameReader().feed(wire.encode(message))
    assert wire.decode(frame, _Message) == message
    assert wire.encode({"text": "a\0b"}).count(0) == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"count": SECRET}, "Expected `int`, got `str` - at `$.count`"),
        ({}, "Object missing required field `count`"),
        ({"count": 1, "colour": SECRET}, "Invalid enum value - at `$.colour`"),
        ({"count": 1, "colour": "a' - at `$.secret`"}, "Invalid enum value - at `$.colour`"),
        ({"count": 1, "number": 987654321}, "Invalid enum value - at `$.number`"),
        ({"count": 1, "mode": SECRET}, "Invalid enum value - at `$.mode`"),
        ({"count": 1, "short": SECRET}, "Expected `str` of length <= 3 - at `$.short`"),
        ({"count": 1, "few": 987654321}, "Expected `int` <= 4 - at `$.few`"),
        ({"count": 1, "data": SECRET}, "Invalid base64 encoded string - at `$.data`"),
        ({"count": 1, "counts": {SECRET: SECRET}}, "Expected `int`, got `str` - at `$.counts[...]`"),
        ({"count": 1, "colours": {SECRET: 1}}, "Invalid enum value - at `key` in `$.colours`"),
        ({"count": 1, "animals": [{"type": SECRET}]}, "Invalid value - at `$.animals[0].type`"),
        ({"count": 1, "animals": [{"type": "_Dog"}]}, "Object missing required field `name` - at `$.animals[0]`"),
        ({"count": 1, SECRET: 1}, "Object contains an unknown field"),
        ({"count": 1, "x` - at `$.secret": 1}, "Object contains an unknown field"),
        ([SECRET], "Expected `object`, got `array`"),
    ],
)
def test_errors_name_fields_and_types_and_never_values(sent: Any, said: str) -> None:
    with pytest.raises(WireError) as caught:
        wire.decode(json.dumps(sent).encode(), _Message)
    assert str(caught.value) == said
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (b"", "Input data was truncated"),
        (b'{"count":1', "Input data was truncated"),
        (b'{"count":1} secret', "JSON is malformed: trailing characters (byte 13)"),
        (b'{"count":secret}', "JSON is malformed: invalid character (byte 9)"),
        (b'{"count":1,"short":"\xff"}', "not UTF-8"),
        (b'{"count":1,"counts":' + b'{"a":' * 10_000, "Expected `int`, got `object` - at `$.counts[...]`"),
        (b'{"count":1e400}', "Number out of range - at `$.count`"),
    ],
)
def test_broken_frames_are_wire_errors(frame: bytes, said: str) -> None:
    with pytest.raises(WireError) as caught:
        wire.decode(frame, _Message)
    assert str(caught.value) == said


@pytest.mark.parametrize("kind", [dict, msgspec.Raw])
def test_deep_nesting_is_an_error_and_no_crash(kind: type[Any]) -> None:
    with pytest.raises(WireError, match="too deeply"):
        wire.decode(b'{"a":' * 12_000, kind)


def test_a_check_of_our_own_cannot_leak_either() -> None:
    with pytest.raises(WireError) as caught:
        wire.decode(json.dumps({"count": 1, "checked": {"word": SECRET}}).encode(), _Message)
    assert SECRET not in str(caught.value)


_secrets = st.integers(10_000_000, 99_999_999).map(lambda number: f"zq{number}")
_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _secrets | st.integers(100_000_000, 999_999_999),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_secrets, inner, max_size=3),
    max_leaves=6,
)


_fields = {name: _json for name in _Message.__struct_fields__ if name != "count"}


@given(st.fixed_dictionaries({"count": st.just(1) | _json}, optional=_fields))
def test_no_error_repeats_anything_of_the_message(message: dict[str, Any]) -> None:
    try:
        wire.decode(json.dumps(message).encode(), _Message)
    except WireError as error:
        said = str(error)
        assert "zq" not in said
        assert not any(word.strip("`,.").isdigit() and len(word) > 5 for word in said.split())
