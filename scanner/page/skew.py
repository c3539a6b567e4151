"""How far a page is askew: the angle at which its lines of text, rules and edges fall together into rows and columns.

Postl's projection, as in Bloomberg, Kopec and Dasari, "Measuring document image skew and orientation" (1995); here of
the lower and left edges of ink alone, and over rows and columns at once, so that a page turned by a quarter is measured
the same way, and table rules and the paper's own edges help.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from scanner.page.look import Look, noise_of, smaller

MOST = 15.0
"""Degrees that are looked for each way: more than the 10 that a page is taken to be askew."""
LEAST = 0.12
"""Degrees that are left alone: turning a page costs it some sharpness."""
_POINTS = 60_000
_FEWEST = 40
_CLEAR = 1.6
"""By how much the best angle must beat the usual one."""
_BETTER = 1.3
"""By how much it must beat leaving the page as it lies: what little is on an empty one always has some best angle."""
_STREAK = 0.4
"""Of the picture's height: what goes on in one column for so long is no print, but a speck on a feeder's glass."""
_LINE = 0.8
"""Millimetres that such a line is no wider than."""
Points = npt.NDArray[np.float32]


def skew_of(look: Look) -> float:
    """Degrees clockwise, within MOST; 0 where nothing on the page tells."""
    if min(look.height, look.width) < look.px(8):
        return 0.0
    for factor, least in ((1, 6.0), (2, 3.0), (2, 1.5)):
        # Faint edges of the paper stand out where noise is evened out.
        small = smaller(look, factor)
        angle = _measured(_ink(small, least), math.ceil(small.px(_LINE)))
        if angle is not None:
            return angle if abs(angle) >= LEAST else 0.0
    return 0.0


def _measured(ink: npt.NDArray[np.bool_], line: int) -> float | None:
    """None where no angle is much better than the others, or than none."""
    rows, columns = _edges(ink, line)
    if len(rows[0]) + len(columns[0]) < _FEWEST:
        return None
    coarse = np.arange(-MOST, MOST + 0.01, 0.5)
    scores = _scores(rows, columns, coarse, 2.0)
    best = int(np.argmax(scores))
    if scores[best] < _CLEAR * float(np.median(scores)) or best in (0, len(coarse) - 1):
        return None
    angle = float(coarse[best])
    for step, bins in ((0.1, 1.0), (0.02, 0.5)):
        fine = np.asarray(angle + step * np.arange(-7, 8), np.float64)
        scores = _scores(rows, columns, fine, bins)
        angle = float(fine[int(np.argmax(scores))])
    angle = _top(fine, scores)
    turned, left = _scores(rows, columns, np.array([angle, 0.0]), 1.0)
    return angle if abs(angle) < LEAST or turned >= _BETTER * left else None


def _top(angles: npt.NDArray[np.float64], scores: npt.NDArray[np.float64]) -> float:
    """Of the parabola through the scores around the best one."""
    top = scores - scores.min()
    weight = np.where(top > 0.5 * top.max(), top, 0.0)
    return float((weight * angles).sum() / weight.sum()) if weight.sum() else float(angles[len(angles) // 2])


def _ink(look: Look, least: float) -> npt.NDArray[np.bool_]:
    """What is darker than what is around it, by `least` levels and more than the noise."""
    grey = cv2.GaussianBlur(look.grey, (3, 3), 0)
    side = 2 * round(look.px(2.5)) + 1
    around = cv2.blur(grey, (side, side))
    ink: npt.NDArray[np.bool_] = cv2.subtract(around, grey) > max(least, 2.1 * noise_of(look.grey))
    return ink


def _edges(ink: npt.NDArray[np.bool_], line: int) -> tuple[tuple[Points, Points], tuple[Points, Points]]:
    """Where ink ends below, and where it ends on the left; (x, y) from the middle of the picture.

    `line`: pixels that the line of a speck on a feeder's glass is no wider than.
    """
    middle = ink.shape[1] / 2, ink.shape[0] / 2
    edge = 3  # the picture's own border is no line of the page
    inner = ink[edge:-edge, edge:-edge]
    left = inner[:, 1:] & ~inner[:, :-1]
    for column in np.flatnonzero(np.count_nonzero(left, axis=0) > _STREAK * inner.shape[0]).tolist():
        # The paper's own edge is as long where it lies straight, but the lid beside it is no line.
        rows = left[:, column]
        if np.count_nonzero(inner[rows, min(column + 1 + line, inner.shape[1] - 1)]) < 0.5 * np.count_nonzero(rows):
            left[:, column] = False
    found = []
    for ends in (inner[:-1] & ~inner[1:], left):
        y, x = np.nonzero(ends)
        if len(x) > _POINTS:
            chosen = np.random.default_rng(0).choice(len(x), _POINTS, replace=False)
            x, y = x[chosen], y[chosen]
        found.append(((x - middle[0]).astype(np.float32), (y - middle[1]).astype(np.float32)))
    return found[0], found[1]


def _scores(
    rows: tuple[Points, Points], columns: tuple[Points, Points], angles: npt.NDArray[np.float64], bins: float
) -> npt.NDArray[np.float64]:
    """How many other points share a row, or a column, with a point, by the angle; `bins` pixels high."""
    scores = np.zeros(len(angles))
    for index, angle in enumerate(angles):
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        for (x, y), (of_x, of_y) in ((rows, (-sin, cos)), (columns, (cos, sin))):
            if len(x):
                at = (x * np.float32(of_x / bins) + y * np.float32(of_y / bins)).astype(np.int32)
                counts = np.bincount(at - at.min()).astype(np.float64)
                scores[index] += float((counts * counts).sum()) / max(len(x), 500)
    return scores
