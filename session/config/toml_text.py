"""The reference page and the default file of a configuration, made from its Structs."""

from __future__ import annotations

import inspect
import textwrap

import msgspec

from session.config.toml_check import Key, as_toml, keys

_WIDTH = 100


def reference(kind: type[msgspec.Struct], introduction: str) -> str:
    """A Markdown page: one part for each section, one row for each key."""
    parts = [introduction.strip()]
    for section in keys(kind):
        struct = section.section
        assert struct is not None  # noqa: S101 - the top of a file has sections only
        heading = f"[[{section.name}]]" if section.repeated else f"[{section.name}]"
        parts.append(f"## `{heading}`")
        parts.append(inspect.cleandoc(struct.__doc__ or ""))
        rows = ["| key | what it takes | default | meaning | example |", "| --- | --- | --- | --- | --- |"]
        rows += [_row(key) for key in keys(struct)]
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _row(key: Key) -> str:
    default = "required" if key.default is msgspec.NODEFAULT else f"`{as_toml(key.default)}`"
    example = key.default if key.example is msgspec.NODEFAULT else key.example
    line = f"`{key.name} = {as_toml(example)}`"
    cells = (f"`{key.name}`", key.words, default, key.description, line)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def default_toml(kind: type[msgspec.Struct], introduction: str) -> str:
    """A commented file with every key at its default; a repeated section is an example, commented out."""
    lines = _comment(introduction)
    for section in keys(kind):
        struct = section.section
        assert struct is not None  # noqa: S101 - the top of a file has sections only
        lines += ["", *_comment(inspect.cleandoc(struct.__doc__ or ""))]
        prefix = "#" if section.repeated else ""
        lines.append(f"{prefix}[[{section.name}]]" if section.repeated else f"[{section.name}]")
        for key in keys(struct):
            value = key.example if section.repeated else key.default
            lines += ["", *_comment(f"{key.description} ({key.words})")]
            lines.append(f"{prefix}{key.name} = {as_toml(value)}")
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    lines: list[str] = []
    for paragraph in text.strip().split("\n\n"):
        wrapped = textwrap.wrap(" ".join(paragraph.split()), _WIDTH - 2)
        lines += ["#", *(f"# {line}" for line in wrapped)]
    return lines[1:]
