"""Both faces of a small card on one A4 page, as large as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from scanner.page.model import Pixels, Scan, pixels
from scanner.page.prepare import prepare
from scanner.page.shape import ROWS

_A4 = (210.0, 297.0)
_APART = 20.0
"""Millimetres between the faces."""
_LARGEST = (180.0, 120.0)
"""Millimetres a face may have: an open passport still goes."""


@dataclass(frozen=True, eq=False)
class Laid:
    """Faces, each with the row and column of its upper left corner, on a page that nobody has in memory.

    `size`: its height and width.
    """

    size: tuple[int, int]
    dpi: float
    faces: tuple[tuple[int, int, Pixels], ...]

    def strips(self) -> Iterator[Pixels]:
        """The page from top to bottom, ROWS rows at a time."""
        height, width = self.size
        for first in range(0, height, ROWS):
            rows = min(ROWS, height - first)
            strip = np.full((rows, width, *self.faces[0][2].shape[2:]), 255, np.uint8)
            for y, x, face in self.faces:
                begin, end = max(y, first), min(y + len(face), first + rows)
                if begin < end:
                    strip[begin - first : end - first, x : x + face.shape[1]] = face[begin - y : end - y]
            yield strip


def lay(faces: Sequence[Scan], quarter_turns: int = 0) -> Laid:
    """The faces one above the other in the upper middle of a white A4 page; then that turned clockwise.

    At true size, at the finest resolution among them; grey if all are. A face that is larger than 180 mm x 120 mm (no
    card was found on the glass, say) is made as small as that.
    """
    dpi = max(face.dpi for face in faces)
    grey = all(face.grey for face in faces)
    width, height = round(_A4[0] * dpi / 25.4), round(_A4[1] * dpi / 25.4)
    drawn = [_at_size(face, dpi, grey) for face in faces]
    gap = round(_APART * dpi / 25.4)
    y = max(gap, (height // 2 - sum(len(face) for face in drawn) - gap) // 2)
    laid = []
    for face in drawn:
        laid.append((y, (width - face.shape[1]) // 2, face))
        y += len(face) + gap
    for _ in range(quarter_turns % 4):
        laid = [(x, height - y - len(face), np.rot90(face, -1)) for y, x, face in laid]
        width, height = height, width
    return Laid((height, width), dpi, tuple(laid))


def card(front: Scan, back: Scan) -> Scan:
    """Both faces, each made right first, on one page."""
    laid = lay([prepare(face).scan for face in (front, back)])
    return Scan(np.concatenate(list(laid.strips())), laid.dpi)


def _at_size(face: Scan, dpi: float, grey: bool) -> Pixels:
    wide, high = face.width / face.dpi * 25.4, face.height / face.dpi * 25.4
    most = _LARGEST if wide >= high else _LARGEST[::-1]
    scale = min(1.0, most[0] / wide, most[1] / high, _LARGEST[1] / high)
    size = max(1, round(wide * scale * dpi / 25.4)), max(1, round(high * scale * dpi / 25.4))
    drawn = face.pixels
    if size != (face.width, face.height):
        finer = size[0] > face.width
        drawn = pixels(cv2.resize(drawn, size, interpolation=cv2.INTER_CUBIC if finer else cv2.INTER_AREA))
    return drawn if grey or drawn.ndim == 3 else pixels(cv2.cvtColor(drawn, cv2.COLOR_GRAY2RGB))
