"""Small pure helpers for what is shown: cleaning foreign text, minutes, pages of a list."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")

MAX_TITLE = 120
"""Characters of a foreign title that are ever laid out; the rest could only be cut off by the screen's edge."""

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Direction controls (https://www.unicode.org/reports/tr9/): they could make a name read as another."""


def clean(untrusted_text: str, limit: int = MAX_TITLE) -> str:
    """One line of foreign text (a title, a file name, a note): no controls, no direction tricks, bounded.

    Whitespace is made single. A text that is cut ends with an ellipsis and has at most `limit` characters.
    """
    bounded = untrusted_text[: 8 * limit]
    kept = (
        " " if letter.isspace() else letter
        for letter in bounded
        if letter.isspace() or not (letter in _BIDI or unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co"))
    )
    text = " ".join("".join(kept).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def minutes_left(ends_at: float, now: float) -> int:
    """Whole minutes until `ends_at` (both CLOCK_MONOTONIC seconds), rounded up; 0 when less than one is left."""
    left = ends_at - now
    return 0 if left < 60 else math.ceil(left / 60)


def seconds_left(ends_at: float, now: float) -> int:
    """Whole seconds until `ends_at`, rounded up, never below 0."""
    return max(0, math.ceil(ends_at - now))


class Part(NamedTuple):
    """One screenful of a list."""

    first: int
    last: int
    """Items `first` to `last` (excluded)."""
    number: int
    """Counted from 1."""
    parts: int


def part(items: Sequence[_T], per_part: int, wanted: int) -> Part:
    """The screenful number `wanted` (from 0, going round) of `items`, `per_part` each."""
    parts = max(1, math.ceil(len(items) / per_part))
    index = wanted % parts
    first = index * per_part
    return Part(first, min(first + per_part, len(items)), index + 1, parts)
