"""What a page could be encoded as, measured; and which of it each page gets when all share one limit."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scanner.document.encode import Way, encode
from scanner.document.legible import COMFORTABLE, LEAST, Original
from scanner.document.model import Mode
from scanner.document.raster import Raster, coloured

COLOUR_GONE = 0.85
"""A page with colours looks so much less like itself without them."""

_STEPS = (
    *((300, 85), (300, 70), (250, 70), (200, 80), (200, 65), (200, 50), (150, 70), (150, 55), (150, 40)),
    *((120, 60), (120, 40), (100, 55), (100, 40), (85, 45), (75, 50), (75, 35), (60, 45)),
)
"""Dots per inch and quality of JPEGs, best first; large letters are still read at 60."""
_BITONAL_DPI = (400, 300, 250, 200, 150)


class Option(NamedTuple):
    """One way to keep a page, as it was tried: it can be read."""

    way: Way
    size: int
    """Bytes of the picture."""
    look: float
    """0 to 1: see `legible.Seen.look`; less where colours are gone."""
    legibility: float


def usual(page: Raster, original: Original) -> Way:
    """How a page is kept while nobody asks for a limit: the smallest of a few ways that is comfortable to read."""
    modes = (
        ((Mode.COLOUR, 150, 60), (Mode.COLOUR, 200, 60), (Mode.COLOUR, 200, 75))
        if coloured(page)
        else ((Mode.BITONAL, 300, 0), (Mode.GREY, 150, 60), (Mode.GREY, 200, 60), (Mode.GREY, 200, 75))
    )
    for mode, dpi, quality in modes:
        way = Way(mode, dpi, quality)
        if original.seen(encode(page, way)[1]).legibility >= COMFORTABLE:
            return way
    return Way(modes[-1][0], 300, 80)


def options(page: Raster, limit: int, *, keep_colour: bool) -> list[Option]:
    """What can be read of all that was tried, the smallest first, each better to look at than the one before.

    What alone is over the limit is left out; an empty list says that the page cannot be read under it.
    """
    original = Original(page)
    has_colour = coloured(page)
    found: list[Option] = []
    if has_colour:
        found += _tried(page, original, limit, (Way(Mode.COLOUR, *step) for step in _steps(page)), 1)
    if not (has_colour and keep_colour):
        factor = COLOUR_GONE if has_colour else 1
        found += _tried(page, original, limit, (Way(Mode.GREY, *step) for step in _steps(page)), factor)
        found += _tried(page, original, limit, (Way(Mode.BITONAL, dpi) for dpi in _bitonal_steps(page)), factor)
    return best(found)


def _steps(page: Raster) -> Iterator[tuple[int, int]]:
    """Steps that ask for more dots than there are would all be the same: of them only the first of a quality stays."""
    finest, seen = round(page.dpi), set()
    for dpi, quality in _STEPS:
        step = (min(dpi, finest), quality)
        if step not in seen:
            seen.add(step)
            yield step


def _bitonal_steps(page: Raster) -> Iterator[int]:
    """More dots than were scanned make edges of letters smoother: the greys of an edge say where it is."""
    return (dpi for dpi in _BITONAL_DPI if dpi <= max(300, page.dpi * 1.01))


def _tried(page: Raster, original: Original, limit: int, ways: Iterator[Way], factor: float) -> Iterator[Option]:
    lost: list[Way] = []
    for way in ways:
        if any(way.dpi <= other.dpi and way.quality <= other.quality for other in lost):
            continue  # what is less than something that could not be read
        encoded, made = encode(page, way)
        if encoded.size > limit:
            continue
        seen = original.seen(made)
        if seen.legibility < LEAST:
            lost.append(way)
        else:
            yield Option(way, encoded.size, seen.look * factor, seen.legibility)


def best(found: Sequence[Option]) -> list[Option]:
    """Without those that are larger than one which looks as good; the smallest first."""
    kept: list[Option] = []
    for option in sorted(found, key=lambda one: (one.size, -one.look)):
        if not kept or option.look > kept[-1].look:
            kept.append(option)
    return kept


def share(pages: Sequence[Sequence[Option]], limit: int) -> list[Option] | None:
    """One option for each page, together at most `limit` bytes: where a byte makes most difference it is spent first.

    Each list as `options` returns it. None where even the smallest of all are too much, or a page has none.
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
