"""Reads TOML into msgspec Structs, telling every mistake at once, in words for the person who wrote the file.

msgspec stops at the first mistake and speaks of types; here each key is converted by itself. What is said
of a key (its range, its meaning, an example) comes from the Struct; `session.config.toml_text` makes the reference
page and the default file from the same.
"""

from __future__ import annotations

import difflib
import enum
import json
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from session.config.toml_lines import Path

_T = TypeVar("_T", bound=msgspec.Struct)
_ECHOED = 60


class Problem(msgspec.Struct, frozen=True):
    """One mistake in the file."""

    path: Path
    text: str
    """What was expected, what was found, an example: sentences that follow the key's name."""


class Key(msgspec.Struct, frozen=True):
    """What is known of one key of a section."""

    name: str
    type: Any
    """As annotated."""
    item_type: Any
    """Of a list, that of its items; else None."""
    info: inspect.Type
    """Without its metadata."""
    default: Any
    """msgspec.NODEFAULT when the key is required."""
    description: str
    example: Any
    """msgspec.NODEFAULT when there is none."""
    words: str
    """"a whole number from 1 to 20"."""
    secret: bool
    """What was found is never repeated."""

    @property
    def section(self) -> type[msgspec.Struct] | None:
        """The Struct behind a [section] or the tables of a [[section]]."""
        info = self.info.item_type if isinstance(self.info, inspect.VarTupleType) else self.info
        if isinstance(info, inspect.StructType):
            return info.cls
        return None

    @property
    def repeated(self) -> bool:
        return isinstance(self.info, inspect.VarTupleType)


def keys(kind: type[msgspec.Struct]) -> tuple[Key, ...]:
    """Of one Struct, in order."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple(_key(field, hints[field.name]) for field in msgspec.structs.fields(kind))


def _key(field: msgspec.structs.FieldInfo, hint: Any) -> Key:
    info = inspect.type_info(hint)
    bare = typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint
    schema: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    if isinstance(info, inspect.Metadata):
        schema, extra, info = info.extra_json_schema or {}, info.extra or {}, info.type
    default = field.default
    if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    return Key(
        name=field.encode_name,
        type=hint,
        item_type=typing.get_args(bare)[0] if typing.get_origin(bare) is tuple else None,
        info=info,
        default=default,
        description=schema.get("description", ""),
        example=schema.get("examples", [msgspec.NODEFAULT])[0],
        words=extra.get("words") or _choice(bare) or expected(info),
        secret=extra.get("secret", False),
    )


def _choice(bare: Any) -> str | None:
    """The values of a Literal in the order in which they were written, which msgspec does not keep."""
    if typing.get_origin(bare) is not typing.Literal:
        return None
    return "one of " + ", ".join(as_toml(value) for value in typing.get_args(bare))


def expected(info: inspect.Type) -> str:
    """A type in plain words."""
    match info:
        case inspect.Metadata(type=inner, extra=extra):
            return (extra or {}).get("words") or expected(inner)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high):
            return f"a whole number{_range(low, high)}"
        case inspect.FloatType(ge=low, le=high):
            return f"a number{_range(low, high)}"
        case inspect.StrType(min_length=low, max_length=high):
            if high is None:
                return "a text"
            return f"a text of {low} to {high} characters" if low else f"a text of at most {high} characters"
        case inspect.EnumType(cls=cls):
            return "one of " + ", ".join(as_toml(member.value) for member in cls)
        case inspect.VarTupleType(item_type=item):
            return f"a list, each {expected(item)}"
        case inspect.StructType():
            return "a section"
    raise NotImplementedError(type(info).__name__)


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f" from {as_toml(low)} to {as_toml(high)}"


def as_toml(value: Any) -> str:
    """A default or an example as one writes it in the file."""
    match value:
        case bool():
            return "true" if value else "false"
        case enum.Enum():
            return as_toml(value.value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return f"{value:g}"
        case tuple() | list():
            return "[" + ", ".join(as_toml(item) for item in value) + "]"
    return str(value)


def convert(untrusted_table: Mapping[str, Any], kind: type[_T]) -> tuple[_T, list[Problem]]:
    """The table as a `kind`, and every mistake in it.

    Where there is a mistake, the value has the key's default or its example instead, so that checks between
    keys can go on; a caller that gets problems must not use the value for anything else.
    """
    problems: list[Problem] = []
    value = _section(untrusted_table, kind, (), "the file", problems)
    return value, problems


def _section(
    untrusted_table: Mapping[str, Any], kind: type[_T], path: Path, place: str, problems: list[Problem]
) -> _T:
    known = keys(kind)
    values: dict[str, Any] = {}
    for name in untrusted_table:
        if all(name != key.name for key in known):
            problems.append(Problem((*path, name), _unknown(name, known, place)))
    for key in known:
        here = (*path, key.name)
        stand_in = key.example if key.default is msgspec.NODEFAULT else key.default
        if key.name not in untrusted_table:
            values[key.name] = stand_in
            if key.default is msgspec.NODEFAULT:
                problems.append(Problem(here, f"is missing; it must be {key.words}.{_example(key)}"))
            continue
        untrusted = untrusted_table[key.name]
        section = key.section
        if section is not None and not key.repeated and isinstance(untrusted, dict):
            values[key.name] = _section(untrusted, section, here, f"[{key.name}]", problems)
        elif section is not None and key.repeated and _tables(untrusted):
            values[key.name] = tuple(
                _section(table, section, (*here, number), f"[[{key.name}]]", problems)
                for number, table in enumerate(untrusted)
            )
        else:
            found = list(_wrong(untrusted, key, here))
            problems.extend(found)
            values[key.name] = stand_in if found else msgspec.convert(untrusted, key.type)
    return kind(**values)


def _tables(untrusted: object) -> bool:
    return isinstance(untrusted, list) and all(isinstance(item, dict) for item in untrusted)


def _wrong(untrusted: Any, key: Key, path: Path) -> Iterable[Problem]:
    """The mistakes of one value; in a list, those of each item."""
    if key.section is not None:
        brackets = f"[[{key.name}]]" if key.repeated else f"[{key.name}]"
        yield Problem(path, f"is a section: write {brackets} on a line of its own, then its keys below it.")
        return
    if isinstance(key.info, inspect.VarTupleType) and isinstance(untrusted, list):
        words = expected(inspect.type_info(key.item_type))
        bad = False
        for number, item in enumerate(untrusted):
            if not _fits(item, key.item_type):
                bad = True
                yield Problem((*path, number), f"must be {words}{_found(item, key)}.{_example(key)}")
        if bad:
            return
    if not _fits(untrusted, key.type):
        yield Problem(path, f"must be {key.words}{_found(untrusted, key)}.{_example(key)}")


def _fits(untrusted: Any, kind: Any) -> bool:
    try:
        msgspec.convert(untrusted, kind)
    except msgspec.ValidationError:
        return False
    return True


def _found(untrusted: Any, key: Key) -> str:
    return "" if key.secret else f", not {shown(untrusted)}"


def shown(untrusted: Any) -> str:
    """What was found, short, on one line, with nothing that a terminal would obey."""
    match untrusted:
        case dict():
            return "a section"
        case list():
            return "a list"
        case str():
            # json.dumps escapes control characters and all that is not ASCII.
            text = json.dumps(untrusted)
        case bool() | int() | float():
            text = as_toml(untrusted)
        case _:
            return "a date or a time"
    return text if len(text) <= _ECHOED else f"{text[:_ECHOED]}…"


def _example(key: Key) -> str:
    if key.example is not msgspec.NODEFAULT:
        return f" Example: {key.name} = {as_toml(key.example)}"
    if key.default is not msgspec.NODEFAULT:
        return f" Example: {key.name} = {as_toml(key.default)}"
    return ""


def _unknown(untrusted_name: str, known: Iterable[Key], place: str) -> str:
    # A value under an unknown key could be anything, a password too: it is not repeated.
    names = [key.name for key in known]
    near = difflib.get_close_matches(untrusted_name.lower(), names, 1, 0.6)
    if near:
        return f"is not a key that Marchepied knows. Did you mean {near[0]}?"
    return f"is not a key that Marchepied knows. The keys of {place} are: {', '.join(names)}."


def dotted(path: Path) -> str:
    """("sites", 0, "url") -> sites[1].url: people count from one. Odd characters in a name are escaped."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            plain = part.replace("-", "").replace("_", "")
            name = part if plain.isascii() and plain.isalnum() else json.dumps(part)
            text += f".{name}" if text else name
    return text if len(text) <= 2 * _ECHOED else f"{text[: 2 * _ECHOED]}…"
