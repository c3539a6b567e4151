"""The small picture of a page that everything is judged by: the page itself is touched once, when it is made."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from scanner.page.model import Pixels, Scan, pixels

LOOK_DPI = 150
"""About that: letters of 8 points are still 10 pixels high, and an A4 page is two million pixels."""
_DARK = 64
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Look:
    """A page, smaller by the whole number `factor`. `colour`: as the scan's pixels. `grey`: (height, width)."""

    colour: Pixels
    grey: Pixels
    dpi: float
    factor: int

    @property
    def height(self) -> int:
        return int(self.grey.shape[0])

    @property
    def width(self) -> int:
        return int(self.grey.shape[1])

    def px(self, millimetres: float) -> float:
        return millimetres * self.dpi / 25.4


def look_at(scan: Scan) -> Look:
    factor = max(1, min(round(scan.dpi / LOOK_DPI), scan.width, scan.height))
    width, height = scan.width // factor, scan.height // factor
    colour = scan.pixels[: height * factor, : width * factor]
    if factor > 1:
        colour = pixels(cv2.resize(colour, (width, height), interpolation=cv2.INTER_AREA))
    colour = _without_streaks(colour, scan.dpi / factor)
    return Look(colour, to_grey(colour), scan.dpi / factor, factor)


def _without_streaks(colour: Pixels, dpi: float) -> Pixels:
    """Without the fine lines from top to bottom that a speck on a feeder's glass draws: no print and no edge."""
    thin = to_grey(colour)[:: max(1, colour.shape[0] // 500)]
    lit = thin[np.median(thin, axis=1) > _DARK]  # on a black lid nobody sees the line
    grey = (lit if len(lit) > len(thin) // 3 else thin).astype(np.int16)
    beside = max(2, round(0.4 * dpi / 25.4))
    if grey.shape[1] < 8 * beside or grey.shape[0] < 50:
        return colour
    here, left, right = grey[:, beside:-beside], grey[:, : -2 * beside], grey[:, 2 * beside :]
    deep = (left + right) // 2 - here
    depth = np.median(deep, axis=0)
    uneven = np.abs(np.median(left - right, axis=0))
    # Where the columns differ by themselves (a sensor that is not calibrated), more than they do.
    least = max(3.0, 4.5 * float(np.median(np.abs(depth))) / 0.6745)
    # All along, as deep as ever, and as light on one side as on the other: else it is a rule or an edge.
    fine = (depth >= least) & (uneven < 0.4 * depth) & (np.percentile(deep, 12, axis=0) > 0.2 * depth)
    places = np.flatnonzero(fine) + beside
    if not 0 < len(places) <= 12:
        return colour
    colour = colour.copy()
    wide = beside // 2 + 1
    for place in places.tolist():
        first, last = max(0, place - wide - 1), min(colour.shape[1] - 1, place + wide + 1)
        even = (colour[:, first].astype(np.uint16) + colour[:, last]) // 2
        colour[:, first + 1 : last] = even[:, None].astype(np.uint8)
    return colour


def smaller(look: Look, factor: int) -> Look:
    """The same once more. A side never falls below one pixel."""
    factor = max(1, min(factor, look.width, look.height))
    if factor == 1:
        return look
    width, height = look.width // factor, look.height // factor
    colour = pixels(
        cv2.resize(look.colour[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA)
    )
    return Look(colour, to_grey(colour), look.dpi / factor, look.factor * factor)


def to_grey(colour: Pixels) -> Pixels:
    return colour if colour.ndim == 2 else pixels(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY))


def noise_of(grey: Pixels) -> float:
    """The standard deviation of the pixels' noise, in levels: of what differs from one to the next where nothing is."""
    if min(grey.shape) < 3:
        return 1.0
    sample = grey[:: max(1, grey.shape[0] // 400)].astype(np.int16)
    steps = np.abs(sample[:, 2:] - 2 * sample[:, 1:-1] + sample[:, :-2])
    return max(0.5, float(np.median(steps)) / 0.6745 / math.sqrt(6))


def turning(angle: float) -> Matrix:
    """(2, 2): turns by `angle` degrees, clockwise where y goes down."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return np.array([[cos, -sin], [sin, cos]])


def straightened(image: Pixels, angle: float, box: tuple[float, float, float, float], fill: float) -> Pixels:
    """The part `box` (x0, y0, x1, y1) of an image that is set straight, counted from the image's middle."""
    turn = turning(angle)
    middle = np.array([image.shape[1] / 2, image.shape[0] / 2])
    width, height = max(1, round(box[2] - box[0])), max(1, round(box[3] - box[1]))
    shift = turn @ (np.array(box[:2]) + 0.5) + middle - 0.5
    return pixels(
        cv2.warpAffine(
            image, np.column_stack([turn, shift]), (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT, borderValue=(fill, fill, fill),
        )
    )  # fmt: skip
