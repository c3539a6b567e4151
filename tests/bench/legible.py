"""Whether the measure of legibility says what tesseract says: 210 strips of pages, made worse in 21 ways.

The words that tesseract reads in the strip as it was are compared with those that it reads in what was made of it.
"Lost" is an agreement below 0.85, "kept" one of 0.95 and more; nobody knows of what is between.
"""

from __future__ import annotations

import difflib
from typing import NamedTuple

import numpy as np
from PIL import Image

from scanner.document.encode import Way, encode
from scanner.document.legible import LEAST, Original
from scanner.document.model import Mode
from scanner.document.raster import Page, sized
from tests.bench.measure import Measure
from tests.bench.sizes import words_of
from tests.scanner.document import maker

_STRIP = (150.0, 55.0)
_JPEGS = (
    *((300, 75), (300, 10), (200, 60), (200, 20), (150, 60), (150, 30), (120, 40), (120, 10), (100, 60), (100, 25)),
    *((85, 50), (75, 60), (75, 25), (60, 60), (50, 60)),
)
_BITONAL = (300, 200, 150, 120, 100, 75)


class Looked(NamedTuple):
    agreement: float
    legibility: float


def measure(quick: bool) -> list[Measure]:
    strips = _strips()
    ways = [Way(Mode.GREY, *one) for one in _JPEGS] + [Way(Mode.BITONAL, dpi) for dpi in _BITONAL]
    if quick:
        strips, ways = strips[2:5], ways[::4]
    found = [one for strip in strips for one in _looked(strip, ways)]
    lost = [one.legibility for one in found if one.agreement < 0.85]
    kept = [one.legibility for one in found if one.agreement >= 0.95]
    missed = sum(one >= LEAST for one in lost)
    refused = sum(one < LEAST for one in kept)
    apart = float(np.mean([high > low for high in kept for low in lost])) if lost and kept else 0.0
    above = [one.agreement for one in found if one.legibility >= LEAST]
    return [
        Measure(
            "legible_but_lost",
            missed,
            "strips",
            "none",
            missed == 0,
            detail=f"{len(found)} strips, {len(lost)} lost, {len(kept)} kept; {refused} kept ones called illegible; "
            f"a kept one has more than a lost one in {apart:.3f}; agreement above {LEAST}: mean {np.mean(above):.3f}, "
            f"least {min(above):.3f}",
        )
    ]


def _strips() -> list[Page]:
    """Large and small print, grey and faint ink, noise, pencil, white on blue."""
    black, size = (25, 25, 30), _STRIP
    strips = [
        maker.lettered(points=points, ink=ink, paper=paper, noise=noise, font=font, millimetres=size)
        for points, ink, paper, noise, font in (
            (11, black, (252, 251, 249), 2, "DejaVuSerif"),
            (8, black, (252, 251, 249), 2, "DejaVuSerif"),
            (6, black, (252, 251, 249), 2, "DejaVuSerif"),
            (9, black, (252, 251, 249), 2, "DejaVuSans"),
            (10, (130, 130, 130), (225, 225, 222), 2, "DejaVuSerif"),
            (10, (190, 190, 190), (240, 240, 238), 4, "DejaVuSerif"),
            (16, black, (252, 251, 249), 2, "DejaVuSerif"),
            (9, black, (252, 251, 249), 12, "DejaVuSerif"),
            (9, (250, 250, 250), (40, 60, 150), 2, "DejaVuSerif"),
        )
    ]
    width, height = (round(one / 25.4 * 300) for one in size)
    picture = Image.new("RGB", (width, height), (236, 235, 232))
    maker.write(picture, 14, 300, (176, 176, 178), "DejaVuSans-ExtraLight", top=8)
    return [*strips, Page(maker.noisy(picture, 2, 9), 300)]


def _looked(strip: Page, ways: list[Way]) -> list[Looked]:
    original, before = Original(strip), words_of(strip.pixels, "6")
    height, width = strip.pixels.shape[:2]
    found = []
    for way in ways:
        made = encode(strip, way)[1]
        after = words_of(sized(made, width, height), "6")
        agreement = difflib.SequenceMatcher(None, before, after, autojunk=False).ratio()
        found.append(Looked(agreement, original.seen(made).legibility))
    return found
