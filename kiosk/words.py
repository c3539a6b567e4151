"""The words of the interface: one TOML file a language, the same keys and placeholders in each.

A key that a language lacks is a fault that the tests find, so nothing falls back from one language to another.
Placeholders are those of `str.format`, by name only.
"""

from __future__ import annotations

import functools
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

_DIRECTORY = Path(__file__).parent / "locale"
LANGUAGES = ("fr", "en", "nl")
"""French first: the order in which they are offered."""


class Words:
    """All texts of one language. `words("welcome.start")` is a text, `words("bar.left", minutes=5)` a filled one."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.texts = load(language)

    def __call__(self, key: str, **values: object) -> str:
        """Raises KeyError for a key or a placeholder that does not exist."""
        text = self.texts[key]
        return text.format_map(values) if values else text

    def count(self, key: str, number: int, **values: object) -> str:
        """The form of `key` (`.one` or `.other`) for a number of things, with `{n}` filled."""
        one = number < 2 if self.language == "fr" else number == 1
        return self(f"{key}.{'one' if one else 'other'}", n=number, **values)

    def refusal(self, untrusted_code: str) -> str:
        """What is said of a refusal; a code without words of its own gets general ones."""
        return self.texts.get(f"refusal.{untrusted_code}", self.texts["refusal.other"])

    def size(self, octets: int) -> str:
        """A document's size for people: kilobytes below a million bytes, else megabytes with one decimal."""
        if octets < 1_000_000:
            return self("format.kilobytes", n=max(1, round(octets / 1000)))
        return self("format.megabytes", n=self._decimal(octets / 1_000_000))

    def seconds(self, milliseconds: int) -> str:
        return self("format.seconds", n=self._decimal(max(0.1, milliseconds / 1000)))

    def clock(self, moment: float, now: float) -> str:
        """Wall-clock time of `moment`, with its date if that is not today's. Both are seconds since the epoch."""
        then, today = time.localtime(moment), time.localtime(now)
        clock = self("format.clock", hour=then.tm_hour, minute=f"{then.tm_min:02d}")
        if then[:3] == today[:3]:
            return self("format.at_clock", clock=clock)
        month = self(f"format.month_{then.tm_mon}")
        return self("format.on_date", day=then.tm_mday, month=month, clock=clock)

    def _decimal(self, value: float) -> str:
        return f"{value:.1f}".replace(".", self("format.decimal"))


@functools.cache
def load(language: str) -> dict[str, str]:
    """The texts of `language`, by dotted key, with the typography of the language."""
    with (_DIRECTORY / f"{language}.toml").open("rb") as file:
        tree = tomllib.load(file)
    return {key: _typeset(language, text) for key, text in _flatten(tree, "")}


def _flatten(tree: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in tree.items():
        if isinstance(value, Mapping):
            found += _flatten(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", str(value)))
    return found


def _typeset(language: str, text: str) -> str:
    """Curved apostrophes, and in French a space that does not break before high punctuation."""
    text = text.replace("'", "’")
    if language == "fr":
        for mark in "?!:;»":
            text = text.replace(f" {mark}", f"\N{NO-BREAK SPACE}{mark}")
        text = text.replace("« ", "«\N{NO-BREAK SPACE}")
    return text
