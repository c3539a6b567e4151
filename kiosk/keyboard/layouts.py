"""The keyboards: which keys there are and where. Pure data, no Kivy.

Every keyboard has five rows of the same width, so that a key is where it was when only the plane changes. The digits
are always there, and so are "@" and ".": most of what visitors type on a site is an address, a date or a number.
"""

from __future__ import annotations

import enum
from typing import NamedTuple


class Do(enum.StrEnum):
    """What a key does, other than typing its character."""

    BACKSPACE = "backspace"
    LEFT = "left"
    RIGHT = "right"
    ENTER = "enter"
    SHIFT = "shift"
    SIGNS = "signs"
    """To the plane of signs and accents, and back."""
    NEXT = "next"
    """The next of `ORDER`."""
    LETTERS = "letters"
    """From the numeric pad to the whole keyboard."""
    DIGITS = "digits"
    """To the numeric pad."""
    REVEAL = "reveal"
    """In a password: show the character that was typed last, or stop showing it."""
    CLOSE = "close"
    """Away with the row of choices."""


REPEATED = frozenset({Do.BACKSPACE, Do.LEFT, Do.RIGHT})
"""What a key does again and again while it is held."""


class Key(NamedTuple):
    """`text` is typed; with `do` it is empty. `width` is in columns."""

    text: str = ""
    do: Do | None = None
    width: float = 1.0


Row = tuple[Key, ...]
Rows = tuple[Row, ...]


class Layout(NamedTuple):
    """One keyboard. A plane is five rows; `upper` and `more` are what Shift makes of the two."""

    columns: int
    lower: Rows
    upper: Rows
    signs: Rows
    more: Rows


class Name(enum.StrEnum):
    FR = "fr"
    EN = "en"
    NL = "nl"
    AR = "ar"
    PAD = "pad"


ORDER = (Name.FR, Name.EN, Name.NL, Name.AR)
"""What the key for another alphabet goes through."""

CHOICES: dict[str, str] = {
    "a": "àâäæáãå",
    "c": "ç",
    "e": "éèêë€",
    "i": "îïíì",
    "n": "ñ",
    "o": "ôöœóòõø",
    "s": "ß",
    "u": "ùûüú",
    "y": "ÿý",
    "é": "èêë",
    "è": "éêë",
    "à": "âäæ",
    "ç": "c",
    "'": '’"',
    "-": "_–",
    ".": ",;:…?!",
    "@": "&#",
    "0": "°",
    "ا": "أإآ",
    "ل": "ﻻ",
    "ه": "ة",
    "ي": "ى",
    "و": "ؤ",
}
"""What a held key offers beside its own character. Arabic's lam-alif is typed as its two letters."""

_SPELT = {"ﻻ": "لا"}
COLUMNS = 11


def spelt(choice: str) -> str:
    """What is typed for a choice: nearly always itself."""
    return _SPELT.get(choice, choice)


def choices(text: str) -> str:
    """What a held key offers in place of its own character; empty when there is nothing."""
    kin = CHOICES.get(text.lower(), "")
    if not kin:
        return ""
    if text != text.lower():
        # "ß" and "ÿ" have capitals that no form of a public service takes; those of one letter are enough.
        kin = "".join(letter.upper() for letter in kin if len(letter.upper()) == 1)
    return kin[: COLUMNS - 1]


def _row(text: str) -> Row:
    return tuple(Key(letter) for letter in text)


_DIGITS: Row = (*_row("1234567890"), Key(do=Do.BACKSPACE))


def _last(second: Do) -> Row:
    return (
        Key(do=Do.SIGNS, width=1.5),
        Key(do=second),
        Key("@"),
        Key("."),
        Key(" ", width=3),
        Key(do=Do.LEFT),
        Key(do=Do.RIGHT),
        Key(do=Do.ENTER, width=1.5),
    )


def _plane(second: str, third: str, fourth: str, *, shift: bool = True, other: Do = Do.NEXT) -> Rows:
    fourth_row = (Key(do=Do.SHIFT), *_row(fourth)) if shift else _row(fourth)
    return (_DIGITS, _row(second), _row(third), fourth_row, _last(other))


def _signs(second: str, third: str, fourth: str) -> Rows:
    """The numeric pad is behind the signs: fields do not always say that they take numbers."""
    return _plane(second, third, fourth, other=Do.DIGITS)


def _layout(second: str, third: str, fourth: str, accents: str) -> Layout:
    """`accents` has eleven letters: the first row of the plane of signs."""
    return Layout(
        COLUMNS,
        lower=_plane(second, third, fourth),
        upper=_plane(second.upper(), third.upper(), fourth.upper()),
        signs=_signs(accents, '&"()_+=/€%*', ",;:!?#$<>~"),
        more=_signs(accents.upper(), "[]{}\\|^`£§°", "«»’“”–…µ²½"),
    )


LAYOUTS: dict[Name, Layout] = {
    Name.FR: _layout("azertyuiopé", "qsdfghjklmè", "wxcvbn'-àç", "êëâäîïôöùûü"),
    Name.EN: _layout("qwertyuiop'", "asdfghjkl-_", "zxcvbnm,?!", "éèêàâçëïôöü"),
    Name.NL: _layout("qwertyuiopé", "asdfghjklëï", "zxcvbnm'-ö", "éèëïöüáíóúç"),
    Name.AR: Layout(
        COLUMNS,
        lower=_plane("ضصثقفغعهخحج", "شسيبلاتنمكط", "ئءؤرىةوزظدذ", shift=False),
        upper=_plane("ضصثقفغعهخحج", "شسيبلاتنمكط", "ئءؤرىةوزظدذ", shift=False),
        signs=_signs("أإآ،؛؟ـ«»'’", '&"()_+=/€%*', ",;:!?#$<>~"),
        more=_signs("أإآ،؛؟ـ«»'’", "[]{}\\|^`£§°", "-“”–…µ²½¼~"),
    ),
}

_PAD_ROWS: Rows = (
    (*_row("123-"), Key(do=Do.BACKSPACE)),
    (*_row("456+"), Key(do=Do.LEFT)),
    (*_row("789/"), Key(do=Do.RIGHT)),
    (Key(do=Do.LETTERS), *_row(",0."), Key(do=Do.ENTER)),
)
LAYOUTS[Name.PAD] = Layout(5, _PAD_ROWS, _PAD_ROWS, _PAD_ROWS, _PAD_ROWS)


def name_for(language: str) -> Name:
    """The keyboard of somebody who reads this language (`fr`, `en`, `nl`); French for any other."""
    return Name(language) if language in (Name.FR, Name.EN, Name.NL) else Name.FR
