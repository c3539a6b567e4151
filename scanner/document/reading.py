"""What is written on a page, read by tesseract: words, as soon as each part of the page is read.

Tesseract tells nothing before it has read all that it was given, so a page is given to it in parts, cut where nothing
is written all across it. Each is read by a process of its own with limits, see `children`; pixels reach it in memory,
and it writes no file.

Facts: tesseract(1), TSV output (one line a word, level 5); data for fra, nld and eng are Debian's.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scanner.document import children
from scanner.document.model import Cancelled, Stopped
from scanner.document.raster import MM_PER_INCH, Page, Pixels, Raster, bitonal, grey, resized

_TESSERACT = "/usr/bin/tesseract"
_SECONDS = 40
"""Of processor time for one part; a part full of small print takes 3 to 6."""
_MOST = 4 << 20
_DPI = 300
"""What tesseract was made for."""
_PART_MM = 40.0
"""A part is at least so high: starting tesseract takes 0.2 s."""
_GAP_MM = 4.0
"""Cut where nothing is written for so far down: never between the lines of two columns that go on."""
_SMALL_GAP_MM = 0.6
"""Or for so far, between the lines of a text in one column."""
_BORDER = 30
"""Pixels of paper around a part: letters at the very edge are not found."""
_SURE = 30.0
"""Of 100: what tesseract itself believes less in is dirt, or a picture."""


class Language(enum.StrEnum):
    """As tesseract names its data."""

    FRENCH = "fra"
    DUTCH = "nld"
    ENGLISH = "eng"


class Word(NamedTuple):
    text: str
    paragraph: int
    """Numbered from 0 down the page. A part of the page begins a new one, even within a sentence."""
    line: int
    """The same."""
    left: float
    top: float
    width: float
    height: float
    """In shares of the page's width and height, 0 to 1."""


def never() -> bool:
    return False


def read(page: Raster, languages: Sequence[Language], *, cancelled: Cancelled = never) -> Iterator[Word]:
    """Words in the order in which they are read; the likeliest language first. An empty page has none.

    Raises Refused (TOO_LONG, BROKEN), Stopped; ValueError without a language.
    """
    if not languages:
        raise ValueError("no language to read in")
    pixels = resized(grey(page.pixels), _DPI / page.dpi)
    paragraph = line = 0
    for top, bottom in parts(pixels):
        if cancelled():
            raise Stopped
        said = _ask(pixels[top:bottom], languages, cancelled)
        words = list(_words(said, pixels.shape[1], pixels.shape[0], top, paragraph, line))
        if words:
            paragraph, line = words[-1].paragraph + 1, words[-1].line + 1
        yield from words


def parts(pixels: Pixels) -> list[tuple[int, int]]:
    """First and last row (not included) of each part of a page in 300 dpi; empty rows between them are left out."""
    ink = bitonal(Page(pixels, _DPI), _DPI) == 0
    written = np.flatnonzero(np.count_nonzero(ink, axis=1) > 1)  # one dark dot is dust
    if written.size == 0:
        return []
    # After each of these rows comes at least one that is empty; how many, says `empty`.
    ends = np.flatnonzero(np.diff(written) > 1)
    empty = np.diff(written)[ends] - 1
    gap, small, least = (round(one * _DPI / MM_PER_INCH) for one in (_GAP_MM, _SMALL_GAP_MM, _PART_MM))
    found, begin = [], int(written[0])
    for end, rows in zip(ends, empty, strict=True):
        last, following = int(written[end]), int(written[end + 1])
        high = last + 1 - begin >= least
        if high and (rows > gap or (rows > small and not _columns(ink[begin : last + 1], gap))):
            found.append((begin, last + 1))
            begin = following
    return [*found, (begin, int(written[-1]) + 1)]


def _columns(ink: NDArray[np.bool_], gap: int) -> bool:
    """Whether something stands side by side, so that a line goes on further up: an empty strip runs all down."""
    written = np.flatnonzero(np.count_nonzero(ink, axis=0) > 1)
    return bool((np.diff(written) > gap).any())


def _ask(pixels: Pixels, languages: Sequence[Language], cancelled: Cancelled) -> str:
    height, width = (one + 2 * _BORDER for one in pixels.shape)
    framed = np.full((height, width), int(np.percentile(pixels, 90)), np.uint8)
    framed[_BORDER:-_BORDER, _BORDER:-_BORDER] = pixels
    with os.fdopen(os.memfd_create("page", os.MFD_CLOEXEC), "w+b") as memory:
        memory.write(b"P5\n%d %d\n255\n" % (width, height))
        memory.write(framed.tobytes())
        memory.flush()
        return children.run(
            [_TESSERACT, "stdin", "stdout", "-l", "+".join(languages), "--dpi", str(_DPI), "--psm", "3", "tsv"],
            memory,
            most=_MOST,
            seconds=_SECONDS,
            cancelled=cancelled,
        ).decode("utf-8", "replace")


def _words(said: str, width: int, height: int, top: int, paragraph: int, line: int) -> Iterator[Word]:
    """Numbers go on from those given."""
    before: tuple[str, str, str] | None = None
    for row in said.splitlines()[1:]:
        fields = row.split("\t")
        # level page_num block_num par_num line_num word_num left top width height conf text
        if len(fields) != 12 or fields[0] != "5" or not fields[11].strip() or float(fields[10]) < _SURE:
            continue
        now = (fields[2], fields[3], fields[4])
        if before is not None and now != before:
            line += 1
            paragraph += now[:2] != before[:2]
        before = now
        left, above, across, down = (int(one) for one in fields[6:10])
        yield Word(
            fields[11].strip(), paragraph, line,
            (left - _BORDER) / width, (above - _BORDER + top) / height, across / width, down / height,
        )  # fmt: skip
