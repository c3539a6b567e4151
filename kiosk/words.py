"""The words of the interface: one gettext catalogue a language, the same keys and placeholders in each.

In a catalogue the key is the context (msgctxt) and the French text is what is translated (msgid). A key that a language
lacks is a fault that the tests find, so nothing falls back from one language to another. Placeholders are those of
`str.format`, by name only.
"""

from __future__ import annotations

import functools
import gettext
import io
import time
from pathlib import Path
from typing import NamedTuple, TypeGuard

import polib

from kiosk import bidi
from scanner.model import DOCUMENT_REFUSED

_DIRECTORY = Path(__file__).parent / "locale"
NAMES = {"fr": "Français", "en": "English", "nl": "Nederlands", "ar": "العربية"}
"""Each language, by its own name."""
LANGUAGES = tuple(NAMES)
"""French first: the order in which they are offered."""


class Catalogue(NamedTuple):
    """One language's texts, with its typography."""

    texts: dict[str, str]
    """By key, those that count nothing."""
    counted: dict[str, tuple[str, str]]
    """By key, how `forms` knows those that count something: the French texts for one and for many."""
    forms: gettext.GNUTranslations


class Words:
    """All texts of one language: `words("welcome.start")` is one, `words("pages.close_one", title=...)` is filled,
    `words.count("pages.open", 5)` is the form for so many things."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = load(language)
        self.texts = self._catalogue.texts
        self.mirrored = bidi.direction_of(NAMES[language]) == "rtl"
        """Whether it is written from right to left, and what is on a screen goes that way too."""

    def __call__(self, key: str, **values: object) -> str:
        """Raises KeyError for a key or a placeholder that does not exist."""
        text = self.texts[key]
        return text.format_map(self._fit(values)) if values else text

    def count(self, key: str, number: int, **values: object) -> str:
        """The form of `key` for a number of things, by the plural rule of the language, with `{n}` filled."""
        one, many = self._catalogue.counted[key]
        return self._catalogue.forms.npgettext(key, one, many, number).format_map(self._fit({"n": number, **values}))

    def refusal(self, untrusted_code: str) -> str:
        """What is said of a refusal; a code without words of its own gets general ones."""
        untrusted_why = untrusted_code.removeprefix(DOCUMENT_REFUSED)
        if untrusted_why != untrusted_code and f"closed.{untrusted_why}" in self.texts:
            return f"{self.texts[f'closed.{untrusted_why}']} {self.texts[f'closed_next.{untrusted_why}']}"
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

    def _fit(self, values: dict[str, object]) -> dict[str, object]:
        """A French name in an Arabic sentence stays in one piece, with its own full stop at its own end."""
        if not self.mirrored:
            return values
        return {name: bidi.isolated(value) if _has_letters(value) else value for name, value in values.items()}

    def _decimal(self, value: float) -> str:
        return f"{value:.1f}".replace(".", self("format.decimal"))


def _has_letters(value: object) -> TypeGuard[str]:
    """Whether it has a direction of its own. A time or a number has none, and is put together from parts."""
    return isinstance(value, str) and any(letter.isalpha() for letter in value)


def path_of(language: str) -> Path:
    """A language's catalogue, where gettext's own tools look for it."""
    return _DIRECTORY / language / "LC_MESSAGES" / "marchepied.po"


@functools.cache
def load(language: str) -> Catalogue:
    """Reads a catalogue: a few milliseconds, so that none has to be compiled and none can be out of date."""
    file = polib.pofile(str(path_of(language)))
    for entry in file:
        entry.msgstr = _typeset(language, entry.msgstr)
        entry.msgstr_plural = {form: _typeset(language, text) for form, text in entry.msgstr_plural.items()}
    return Catalogue(
        {entry.msgctxt: entry.msgstr for entry in file if not entry.msgid_plural},
        {entry.msgctxt: (entry.msgid, entry.msgid_plural) for entry in file if entry.msgid_plural},
        gettext.GNUTranslations(io.BytesIO(file.to_binary())),
    )


def _typeset(language: str, text: str) -> str:
    """Curved apostrophes, and in French a space that does not break before high punctuation."""
    text = text.replace("'", "’")
    if language == "fr":
        for mark in "?!:;»":
            text = text.replace(f" {mark}", f"\N{NO-BREAK SPACE}{mark}")
        text = text.replace("« ", "«\N{NO-BREAK SPACE}")
    return text
