"""Which way up a page is, by its letters, digits and marks: each small window around one votes for one of four ways.

A network of one hidden layer gives a window a number; the way in which the window has the highest is its vote, weighted
by how clear it is. `letters.npz` holds its weights; `python -m tests.pages.letters` makes it, from text that is drawn
in other typefaces than those of the test pages. Ascenders and accents vote, and so do the capitals and digits of tables
and cards; handwriting, photographs and blank paper were shown to it as telling nothing.
"""

from __future__ import annotations

import functools
import math
from importlib import resources

import cv2
import numpy as np
import numpy.typing as npt

from scanner.page.model import Pixels

SIDE = 16
"""Pixels of a window, each way."""
_WINDOW = 2.4
"""Heights of a usual letter that a window shows, each way."""
_HEIGHTS = (1.0, 7.0)
"""Millimetres: smaller is dust, larger is no letter of a text."""
_THIN = 0.4
"""Millimetres."""
_MARGIN = 2.0
"""Millimetres along each side in which nothing is looked at."""
_MOST = 600
_FEWEST = 8
_SURE = 6.0
_SURE_EACH = 0.22
"""How much better (natural logarithm of the odds) the best way must be than any other: in all, and a window."""
_ADVANTAGE = 6.0
"""How much more, in all, for turning a page that would otherwise stay: most lie as they should."""
_ACROSS = 0.2
"""Of the windows: so many may vote for a quarter turn from the best way, or to it."""
_APART = 2.5
"""Standard deviations of what chance gives: by so much more vote for the best way than for its opposite,"""
_CLEAR_EACH = 0.5
"""unless the best way is so much better, a window: then one will do."""
Floats = npt.NDArray[np.float32]


def turns_of(grey: Pixels, dpi: float) -> int:
    """Quarter turns clockwise that set a page upright; 0 where it is, or where that is not sure.

    `grey`: a small picture of the paper alone, set straight, (height, width).
    """
    best, sure = way_of(grey, dpi)
    return best if sure else 0


def way_of(grey: Pixels, dpi: float) -> tuple[int, bool]:
    """The likeliest number of quarter turns clockwise that set the page upright, and whether it is sure."""
    seen = windows(grey, dpi)
    if len(seen) < _FEWEST:
        return 0, False
    each_way = votes(seen)
    odds = each_way.sum(axis=0)
    best = int(np.argmax(odds))
    lead = float(odds[best] - np.delete(odds, best).max())
    if best and not _agree(np.bincount(each_way.argmax(axis=1), minlength=4), best, lead / len(seen)):
        return best, False
    each = _SURE_EACH if dpi >= 95 else 2 * _SURE_EACH  # small print is a blur then
    least = max(_SURE + (_ADVANTAGE if best else 0.0), each * len(seen))
    return best, lead >= least


def _agree(counts: npt.NDArray[np.intp], best: int, lead: float) -> bool:
    """Whether the windows vote as those of a text do: nearly all along its lines, and clearly for one way of the two.

    Those of handwriting and of photographs vote for all four; and of a few, some that are sure and wrong outweigh the
    rest. `lead`: how much better the best way is, a window.
    """
    there, opposite = int(counts[best]), int(counts[(best + 2) % 4])
    across = int(counts.sum()) - there - opposite
    apart = (there - opposite) / math.sqrt(max(1, there + opposite))
    return across <= _ACROSS * counts.sum() and apart >= (1.0 if lead >= _CLEAR_EACH else _APART)


def votes(seen: Floats) -> Floats:
    """(n, 4): the logarithm of how likely each number of quarter turns clockwise sets the window upright."""
    numbers = np.stack([_number(np.rot90(seen, -turns, axes=(1, 2))) for turns in range(4)], axis=1)
    numbers -= numbers.max(axis=1, keepdims=True)
    return np.asarray(numbers - np.log(np.exp(numbers).sum(axis=1, keepdims=True)), np.float32)


def windows(grey: Pixels, dpi: float) -> Floats:
    """(n, SIDE, SIDE), 0 paper to 1 ink: what is around each thing of the size of a letter; at most 600 of them."""
    mm = dpi / 25.4
    side = 2 * round(2.5 * mm) + 1
    ink = (cv2.subtract(cv2.blur(grey, (side, side)), grey) > 22).astype(np.uint8)
    margin = round(_MARGIN * mm)
    if margin > 0 and 6 * margin < min(ink.shape):  # the paper's own edge comes in dashes, which are no letters
        ink[:margin] = ink[-margin:] = 0
        ink[:, :margin] = ink[:, -margin:] = 0
    count, _, boxes, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    boxes = boxes[1:count]
    wide, high = boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT]
    small, large = np.minimum(wide, high), np.maximum(wide, high)
    thick = small >= max(2.0, _THIN * mm)  # or it is a piece of a line
    letters = boxes[(large >= _HEIGHTS[0] * mm) & (large <= _HEIGHTS[1] * mm) & thick]
    if not len(letters):
        return np.zeros((0, SIDE, SIDE), np.float32)
    usual = np.median(np.maximum(letters[:, cv2.CC_STAT_WIDTH], letters[:, cv2.CC_STAT_HEIGHT]))
    chosen = letters[np.linspace(0, len(letters) - 1, min(len(letters), _MOST)).astype(int)]
    half = max(3, round(_WINDOW * float(usual) / 2))
    around = cv2.copyMakeBorder(ink * 255, half, half, half, half, cv2.BORDER_CONSTANT, value=0)
    seen = np.empty((len(chosen), SIDE, SIDE), np.float32)
    for index, (x, y, width, height, _) in enumerate(chosen):
        x, y = x + width // 2, y + height // 2  # the middle of the window, in the picture without its border
        cut = around[y : y + 2 * half, x : x + 2 * half]
        seen[index] = cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return seen / np.float32(255)


def _number(seen: Floats) -> Floats:
    first, shift, second = weights()
    hidden = np.maximum(seen.reshape(len(seen), -1) @ first + shift, 0)
    return np.asarray(hidden @ second, np.float32)


@functools.cache
def weights() -> tuple[Floats, Floats, Floats]:
    """(SIDE * SIDE, hidden), (hidden,), (hidden,)."""
    with resources.files("scanner.page").joinpath("letters.npz").open("rb") as file, np.load(file) as kept:
        scale = kept["scale"]
        return kept["first"] * scale[0], kept["shift"].astype(np.float32), kept["second"].astype(np.float32)
