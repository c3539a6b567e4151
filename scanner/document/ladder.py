"""What a page could be encoded as, measured; and which of it each page gets when all share one limit."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from scanner.document.encode import Encoded, Way, encode
from scanner.document.legible import COMFORTABLE, LEAST, Original
from scanner.document.model import Mode
from scanner.document.raster import Page, Raster, coloured, grey

COLOUR_GONE = 0.85
"""A page with colours looks so much less like itself without them."""

_STEPS = ((200, 70), (150, 60), (120, 50), (100, 45), (75, 40), (60, 45))
"""Dots per inch and quality of JPEGs, best first; large letters are still read at 60."""
_FINEST = (300, 80)
_FINER = 2.2
"""So many times the size of the first of `_STEPS` has the finest, at least (measured on letters and pictures)."""
_WITHOUT_COLOUR = _STEPS[2:]
"""Grey saves a tenth: of what has colours nothing large is tried in grey."""
_BITONAL_DPI = (300, 200, 150)
_BITONAL_FINEST = 400
MAX_QUALITY = 92


class Option(NamedTuple):
    """One way to keep a page, as it was tried: it can be read."""

    way: Way
    size: int
    """Bytes of the picture."""
    look: float
    """0 to 1: see `legible.Seen.look`; less where colours are gone."""
    legibility: float
    faded: bool = False
    """The page has colours, and this way does not."""


def usual(page: Raster) -> Encoded:
    """A page as it is kept while nobody asks for a limit: the smallest of a few ways that is comfortable to read."""
    original = Original(page)
    modes = (
        ((Mode.COLOUR, 150, 60), (Mode.COLOUR, 200, 60), (Mode.COLOUR, 200, 75))
        if coloured(page)
        else ((Mode.BITONAL, 300, 0), (Mode.GREY, 150, 60), (Mode.GREY, 200, 60), (Mode.GREY, 200, 75))
    )
    plain = page if modes[0][0] is Mode.COLOUR else Page(grey(page.pixels), page.dpi)
    for mode, dpi, quality in modes:
        encoded, made = encode(plain, Way(mode, dpi, quality))
        if original.seen(made).legibility >= COMFORTABLE:
            return encoded
    return encode(plain, Way(modes[-1][0], *_FINEST))[0]


def options(page: Raster, limit: int, share: int) -> list[Option]:
    """All that can be read of what was tried. Empty: the page cannot be read under `limit` bytes.

    What needs far more than `share` bytes, the page's even part of the limit, is not tried.
    """
    original = Original(page)
    plain = Page(grey(page.pixels), page.dpi)
    has_colour = coloured(page)
    tries = _Tries(original, limit, has_colour)
    if has_colour:
        tries.jpegs(page, Mode.COLOUR, _STEPS, 3 * share)
        tries.jpegs(plain, Mode.GREY, _WITHOUT_COLOUR, 0)
    else:
        tries.jpegs(plain, Mode.GREY, _STEPS, 3 * share)
    # More dots than were scanned make edges of letters smoother: the greys of an edge say where it is.
    finest = (_BITONAL_FINEST,) if page.dpi >= _BITONAL_FINEST else ()
    for dpi in (*finest, *_BITONAL_DPI):
        if not tries.one(plain, Way(Mode.BITONAL, dpi)):
            break
    return tries.found


class _Tries:
    def __init__(self, original: Original, limit: int, has_colour: bool) -> None:
        self.found: list[Option] = []
        self._original = original
        self._limit = limit
        self._has_colour = has_colour

    def jpegs(self, page: Raster, mode: Mode, steps: Sequence[tuple[int, int]], ample: int) -> None:
        """Down the steps until it cannot be read; the finest only where the first is far below `ample` bytes."""
        tried = set()
        for number, (dpi, quality) in enumerate(steps):
            way = Way(mode, min(dpi, round(page.dpi)), quality)
            if way.dpi in tried:
                continue  # the page has no more dots than that
            tried.add(way.dpi)
            if not self.one(page, way):
                break
            if number == 0 and self.found and self.found[-1].size * _FINER < ample:
                self.one(page, Way(mode, *_FINEST))

    def one(self, page: Raster, way: Way) -> bool:
        """Whether it can be read."""
        encoded, made = encode(page, way)
        if encoded.size > self._limit:
            return True  # nobody knows: smaller ones may do
        seen = self._original.seen(made)
        if seen.legibility < LEAST:
            return False
        faded = self._has_colour and way.mode is not Mode.COLOUR
        look = seen.look * (COLOUR_GONE if faded else 1)
        self.found.append(Option(way, encoded.size, look, seen.legibility, faded))
        return True


def finer(page: Raster, option: Option, room: int) -> Encoded:
    """The page as chosen, or as a JPEG of better quality that still has at most `room` bytes."""
    made = encode(page, option.way)[0]
    low, high = option.way.quality, MAX_QUALITY
    if option.way.mode is Mode.BITONAL or made.size * 1.03 > room:
        return made
    while high - low > 2:
        middle = (low + high) // 2
        tried = encode(page, option.way._replace(quality=middle))[0]
        if tried.size <= room:
            low, made = middle, tried
        else:
            high = middle
    return made


def best(found: Sequence[Option]) -> list[Option]:
    """The smallest first, each better to look at than the one before."""
    kept: list[Option] = []
    for option in sorted(found, key=lambda one: (one.size, -one.look)):
        if not kept or option.look > kept[-1].look:
            kept.append(option)
    return kept


def share(pages: Sequence[Sequence[Option]], limit: int) -> list[Option] | None:
    """One option for each page, together at most `limit` bytes: where a byte makes most difference it is spent first.

    Each list as `best` returns it. None where even the smallest of all are too much, or a page has none.
    """
    if not all(pages):
        return None
    chosen = [0] * len(pages)
    left = limit - sum(page[0].size for page in pages)
    if left < 0:
        return None
    steps: list[tuple[float, int, int]] = []

    def offer(number: int) -> None:
        """The best next step of a page: a worse one must not stand before a better."""
        page, now = pages[number], chosen[number]
        ahead = [
            ((page[to].look - page[now].look) / max(1, page[to].size - page[now].size), to)
            for to in range(now + 1, len(page))
            if page[to].size - page[now].size <= left
        ]
        if ahead:
            gain, to = max(ahead)
            heapq.heappush(steps, (-gain, number, to))

    for number in range(len(pages)):
        offer(number)
    while steps:
        _gain, number, to = heapq.heappop(steps)
        cost = pages[number][to].size - pages[number][chosen[number]].size
        if cost <= left:
            left -= cost
            chosen[number] = to
        offer(number)
    return [page[one] for page, one in zip(pages, chosen, strict=True)]
