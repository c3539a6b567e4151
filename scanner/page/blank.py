"""Whether anything is on a page: strokes count, however faint; dust, holes, folds and what shows through do not.

What shows through from the other side is as dark as pencil may be, and never as sharp: paper is thicker than a line. So
fine detail is what is looked at: what is darker than what is half a millimetre beside it.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from scanner.page.model import Pixels

_ROWS = 256
_MARGIN = 3.5
"""Millimetres along each side that do not count: there are edges, shadows, folded corners."""
_FINE = 0.11
_AROUND = 0.5
"""Millimetres (of a Gaussian): finer than a line, and wider than one."""
_FAINTEST = 0.024
"""Of the paper's light: less is no stroke."""
_OVER_NOISE = 4.5
_FAINTER, _OVER_NOISE_BESIDE = 0.6, 3.0
"""A stroke goes on beside a point of that depth where it is so much fainter, of it and over the noise;"""
_SURE_SHARE = 0.2
"""of a point or two it is not sure: what shows through has them;"""
_DARK = 3.0
"""not where anything of it is so much darker."""
_STROKE = 1.1
"""Millimetres: what is smaller both ways is dust."""
_FAINT_STROKE = 2.2
"""The same of a faint stroke that is followed where it fades: letters that show through are shorter."""
_STROKES = 3.2
"""Millimetres of strokes, together: from there on something is on the page."""
_HOLE = (3.5, 8.0)
_HOLE_WITHIN = 20.0
"""Millimetres across, and from the side of the page."""
_DISC = 0.02
"""Of the paper's light: by so much a hole differs, all over."""
_DASHES, _DASHES_BESIDE, _DASH = 8.0, 5.5, 0.5
"""Millimetres: pieces of an edge that was not seen are so long together, so near to a side, and so thin."""
_EDGE = 8.0
"""Millimetres: a straight line so near to a side, and along it, is an edge of the paper that was not seen as one."""


def is_blank(grey: Pixels, inside: npt.NDArray[np.bool_], dpi: float) -> bool:
    """`grey`: a small picture of the paper alone, set straight, (height, width). `inside`: where it lay on glass."""
    return strokes_on(grey, inside, dpi) < _STROKES


def strokes_on(grey: Pixels, inside: npt.NDArray[np.bool_], dpi: float) -> float:
    """Millimetres of strokes: the longer sides of their boxes, together."""
    mm = dpi / 25.4
    margin = round(_MARGIN * mm)
    if margin < 1 or min(grey.shape) <= 4 * margin:
        margin = 0
    held = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    far = (cv2.distanceTransform(held, cv2.DIST_C, 3) > margin)[1:-1, 1:-1]
    depth = _depth(grey, mm)
    thin = slice(None, None, max(1, len(depth) // 400))
    told = np.abs(depth[thin][far[thin]])
    if not told.size:
        return 0.0
    noise = float(np.median(told)) / 0.6745
    least = max(_FAINTEST, _OVER_NOISE * noise)
    far &= ~_holes(grey, mm)
    limits = least, max(_FAINTER * least, _OVER_NOISE_BESIDE * noise), _DARK * least
    sure, likely, dark = (((depth > limit) & far).astype(np.uint8) for limit in limits)
    del depth, far, held  # each as large as the page
    plain = _length(sure, _STROKE, grey, mm)
    return plain if plain >= _STROKES else _length(_faint(sure, likely, dark), _FAINT_STROKE, grey, mm)


def _length(found: Pixels, least: float, grey: Pixels, mm: float) -> float:
    """Millimetres of what was found, in strokes of at least so many."""
    boxes = cv2.connectedComponentsWithStats(found, connectivity=8)[2][1:].astype(np.int32, copy=False)
    boxes = boxes[~_lines(boxes, grey.shape, mm)]
    boxes = boxes[~(_dashes(boxes, grey.shape, mm) | _discs(boxes, grey, mm))]
    longer = np.maximum(boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT]) / mm
    return float(longer[longer >= least + 1.5 / mm].sum())


def _faint(sure: Pixels, likely: Pixels, dark: Pixels) -> Pixels:
    """1 where a stroke is, for sure; and where a faint one, which is not as dark all along, goes on."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(likely, connectivity=8)
    share = np.bincount(labels[sure > 0], minlength=count) / boxes[:, cv2.CC_STAT_AREA]
    goes_on = (share > _SURE_SHARE).astype(np.uint8)
    goes_on[labels[dark > 0]] = 0  # that is around a speck, which would become a stroke by it
    goes_on[0] = 0
    found: Pixels = goes_on[labels]
    found |= sure
    return found


def _depth(grey: Pixels, mm: float) -> npt.NDArray[np.float32]:
    """Of the light around it, by how much each point is darker; some rows at a time, for less memory."""
    depth = np.empty(grey.shape, np.float32)
    beyond = round(4 * _AROUND * mm) + 2  # as far as OpenCV's Gaussian looks
    for first in range(0, len(grey), _ROWS):
        above = min(first, beyond)
        light = grey[first - above : first + _ROWS + beyond].astype(np.float32)
        around = cv2.GaussianBlur(light, (0, 0), _AROUND * mm)
        fine = cv2.GaussianBlur(light, (0, 0), max(_FINE * mm, 0.5))
        part = (around - fine) / np.maximum(around, 20)
        depth[first : first + _ROWS] = part[above : above + _ROWS]
    return depth


def _holes(grey: Pixels, mm: float) -> npt.NDArray[np.bool_]:
    """Where something round and filled lies, of the size of a punch, near a side, darker or lighter than the paper."""
    factor = max(1, round(mm / 2.5))
    small = cv2.resize(
        grey, (max(1, grey.shape[1] // factor), max(1, grey.shape[0] // factor)), None, 0, 0, cv2.INTER_AREA
    )
    mm = mm * small.shape[1] / grey.shape[1]
    even = cv2.GaussianBlur(small.astype(np.float32), (0, 0), 0.3 * mm)
    side = 2 * round(8 * mm) + 1
    apart = (cv2.blur(even, (side, side)) - even) / np.maximum(even, 20)
    held = np.zeros(small.shape, np.uint8)
    for other in (apart > _DISC, apart < -_DISC):
        for x, y, width, height, area in cv2.connectedComponentsWithStats(other.astype(np.uint8), connectivity=4)[2][
            1:
        ]:
            if not _HOLE[0] * mm < min(width, height) <= max(width, height) < _HOLE[1] * mm:
                continue
            beside = min(x, y, small.shape[1] - x - width, small.shape[0] - y - height)
            filled = 0.6 < area / (width * height) < 0.95
            if filled and abs(width - height) < 0.3 * max(width, height) and beside < _HOLE_WITHIN * mm:
                around = round(mm)
                held[max(0, y - around) : y + height + around, max(0, x - around) : x + width + around] = 1
    return cv2.resize(held, grey.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0


def _lines(boxes: npt.NDArray[np.int32], shape: tuple[int, ...], mm: float) -> npt.NDArray[np.bool_]:
    """Folds and streaks, fine and from one side of the page to the other; and the paper's own edge, beside a side."""
    x, y = boxes[:, cv2.CC_STAT_LEFT], boxes[:, cv2.CC_STAT_TOP]
    width, height = boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT]
    across = (width > 0.75 * shape[1]) & (height < 4 * mm)
    along = (height > 0.75 * shape[0]) & (width < 4 * mm)
    beside = np.minimum(x, shape[1] - x - width) < _EDGE * mm, np.minimum(y, shape[0] - y - height) < _EDGE * mm
    upright = beside[0] & (height > 12 * mm) & (width < 1.5 * mm)
    level = beside[1] & (width > 12 * mm) & (height < 1.5 * mm)
    held: npt.NDArray[np.bool_] = across | along | upright | level
    return held


def _dashes(boxes: npt.NDArray[np.int32], shape: tuple[int, ...], mm: float) -> npt.NDArray[np.bool_]:
    """The paper's own edge where it comes in pieces: thin ones, in one straight line, beside a side or all along."""
    left, top = boxes[:, cv2.CC_STAT_LEFT], boxes[:, cv2.CC_STAT_TOP]
    width, height = boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT]
    held = np.zeros(len(boxes), bool)
    for begin, thick, long, side, length in (
        (left, width, height, shape[1], shape[0]),
        (top, height, width, shape[0], shape[1]),
    ):
        beside = np.minimum(begin, side - begin - thick) < _DASHES_BESIDE * mm
        thin = (thick <= max(3.0, _DASH * mm)) & (long >= 2.5 * thick)
        middle = begin + thick / 2
        for index in np.flatnonzero(thin & ~held):
            line = thin & (np.abs(middle - middle[index]) <= max(1.5, 0.35 * mm))
            least = _DASHES * mm if beside[index] else 0.5 * length  # or all over the page
            if long[line].sum() >= least:
                held |= line
    return held


def _discs(boxes: npt.NDArray[np.int32], grey: Pixels, mm: float) -> npt.NDArray[np.bool_]:
    """Edges of holes in a shadow: round, near a side, and as even within as a letter or a stamp is not."""
    held = np.zeros(len(boxes), bool)
    for index, (x, y, width, height, _) in enumerate(boxes.tolist()):
        beside = min(x, y, grey.shape[1] - x - width, grey.shape[0] - y - height)
        sized = _HOLE[0] * mm < min(width, height) <= max(width, height) < _HOLE[1] * mm
        if not sized or abs(width - height) > 0.2 * max(width, height) or beside > _HOLE_WITHIN * mm:
            continue
        around = round(mm)
        part = grey[max(0, y - around) : y + height + around, max(0, x - around) : x + width + around]
        rows, columns = np.ogrid[: part.shape[0], : part.shape[1]]
        far = np.hypot(rows - (min(y, around) + height / 2), columns - (min(x, around) + width / 2)) / max(
            width, height
        )
        within, beyond = part[far < 0.36].astype(np.float32), part[(far > 0.58) & (far < 0.72)]
        paper = max(float(np.median(beyond)), 20.0)
        apart = abs(float(np.median(within)) - paper) / paper
        # Specks of noise apart, nothing within is as far from the rest of it as from the paper.
        even = np.percentile(np.abs(within - np.median(within)), 90) / paper < 0.5 * apart
        held[index] = apart > _DISC and even
    return held
