"""Text that is written from right to left, or both ways, for a renderer that draws letters one by one from the left.

By FriBidi, which Pango and so Chromium use too: the order of Unicode's bidirectional algorithm
(https://www.unicode.org/reports/tr9/), and the joined forms of Arabic letters. Pure: no Kivy.
"""

from __future__ import annotations

import ctypes
import functools
import logging
import re
from collections.abc import Sequence
from typing import NamedTuple

logger = logging.getLogger(__name__)

ISOLATE, END_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_CONTROLS = {0x61C, *range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_UNDRAWN = {*_CONTROLS, 0xFEFF, *range(0x610, 0x61B), *range(0x64B, 0x660), 0x670, *range(0x6D6, 0x6EE)}
"""Controls; what FriBidi leaves where two letters became one; and the small vowels, which Arabic is written without: a
renderer that puts letter after letter would not put them over theirs. A voice still reads them."""
_NOT_PLAIN = re.compile("[\u0590-\u08ff\u200c-\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff]")

# fribidi-bidi-types.h, fribidi-flags.h
_LEFT, _RIGHT, _FIRST_STRONG = 0x110, 0x111, 0x40
_MIRRORING, _ARABIC_FORMS, _ARABIC_LIGATURES, _REORDER_MARKS = 0x1, 0x100, 0x200, 0x2


def direction_of(letter: str) -> str:
    """`rtl` for a letter of a script that is written from right to left, else `ltr`."""
    return "rtl" if _NOT_PLAIN.match(letter) else "ltr"


def isolated(text: str) -> str:
    """`text` so that it can stand in a sentence of any direction without taking part in it."""
    return f"{ISOLATE}{text}{END_ISOLATE}"


def bare(text: str) -> str:
    """`text` without what only says how it is to be laid out."""
    return text.translate(dict.fromkeys(_CONTROLS))


class _Paragraph(NamedTuple):
    shaped: str
    types: list[int]
    levels: list[int]
    base: int


class Written:
    """A text as it is drawn. Lines are broken in `shaped`, which is in reading order; `lines` then turns them."""

    def __init__(self, text: str, base: str) -> None:
        """`base`: the direction of its sentences, `ltr` or `rtl`, or `auto` for that of its first letter."""
        self._base = {"ltr": _LEFT, "rtl": _RIGHT}.get(base, _FIRST_STRONG)
        self._library = _fribidi() if _NOT_PLAIN.search(text) else None
        self._paragraphs: list[_Paragraph] = []
        self.shaped = text
        if self._library is not None:
            self._paragraphs = [_laid_out(self._library, one, self._base) for one in text.split("\n")]
            self.shaped = "\n".join(one.shaped for one in self._paragraphs)

    def lines(self, lines: Sequence[str]) -> list[str]:
        """Each line as it stands from left to right. `lines` are parts of `shaped`, in order."""
        if self._library is None:
            return list(lines)
        turned, at, start = [], 0, 0
        for line in lines:
            places = (
                (number, self._paragraphs[number].shaped.find(line, start if number == at else 0))
                for number in range(at, len(self._paragraphs))
            )
            number, place = next((found for found in places if found[1] >= 0), (-1, -1))
            if place < 0:
                # Cut with an ellipsis: a text of its own.
                turned.append(_turned(self._library, _laid_out(self._library, line, self._base), 0, len(line)))
            else:
                at, start = number, place + len(line)
                turned.append(_turned(self._library, self._paragraphs[at], place, len(line)))
        return turned


def _laid_out(library: ctypes.CDLL, text: str, base: int) -> _Paragraph:
    """One paragraph: the forms of its letters and how deep each is, in reading order."""
    length = len(text)
    letters = _array(text)
    types, brackets = (ctypes.c_uint32 * length)(), (ctypes.c_uint32 * length)()
    levels, forms = (ctypes.c_int8 * length)(), (ctypes.c_uint8 * length)()
    direction = ctypes.c_uint32(base)
    library.fribidi_get_bidi_types(letters, length, types)
    library.fribidi_get_bracket_types(letters, length, types, brackets)
    library.fribidi_get_par_embedding_levels_ex(types, brackets, length, ctypes.byref(direction), levels)
    library.fribidi_get_joining_types(letters, length, forms)
    library.fribidi_join_arabic(types, length, levels, forms)
    library.fribidi_shape(_MIRRORING | _ARABIC_FORMS | _ARABIC_LIGATURES, levels, length, forms, letters)
    kept = [at for at in range(length) if letters[at] not in _UNDRAWN]
    shaped = "".join(chr(letters[at]) for at in kept)
    return _Paragraph(shaped, [types[at] for at in kept], [levels[at] for at in kept], direction.value)


def _turned(library: ctypes.CDLL, paragraph: _Paragraph, start: int, length: int) -> str:
    """A line of a paragraph, from left to right."""
    end = start + length
    line = _array(paragraph.shaped[start:end])
    types = (ctypes.c_uint32 * length)(*paragraph.types[start:end])
    levels = (ctypes.c_int8 * length)(*paragraph.levels[start:end])
    library.fribidi_reorder_line(_REORDER_MARKS, types, length, 0, paragraph.base, levels, line, None)
    return "".join(map(chr, line))


def _array(text: str) -> ctypes.Array[ctypes.c_uint32]:
    return (ctypes.c_uint32 * len(text))(*map(ord, text))


@functools.cache
def _fribidi() -> ctypes.CDLL | None:
    """The library; None where there is none: a foreign title is then drawn as it comes, and nothing ends."""
    try:
        library = ctypes.CDLL("libfribidi.so.0")
    except OSError:
        logger.warning("no FriBidi: text from right to left is drawn wrongly")
        return None
    chars, signed, octets = (ctypes.POINTER(kind) for kind in (ctypes.c_uint32, ctypes.c_int8, ctypes.c_uint8))
    integer, flags = ctypes.c_int, ctypes.c_uint32
    for name, *arguments in (
        ("fribidi_get_bidi_types", chars, integer, chars),
        ("fribidi_get_bracket_types", chars, integer, chars, chars),
        ("fribidi_get_par_embedding_levels_ex", chars, chars, integer, chars, signed),
        ("fribidi_get_joining_types", chars, integer, octets),
        ("fribidi_join_arabic", chars, integer, signed, octets),
        ("fribidi_shape", flags, signed, integer, octets, chars),
        ("fribidi_reorder_line", flags, chars, integer, integer, flags, signed, chars, ctypes.c_void_p),
    ):
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = ctypes.c_int8 if name in _RETURNS_A_LEVEL else None
    return library


_RETURNS_A_LEVEL = ("fribidi_get_par_embedding_levels_ex", "fribidi_reorder_line")
