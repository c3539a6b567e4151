"""How well what was written on a page can still be read: local structure, compared with the page as it was.

The page is looked at through windows of one millimetre, about one small letter. Where something is written (strokes
darker or lighter than what is around them), the correlation of the two pictures says whether the strokes still have
their shape. A page is as legible as the worst tenth of its windows, for small print goes first; and as its worst place
of 9 mm, for one faint line of pencil is less than a tenth. What the numbers mean was found by comparing them with what
tesseract still reads: docs/decisions/0019-fit.md.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.document.raster import MM_PER_INCH, Pixels, Raster, grey, resized, sized

LEAST = 0.8
"""Below this words are lost. Of 210 pages made smaller, none that tesseract read at less than 85 % was above it."""
COMFORTABLE = 0.93
"""From here on nobody sees that something was left away, unless side by side."""

_MAX_DPI = 300
"""More than this no letter needs."""
_WINDOW_MM = 1.0
_SOFTEN_MM = 0.09
"""Noise of the scanner is not what is read."""
_STROKE = 5.0
"""Of 255: the deviation within a window above which something is written there, on quiet paper."""
_PERCENTILE = 10
_PLACE = 9
"""Windows, across and down: what is judged together as one place."""
_PLACE_LEAST = 12
"""Written windows in a place, for it to be judged: less is a speck."""

Numbers = NDArray[np.float32]


class Seen(NamedTuple):
    """How a page looks beside what it was."""

    legibility: float
    """0 to 1, of the worst of what is written on it; 1 if nothing is."""
    look: float
    """0 to 1, of all of it, sharpness included."""


class Original:
    """A page as it was, ready to be compared with what is made of it."""

    def __init__(self, page: Raster) -> None:
        factor = min(1.0, _MAX_DPI / page.dpi)
        self._dpi = page.dpi * factor
        self._window = max(4, round(_WINDOW_MM * self._dpi / MM_PER_INCH))
        picture = resized(grey(page.pixels), factor)
        self._height, self._width = picture.shape
        self._picture = self._soft(picture)
        self._mean = self._around(self._picture)
        self._variance = np.maximum(self._around(self._picture**2) - self._mean**2, 0)
        noise = float(np.percentile(self._variance, 20)) if self._variance.size else 0.0
        self._written = self._variance > max(_STROKE**2, 6 * noise)
        self._near = self._together(self._written.astype(np.float32))
        self._places = self._near >= _PLACE_LEAST

    @property
    def written(self) -> float:
        """The share of the page where something is written or drawn, 0 to 1."""
        return float(np.mean(self._written)) if self._written.size else 0.0

    def _soft(self, picture: Pixels) -> Numbers:
        sigma = max(0.4, _SOFTEN_MM * self._dpi / MM_PER_INCH)
        return np.asarray(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), sigma), np.float32)

    def _around(self, picture: Numbers) -> Numbers:
        """Means of the windows, which lie side by side."""
        down, across = (max(1, one // self._window) for one in picture.shape)
        whole = picture[: down * self._window, : across * self._window]
        return np.asarray(cv2.resize(whole, (across, down), interpolation=cv2.INTER_AREA), np.float32)

    @staticmethod
    def _together(windows: Numbers) -> Numbers:
        """Sums of places."""
        return np.asarray(
            cv2.boxFilter(windows, cv2.CV_32F, (_PLACE, _PLACE), normalize=False, borderType=cv2.BORDER_CONSTANT),
            np.float32,
        )

    def seen(self, made: Pixels) -> Seen:
        """`made` shows the same page, at any resolution."""
        if not self._written.any():
            return Seen(1.0, 1.0)
        picture = self._soft(sized(grey(made), self._width, self._height))
        mean = self._around(picture)
        variance = np.maximum(self._around(picture**2) - mean**2, 1e-3)
        shared = self._around(picture * self._picture) - mean * self._mean
        alike = np.where(self._written, np.clip(shared / np.sqrt(self._variance * variance + 1e-3), 0, 1), 0)
        kept = np.where(self._written, np.clip(shared / (self._variance + 1e-3), 0, 1), 0)
        legibility = float(np.percentile(alike[self._written], _PERCENTILE))
        if self._places.any():
            places = self._together(alike.astype(np.float32))[self._places] / self._near[self._places]
            legibility = min(legibility, float(places.min()))
        return Seen(legibility, float(np.mean((alike * np.sqrt(kept))[self._written])))
