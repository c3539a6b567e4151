"""What goes into the making right of a page and what comes out of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scanner.model import Corrected

Pixels = npt.NDArray[np.uint8]
MAX_SIDE = 32_000
"""Pixels. OpenCV's transforms count in 16 bits; a receipt of 1.3 m at 600 dpi is still below."""
_DPI = (20.0, 2400.0)


@dataclass(frozen=True, eq=False)
class Scan:
    """One page as the scanner gave it, or as it was made right.

    `pixels`: uint8, (height, width, 3) in the order red, green, blue, or (height, width) grey. `dpi`: dots per inch,
    the same in both directions. Raises ValueError where it is anything else, has no pixel, or a side over MAX_SIDE.
    """

    pixels: Pixels
    dpi: float

    def __post_init__(self) -> None:
        shape, kind = self.pixels.shape, self.pixels.dtype
        if kind != np.uint8:
            raise ValueError(f"a page has pixels of uint8, not of {kind}")
        if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3):
            raise ValueError(f"a page is (height, width) or (height, width, 3), not {shape}")
        if min(shape[:2]) < 1 or max(shape[:2]) > MAX_SIDE:
            raise ValueError(f"a page has 1 to {MAX_SIDE} pixels each way, not {shape[1]} x {shape[0]}")
        if not math.isfinite(self.dpi) or not _DPI[0] <= self.dpi <= _DPI[1]:
            raise ValueError(f"a page has {_DPI[0]:.0f} to {_DPI[1]:.0f} dpi, not {self.dpi}")

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def grey(self) -> bool:
        return self.pixels.ndim == 2

    def px(self, millimetres: float) -> float:
        """How many pixels that is."""
        return millimetres * self.dpi / 25.4


@dataclass(frozen=True, eq=False)
class Prepared:
    """A page made right, and what was done to it."""

    scan: Scan
    corrections: tuple[Corrected, ...]
    """Those that the page calls for, in the order of `Correction`; undone ones are there, and not in force."""
    blank: bool
    """Nothing is on it; judged from the page as it was scanned, whatever was undone."""


def pixels(array: npt.NDArray[Any]) -> Pixels:
    """OpenCV's results, for the types: it says no more of them than that they are arrays."""
    return array.astype(np.uint8, copy=False)
