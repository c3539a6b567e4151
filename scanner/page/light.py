"""How a page is lit, and the evening of it: grey paper becomes white, shadows go, what is drawn on it stays.

The paper is followed from where it is brightest over every small step of light, as a shadow has; not over sharp edges,
as print, stamps and photographs have. Where it is hidden by them its light is taken from around them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from scanner.page.look import to_grey
from scanner.page.model import Pixels, pixels

_BLOCK = 2.0
"""Millimetres: the grid on which light is known."""
_STEP = 0.05
"""Of its light: how much two neighbouring blocks of bare paper differ at most."""
_DARKEST = 0.35
"""Of the brightest paper: what is darker is no shadow on it."""
_TINT = 14
"""Levels between the channels: a paper with more has a colour of its own, and keeps it."""
_WHITE = 253
_SHADED = 236
"""Paper that is so light in its middle, and nearly everywhere at least so light, is left as it is."""
_DEEPER = 0.22
"""How much light tones are deepened, so that faint pencil is no fainter on white than it was on grey."""
_GREYEST = 90
"""Levels: no paper is darker; a page on which nothing is brighter is left as it is."""
Grid = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Light:
    """`paper`: (rows, columns) or (rows, columns, 3), the levels that bare paper has there and that become white."""

    paper: Pixels

    @property
    def level(self) -> float:
        """What bare paper has in the middle of all."""
        return float(np.median(self.paper))


def light_of(image: Pixels, dpi: float) -> tuple[Light, bool]:
    """The light on a small picture of a page, and whether it calls for evening."""
    if dpi > 110 and min(image.shape[:2]) > 1:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image, dpi = pixels(cv2.resize(image, half, interpolation=cv2.INTER_AREA)), dpi / 2
    block = max(1, round(_BLOCK * dpi / 25.4))
    rows, columns = max(1, image.shape[0] // block), max(1, image.shape[1] // block)
    # A block is as light as its light parts: letters fill no block, and noise is evened out first.
    even = image if min(image.shape[:2]) < 3 else cv2.blur(image, (3, 3))
    even = even[: rows * block, : columns * block] if image.shape[0] >= block and image.shape[1] >= block else even
    blocks = _lightest(pixels(even), rows, columns)
    grey = to_grey(blocks)
    bare = _bare(grey)
    if not bare.any():
        return Light(np.full_like(blocks, 255)), False
    surface = np.stack([_surface(one, bare) for one in _channels(blocks)], axis=-1)
    if surface.shape[-1] == 3:
        middle = np.median(surface[bare], axis=0)
        if middle.max() - middle.min() > _TINT:
            surface = np.repeat(surface.max(axis=2, keepdims=True), 3, axis=2)
    bright = surface.max(axis=2)[bare]
    called_for = bool(np.median(bright) < _WHITE or np.percentile(bright, 6) < _SHADED)
    # A little below the paper: its grain becomes white too.
    paper = np.clip(surface * 0.985, 1, 255).astype(np.uint8)
    return Light(paper[..., 0] if image.ndim == 2 else paper), called_for


def evened(strip: Pixels, light: Light, first: int, height: int) -> None:
    """Evens the light on `strip` in place: the rows from `first` on of a page that is `height` high."""
    rows = light.paper.shape[0]
    # The rows of the grid that the strip needs, enlarged as one enlarges the whole.
    at = np.arange(first, first + strip.shape[0], dtype=np.float32) + 0.5
    y = np.clip(at * (rows / height) - 0.5, 0, rows - 1)
    low = y.astype(np.intp)
    part = (y - low)[:, None] if light.paper.ndim == 2 else (y - low)[:, None, None]
    below = np.minimum(low + 1, rows - 1)
    narrow = light.paper[low] * (1 - part) + light.paper[below] * part
    paper = cv2.resize(
        np.rint(narrow).astype(np.uint8), (strip.shape[1], strip.shape[0]), interpolation=cv2.INTER_LINEAR
    )
    cv2.divide(strip, paper, dst=strip, scale=255.0)
    cv2.LUT(strip, _DEEPEN, dst=strip)


def _deepening() -> Pixels:
    tone = np.linspace(0, 1, 256)
    light = np.clip(tone, 0.5, 1)
    return np.rint(255 * (tone - 4 * _DEEPER * (light - 0.5) * (1 - light))).astype(np.uint8)


_DEEPEN = _deepening()


def _channels(blocks: Pixels) -> list[Pixels]:
    return [blocks] if blocks.ndim == 2 else [blocks[..., 0], blocks[..., 1], blocks[..., 2]]


def _lightest(even: Pixels, rows: int, columns: int) -> Pixels:
    """(rows, columns[, 3]): the level that a quarter of each block's pixels exceed."""
    high, wide = even.shape[0] // rows, even.shape[1] // columns
    even = even[: rows * high, : columns * wide]
    parts = even.reshape(rows, high, columns, wide, *even.shape[2:]).swapaxes(1, 2)
    flat = parts.reshape(rows, columns, high * wide, *even.shape[2:])
    keep = (high * wide * 3) // 4
    return np.ascontiguousarray(np.partition(flat, keep, axis=2)[:, :, keep])


def _bare(grey: Pixels) -> npt.NDArray[np.bool_]:
    """Which blocks are bare paper."""
    levels = cv2.medianBlur(grey, 3) if min(grey.shape) >= 3 else grey
    top = float(np.percentile(levels, 90))
    if top < _GREYEST:
        return np.zeros(grey.shape, bool)
    logs = np.log(np.maximum(levels, 1).astype(np.float32))
    reached = np.zeros((grey.shape[0] + 2, grey.shape[1] + 2), np.uint8)
    reached[1:-1, 1:-1] = levels < _DARKEST * top
    seeds = np.argwhere(levels >= 0.93 * top)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (2 << 8)
    for y, x in seeds[:: max(1, len(seeds) // 400)]:
        if reached[y + 1, x + 1] == 0:
            cv2.floodFill(logs, reached, (int(x), int(y)), 0.0, _STEP, _STEP, flags)
    bare = reached[1:-1, 1:-1] == 2
    # A block beside what is no paper has part of it.
    inner = cv2.erode(bare.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1).astype(bool)
    return inner if inner.any() else bare


def _surface(channel: Pixels, bare: npt.NDArray[np.bool_]) -> Grid:
    """The channel's level where paper is bare, and between, from ever farther around."""
    known = bare.astype(np.float32)
    values = channel.astype(np.float32) * known
    surface = np.zeros(channel.shape, np.float32)
    open_ = np.ones(channel.shape, bool)
    for across in (1.2, 3.0, 8.0, 24.0, 80.0):
        weight = cv2.GaussianBlur(known, (0, 0), across)
        level = cv2.GaussianBlur(values, (0, 0), across)
        here = open_ & (weight > 0.15)
        surface[here] = level[here] / weight[here]
        open_ &= ~here
        if not open_.any():
            return surface
    surface[open_] = float(np.median(channel[bare]))
    return surface
