"""Pages as pixels: what is asked of one, and what is done to its pixels before they are encoded. Pure functions."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""(height, width, 3) RGB or (height, width) grey."""

MM_PER_INCH = 25.4


class Raster(Protocol):
    """A page. `scanner.page.Scan` is one; so is whatever loads its pixels only when it is asked for them."""

    @property
    def pixels(self) -> Pixels: ...
    @property
    def dpi(self) -> float: ...


class Page(NamedTuple):
    """A page whose pixels are at hand."""

    pixels: Pixels
    dpi: float


def grey(pixels: Pixels) -> Pixels:
    """Luma as in ITU-R BT.601, which is what JPEG keeps."""
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def resized(pixels: Pixels, factor: float) -> Pixels:
    """At `factor` of its resolution; smaller by the mean of areas, larger by cubic interpolation."""
    if factor == 1:
        return pixels
    height, width = pixels.shape[:2]
    return sized(pixels, max(1, round(width * factor)), max(1, round(height * factor)))


def sized(pixels: Pixels, width: int, height: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    way = cv2.INTER_AREA if width <= pixels.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=way), np.uint8)


_COLOUR_DPI = 100
"""Coarse enough that the coloured fringes which scanners give to black letters are gone; a pen's line is 2 pixels."""
_CHROMA = 36
_COLOURED_SHARE = 0.0004
"""Of the page: a signature in blue ink is four times as much."""


def coloured(page: Raster) -> bool:
    """Whether anything on it is coloured: ink, a stamp, a picture. Tinted paper is not.

    The paper's own tint is taken as the commonest light one and divided out.
    """
    pixels = page.pixels
    if pixels.ndim == 2:
        return False
    small = resized(pixels, min(1.0, _COLOUR_DPI / page.dpi)).astype(np.float32)
    paper = np.percentile(small.reshape(-1, 3), 80, axis=0)
    even = small * (float(paper.max()) / np.maximum(paper, 64)) if paper.min() > 128 else small
    chroma = even.max(axis=2) - even.min(axis=2)
    return float(np.mean(chroma > _CHROMA)) > _COLOURED_SHARE


_NEAR_MM = 4.0
"""A letter is compared with the paper so far around it: more than a bold letter's stroke, less than a shadow."""
_DARKER = 0.22
_LEAST = 12
"""What is less darker than this (of 255) is noise of the paper."""
_SPECK = 3
"""Pixels: what is smaller at 300 dpi is dust; the dot of an i in 5 point has 12."""


def bitonal(page: Raster, dpi: float) -> Pixels:
    """0 and 255, at `dpi`: ink is what is clearly darker than the paper around it; dust is left out.

    The light around each place is the mean of its bright part, so that large black areas stay black.
    """
    pixels = resized(grey(page.pixels), dpi / page.dpi)
    size = max(3, round(_NEAR_MM * dpi / MM_PER_INCH)) | 1
    # Closing takes letters out of the paper; its mean is how bright paper is here. Done small: it is smooth.
    small = resized(pixels, 0.25)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (max(3, size // 4), max(3, size // 4)))
    paper = cv2.blur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), (max(3, size // 4), max(3, size // 4)))
    around = np.maximum(np.asarray(paper, np.uint8), int(np.percentile(small, 90)) // 2)
    near = sized(around, pixels.shape[1], pixels.shape[0]).astype(np.int16)
    edge = near - np.maximum(_LEAST, (near * _DARKER).astype(np.int16))
    made = np.where(pixels > edge, 255, 0).astype(np.uint8)
    return _without_dust(made, max(1, round(_SPECK * (dpi / 300) ** 2)))


def _without_dust(made: Pixels, least: int) -> Pixels:
    count, labels, found, _centres = cv2.connectedComponentsWithStats(255 - made, connectivity=8, ltype=cv2.CV_32S)
    if count < 2 or count > 200_000:  # a picture in dots: nothing in it is dust
        return made
    dust = found[:, cv2.CC_STAT_AREA] <= least
    dust[0] = False
    return np.where(dust[labels], np.uint8(255), made)
