"""On which line a TOML file has each of its keys, for error messages. tomllib does not tell.

A small reader of the layout only; it relies on tomllib having accepted the text.
"""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]
"""("sites", 0, "url"): names of tables and keys, numbers of the tables of an array."""

_PIECE = re.compile(
    # Strings of several lines; their last characters may be one or two quotes.
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?'{3,5}'''
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*'"""
    r"""|\#[^\n]*|[ \t\r]+|[\[\]{}=,.\n]|[^\[\]{}=,.\n\#"' \t\r]+""",
    re.DOTALL,
)


def key_lines(text: str) -> dict[Path, int]:
    """Each table and key with the number of its line, from 1. Keys of inline tables are left out."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    statement: list[str] = []
    depth: int | None = None  # None: before "="; else how many brackets of the value are open
    line = 1
    for match in _PIECE.finditer(text):
        piece = match.group()
        if depth is None:
            if piece == "\n":
                if statement:
                    table = _header(statement, counts)
                    found.setdefault(table, line)
                statement = []
            elif piece == "=":
                found[table + _names(statement)] = line
                statement, depth = [], 0
            elif piece[0] not in " \t\r#":
                statement.append(piece)
        elif piece in ("[", "{"):
            depth += 1
        elif piece in ("]", "}"):
            depth -= 1
        elif piece == "\n" and depth == 0:
            depth = None
        line += piece.count("\n")
    if statement:
        found.setdefault(_header(statement, counts), line)
    return found


def line_of(path: Path, lines: dict[Path, int]) -> int | None:
    """The line of this key, else that of the nearest table around it."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def _header(statement: list[str], counts: dict[Path, int]) -> Path:
    array = statement[:2] == ["[", "["]
    path: Path = ()
    names = _names([piece for piece in statement if piece not in ("[", "]")])
    for name in names:
        path += (name,)
        if array and _without_numbers(path) == names:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path


def _without_numbers(path: Path) -> Path:
    return tuple(part for part in path if isinstance(part, str))


def _names(pieces: list[str]) -> Path:
    """Of the pieces of a dotted key; quoted ones are read as tomllib does."""
    return tuple(
        str(tomllib.loads(f"key = {piece}")["key"]) if piece[0] in "\"'" else piece
        for piece in pieces
        if piece != "."
    )
